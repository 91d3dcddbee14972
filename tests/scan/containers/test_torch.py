"""Checkpoints of torch are read as torch reads them, and refused where readers disagree."""

from __future__ import annotations

import gzip
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

import safeload
from safeload.errors import LoadError, RefusedError
from safeload.limits import Limits
from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.scan import scan
from safeload.verdict import Verdict, verdict_of
from tests.builder import Name, Pickle, Value
from tests.checkpoints import (
    FLOATS,
    Record,
    archive,
    checkpoint,
    legacy,
    pickled,
    storage,
    tensor,
)
from tests.scan.streams import mutations
from tests.torch_attacks import REFUSED

LEGITIMATE = checkpoint({"weight": tensor(), "step": 3})
OLD = legacy({"weight": tensor(storage(legacy=True)), "step": 3})
ACCEPT, INCOMPLETE, REFUSE = Verdict.ACCEPT, Verdict.INCOMPLETE, Verdict.REFUSE


def found(data: bytes, limits: Limits | None = None) -> tuple[Verdict, set[str]]:
    """The verdict on a file, and the rules that say why."""
    findings = judge(scan(data, limits), Policy.default()).findings
    return verdict_of(findings), {finding.rule for finding in findings}


def _with(name: str, **fields: Any) -> bytes:
    """The legitimate checkpoint with some fields of a record replaced."""
    contents = {"data.pkl": pickled({"weight": tensor(), "step": 3}), "data/0": FLOATS}
    record = Record(f"archive/{name}", contents[name])
    return checkpoint({"weight": tensor(), "step": 3}, replaced={name: replace(record, **fields)})


def _end(data: bytes, **fields: int) -> bytes:
    """A file with some fields of its end record replaced."""
    places = {"count": (10, "<H"), "size": (12, "<L"), "start": (16, "<L")}
    changed = bytearray(data)
    for name, value in fields.items():
        place, form = places[name]
        struct.pack_into(form, changed, len(data) - 22 + place, value)
    return bytes(changed)


SAME: dict[str, bytes] = {
    "as torch writes it": LEGITIMATE,
    "with records that are compressed": checkpoint(
        {"weight": tensor(), "step": 3},
        replaced={
            name: Record(f"archive/{name}", content, deflated=True)
            for name, content in {
                "data.pkl": pickled({"weight": tensor(), "step": 3}), "data/0": FLOATS,
            }.items()
        },
    ),
    "without CRCs, as torch writes it if told so": _with("data.pkl", crc=0),
    "with folders of their own": archive(
        [
            Record("archive/", b"", attributes=0x10), Record("archive/data.pkl", pickled(tensor())),
            Record("archive/data/", b""), Record("archive/data/0", FLOATS),
            Record("archive/version", b"3\n"),
        ]
    ),
    "under a name of other letters": checkpoint(tensor(), folder="modèle"),
    "with its version elsewhere": checkpoint(
        tensor(), replaced={"version": Record("archive/.data/version", b"3\n")}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_a_checkpoint_is_accepted(name: str) -> None:
    data = SAME[name]

    assert scan(data).format == "torch"
    assert found(data) == (ACCEPT, set())


def test_a_checkpoint_in_the_old_form_is_accepted() -> None:
    assert scan(OLD).format == "torch-legacy"
    assert found(OLD) == (ACCEPT, set())


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_every_protocol_is_read(protocol: int) -> None:
    stream = Pickle(protocol, framed=True).save({"weight": tensor()}).finish()

    assert found(checkpoint(pickle=stream)) == (ACCEPT, set())


FORGED: dict[str, tuple[bytes, str]] = {
    "two records of one name": (
        checkpoint(tensor(), further=[Record("archive/data/0", FLOATS)]), "SL302",
    ),
    "two that differ in case": (
        checkpoint(tensor(), further=[Record("ARCHIVE/data/0", FLOATS)]), "SL302",
    ),
    "no folder": (archive([Record("data.pkl", b"N."), Record("a/data.pkl", b"N."),
                           Record("a/version", b"3")]), "SL302"),
    "a member outside of the folder": (
        checkpoint(tensor(), further=[Record("readme.txt", b"hello")]), "SL302",
    ),
    "a zero in a name": (checkpoint(tensor(), further=[Record("archive/a\0b", b"")]), "SL302"),
    "a backslash in a name": (checkpoint(tensor(), further=[Record("archive/a\\b", b"")]), "SL302"),
    "another local name": (_with("data.pkl", local_name="archive/data.txt"), "SL302"),
    "an encrypted record": (_with("data/0", flags=0x0809), "SL302"),
    "a patch": (_with("data/0", flags=0x0828), "SL302"),
    "a record marked as a folder": (_with("data/0", attributes=0x10), "SL302"),
    "two sizes": (_with("data/0", size=15), "SL302"),
    "a compressed record of another size": (_with("data/0", size=17, deflated=True), "SL306"),
    "a compressed pickle of another size": (_with("data.pkl", size=999, deflated=True), "SL302"),
    "bytes between members": (_with("data.pkl", behind=b"x" * 16), "SL302"),
    "bytes before the first": (checkpoint(tensor(), prefix=b"PK\x03\x04" + b"\0" * 60), "SL302"),
    "a comment": (checkpoint(tensor(), comment=b"hello"), "SL302"),
    "another directory": (_end(LEGITIMATE, start=0), "SL302"),
    "a directory of another size": (_end(LEGITIMATE, size=10), "SL302"),
    "another number of members": (_end(LEGITIMATE, count=1), "SL302"),
    "no storage": (checkpoint(tensor(), storages={}), "SL306"),
    "a storage that is too short": (checkpoint(tensor(), storages={"0": FLOATS[:-1]}), "SL306"),
    "a storage that is too long": (checkpoint(tensor(), storages={"0": FLOATS + b"\0"}), "SL306"),
    "a storage of two types": (
        checkpoint([tensor(), tensor(storage(cls=Name("torch", "IntStorage")))]), "SL306",
    ),
    "a storage of two lengths": (checkpoint([tensor(), tensor(storage(count=2))]), "SL306"),
    "a negative storage": (checkpoint(tensor(storage(count=-1))), "SL306"),
    "a storage beyond all memory": (checkpoint(tensor(storage(count=1 << 62))), "SL306"),
    "a storage of another class": (
        checkpoint(tensor(storage(cls=Name("posix", "FloatStorage")))), "SL207",
    ),
    "a storage without a name": (checkpoint(tensor(storage(key=0))), "SL207"),
    "a storage of something else": (checkpoint(tensor(storage(cls=None))), "SL207"),
    "an identifier of another kind": (
        checkpoint(lambda p: p.save(("module", Name("torch", "Tensor"), "", "")).binpersid()),
        "SL207",
    ),
    "an identifier that is not a tuple": (checkpoint(lambda p: p.save("0").binpersid()), "SL207"),
    "an identifier as text": (checkpoint(lambda p: p.persid("0")), "SL207"),
    "bytes behind the pickle": (checkpoint(pickle=pickled(1) + b"\0", storages={}), "SL202"),
    "an array of joblib's": (
        checkpoint(lambda p: p.array(b"N0", dtype="|u1", alignment=None), storages={}), "SL215",
    ),
    "a storage that gets a state": (checkpoint(lambda p: p.save(storage(), {}).build()), "SL104"),
    "a storage that is called": (checkpoint(lambda p: p.call(storage(), 1)), "SL107"),
    "a storage that is a key": (checkpoint({"a": {storage(): 1}}), "SL111"),
}  # fmt: skip
OLD_FORGED: dict[str, tuple[bytes, str]] = {
    "another version": (legacy(1, storages={}, begin=(pickled(0x1950A86A20F9469CFC6C), pickled(1),
                                                      pickled({}))), "SL306"),
    "no storage": (legacy(tensor(storage(legacy=True)), storages={}), "SL306"),
    "a storage of no tensor": (legacy(1), "SL306"),
    "a key twice": (legacy(tensor(storage(legacy=True)), keys=pickled(["0", "0"])), "SL306"),
    "keys that are not a list": (legacy(tensor(storage(legacy=True)), keys=pickled("0")), "SL306"),
    "a storage of another length": (
        legacy(tensor(storage(legacy=True)), counts={"0": 3}), "SL306",
    ),
    "a storage without an end": (OLD[:-1], "SL212"),
    "bytes behind the last storage": (OLD + b"\0", "SL202"),
    "an identifier of the newer form": (legacy(tensor()), "SL207"),
    "a tar archive as well": (b"", "SL302"),
}  # fmt: skip


def _as_tar(data: bytes) -> bytes:
    """A file whose first bytes are the header of a tar archive as well."""
    block = bytearray(data[:512].ljust(512, b"\0"))
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + data[512:]


# A text of zeros, which numbers of the header may be, is where they stand.
_BEGIN = Pickle(2).save("\0" * 600).pop()
OLD_FORGED["a tar archive as well"] = (
    _as_tar(
        legacy(
            1,
            storages={},
            begin=(pickled(0x1950A86A20F9469CFC6C), _BEGIN.save(1001).finish(), pickled({})),
        )
    ),
    "SL302",
)


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_checkpoint_is_refused(name: str) -> None:
    data, rule = FORGED[name]

    verdict, rules = found(data)

    assert scan(data).format == "torch"
    assert verdict is REFUSE
    assert rule in rules


@pytest.mark.parametrize("name", OLD_FORGED)
def test_a_forged_checkpoint_in_the_old_form_is_refused(name: str) -> None:
    data, rule = OLD_FORGED[name]

    verdict, rules = found(data)

    assert scan(data).format == "torch-legacy"
    assert verdict is REFUSE
    assert rule in rules


@pytest.mark.parametrize("name", REFUSED)
def test_an_attack_is_refused(name: str) -> None:
    assert found(REFUSED[name]("canary"))[0] is REFUSE


UNREAD: dict[str, bytes] = {
    "a record that torch does not read": checkpoint(
        tensor(), further=[Record("archive/extra/notes.txt", b"hello")]
    ),
    "a storage that no tensor has": checkpoint(tensor(), storages={"0": FLOATS, "1": FLOATS}),
    "a TorchScript program": checkpoint(
        lambda p: p.object_(Name("__torch__.net", "Net"), state={"weight": tensor()}),
        further=[
            Record("archive/constants.pkl", pickled(())),
            Record("archive/code/__torch__/net.py", b"class Net(Module):\n", deflated=True),
        ],
    ),
    "a part of a storage, of torch before 0.4": legacy(
        lambda p: p.save(
            ("storage", Name("torch", "FloatStorage"), "0", "cpu", 4, ("1", 0, 2))
        ).binpersid()
    ),
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_is_not_read_is_said_to_be_so(name: str) -> None:
    assert found(UNREAD[name]) in [(INCOMPLETE, {"SL001"}), (INCOMPLETE, {"SL001", "SL002"})]


def test_a_whole_model_is_refused_with_the_way_out() -> None:
    state = {"_parameters": {"weight": tensor()}, "training": False}
    linear = Name("torch.nn.modules.linear", "Linear")

    findings = judge(
        scan(checkpoint(lambda p: p.object_(linear, state=state))), Policy.default()
    ).findings

    assert [finding.rule for finding in findings] == ["SL101"]
    assert "state_dict" in findings[0].message


@pytest.mark.parametrize(
    ("data", "isolated"),
    [(LEGITIMATE, False), (OLD, False), (gzip.compress(LEGITIMATE), False), (LEGITIMATE, True)],
    ids=["archive", "legacy", "compressed", "isolated"],
)
def test_a_checkpoint_is_not_loaded(data: bytes, isolated: bool, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(data)

    with pytest.raises(LoadError) as caught:
        safeload.load_unsigned(path, isolated=isolated)

    assert caught.value.code == "audited-only"
    assert caught.value.hint is not None
    assert "weights_only" in caught.value.hint


def test_a_checkpoint_that_is_refused_is_so_when_it_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(REFUSED["a call in data.pkl"](str(tmp_path / "canary")))

    with pytest.raises(RefusedError):
        safeload.load_unsigned(path)

    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize(
    "value", [Name("torch", "float32"), lambda p: p.call(Name("torch", "Size"), (1,))]
)
def test_names_of_torch_are_for_its_checkpoints_alone(value: Value) -> None:
    assert found(checkpoint(value, storages={})) == (ACCEPT, set())
    assert found(pickled(value)) == (REFUSE, {"SL101"})


def test_limits_bound_a_checkpoint() -> None:
    packed = checkpoint(
        pickle=b"",
        replaced={"data.pkl": Record("archive/data.pkl", b"N" * 100_000 + b".", deflated=True)},
        storages={},
    )
    tight = Limits(ratio=1, ratio_floor=1_000)

    assert found(packed, tight) == (INCOMPLETE, {"SL002"})
    assert found(LEGITIMATE, Limits(members=3)) == (INCOMPLETE, {"SL002"})


@settings(max_examples=60, deadline=None)
@given(mutations([LEGITIMATE, OLD]))
def test_any_bytes_end_in_a_verdict(data: bytes) -> None:
    verdict, _ = found(data)

    assert verdict in Verdict


def test_no_changed_byte_of_an_archives_frame_is_accepted_for_another_reading() -> None:
    """A byte that tells readers apart is refused; what is left is dates and CRCs."""
    end = len(LEGITIMATE) - len(LEGITIMATE[LEGITIMATE.index(b"PK\x01\x02") :])
    free = 0
    for place in range(end, len(LEGITIMATE)):
        changed = bytearray(LEGITIMATE)
        changed[place] ^= 0x01
        free += found(bytes(changed))[0] is ACCEPT
    members = 7
    # Version made by and needed, time, date, CRC, internal and most of the external attributes; of
    # the flags what says nothing about the bytes, and in the end records the versions.
    assert free <= members * (4 + 4 + 4 + 2 + 4 + 2) + 4
