"""Checkpoints of torch: what is accepted asks for nothing that was not reported and allowed.

The streams of an accepted file are run by the C and the Python unpickler on stubs, as torch would
run them: each where it begins, with something inert for every persistent identifier.
"""

from __future__ import annotations

from safeload.limits import Limits
from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.containers.torch import FORMATS, LEGACY
from safeload.scan.program import Program, Scan
from safeload.scan.scan import scan
from safeload.verdict import Verdict, verdict_of
from tests.builder import Name
from tests.checkpoints import (
    Record,
    checkpoint,
    legacy,
    parameter,
    pickled,
    sized,
    sparse,
    storage,
    tensor,
    with_state,
)
from tests.fuzz.target import Target, Violation, foreseen
from tests.scan.stubs import unpickle
from tests.torch_attacks import REFUSED

__all__ = ["TARGET"]

_LIMITS = Limits(bytes_out=1 << 22, ratio_floor=1 << 20)
_POLICY = Policy.default().for_format(LEGACY)
# The streams of the old form in the order of the file; the object's has no name.
_ORDER = ("magic_number", "protocol_version", "sys_info", "", "storage_keys")


def _examples() -> list[bytes]:
    places = tensor(storage(count=2, cls=Name("torch", "LongStorage")), (1, 2), (2, 1))
    values = {
        "weight": tensor(),
        "parameter": parameter(),
        "view": tensor(shape=(2,), strides=(2,), offset=1),
    }
    view = (storage(), 0, (4,), (1,), False, None)
    function = Name("torch._utils", "_rebuild_tensor_v2")
    packed = Record("archive/data.pkl", pickled(values), deflated=True)
    return [
        checkpoint(values),
        checkpoint(values, replaced={"data.pkl": packed}),
        checkpoint(with_state(function, view, {"name": "a"})),
        checkpoint(sparse("torch.sparse_coo", places, places, sized(4)), storages={"0": bytes(16)}),
        legacy({"weight": tensor(storage(legacy=True)), "step": 3}),
        *[attack("canary") for attack in REFUSED.values()],
    ]


def _check(data: bytes) -> None:
    scanned = scan(data, _LIMITS)
    findings = judge(scanned, Policy.default()).findings
    size = max(len(data), len(scanned.data), *(len(one.data) for one in scanned.programs), 0)
    foreseen(findings, size)
    if verdict_of(findings) is not Verdict.ACCEPT or scanned.format not in FORMATS:
        return
    for stream in _streams(scanned):
        for kind in ("c", "python"):
            run = unpickle(stream, kind, arrays=lambda identifier: None)
            hidden = {pair for pair in run.asked if _POLICY.get(*pair) is None} - _renamed(scanned)
            if hidden:
                raise Violation(f"the {kind} unpickler asks for {sorted(hidden)}")


def _streams(scanned: Scan) -> list[bytes]:
    """The bytes of each stream, as torch comes to them."""
    if scanned.format != LEGACY:
        return [bytes(program.data) for program in scanned.programs]
    found, position = [], 0
    for program in sorted(scanned.programs, key=lambda one: _ORDER.index(one.member)):
        found.append(bytes(scanned.data[position : position + program.size]))
        position += program.size
    return found


def _renamed(scanned: Scan) -> set[tuple[str, str]]:
    """Names as they are written that stand for names that were judged."""
    return {pair for program in scanned.programs for pair in _written(program)}


def _written(program: Program) -> set[tuple[str, str]]:
    found = {use.raw for use in program.globals if use.raw is not None}
    return found | {raw for raw, _, _ in program.aliases}


TARGET = Target(
    name="checkpoint",
    about="accepted checkpoints ask for nothing that was not reported",
    examples=_examples,
    check=_check,
    dictionary=(b"data.pkl", b"data/0", b"version", b"storage", b"FloatStorage", b"constants.pkl"),
)
