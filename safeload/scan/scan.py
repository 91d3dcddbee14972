"""A file's bytes become a :class:`Scan`: which format, which streams, what they would do.

The format is told by content. What is in no format we read is INCOMPLETE with its reason.

Trust: the bytes are hostile; nothing is imported or run.
"""

from __future__ import annotations

from dataclasses import replace

from safeload.limits import Limits
from safeload.scan.bounds.budget import OverLimitError, WorkBudget
from safeload.scan.containers.compressed import codec_of, decompress
from safeload.scan.containers.lenient import is_zfile
from safeload.scan.containers.skops.read import has_schema, read_skops
from safeload.scan.pickle.interpreter import interpret
from safeload.scan.pickle.lenient import Outcome, reach
from safeload.scan.placeholders import placeholder
from safeload.scan.program import Buffer, Program, Scan
from safeload.verdict import Finding

__all__ = ["scan"]

_PICKLE = b"\x80"
_HEAD = 4096
# Bytes that have to come out of a compressed stream to know that it is one.
_PROBE = 1 << 16
_NAMING = (Outcome.NAME, Outcome.UNDECIDED)
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_ZFILE = "It was written by joblib before 0.10, which needs companion files."
_UNREAD = (
    (b"\x93NUMPY", "SL001", "It is a numpy .npy file, not a model."),
    (b"\x89HDF", "SL001", "It is an HDF5 file, which safeload does not read."),
)


def scan(data: Buffer, limits: Limits | None = None) -> Scan:
    """Say what a file would do when it is loaded.

    Args:
        data: The whole file.
        limits: Bounds on the work.

    Returns:
        The scan. Whatever was not read or is malformed is among its findings.
    """
    limits = limits or Limits()
    budget = WorkBudget(limits, len(data))
    try:
        scanned = _scan(data, limits, budget)
    except OverLimitError as problem:
        scanned = _unread(data, "SL002", str(problem))
    except MemoryError:
        scanned = _unread(data, "SL002", "Reading it needs more memory than there is.")
    except Exception as error:  # noqa: BLE001
        # Unforeseen by us is unread, not accepted, and no reason to leave other files unread.
        reason = f"The scan failed: {type(error).__name__}. Please report it."
        scanned = _unread(data, "SL008", reason)
    scanned.limits = limits
    scanned.budget = budget
    return scanned


def _scan(data: Buffer, limits: Limits, budget: WorkBudget) -> Scan:
    head = bytes(data[:_HEAD])
    instead = placeholder(head, len(data))
    if instead is not None:
        return _unread(data, "SL001", instead)
    if is_zfile(head):
        return _unread(data, "SL004", _ZFILE)
    for prefix, rule, message in _UNREAD:
        if head.startswith(prefix):
            return _unread(data, rule, message)
    if head.startswith(_ZIP):
        if has_schema(data):
            return read_skops(data, limits, budget)
        return _unread(data, "SL001", "It is a zip archive without a skops schema.")
    codec = codec_of(head)
    if codec is None:
        return _stream(data, limits, budget)
    return _compressed(data, codec, limits, budget)


def _compressed(data: Buffer, codec: str, limits: Limits, budget: WorkBudget) -> Scan:
    unpacked, findings = decompress(data, codec, limits, budget)
    rules = {finding.rule for finding in findings}
    if "SL001" in rules:
        # It only begins so. A pickle can, too: opcodes are letters as well.
        scanned = _stream(data, limits, budget)
        return Scan("unknown", [], findings, data) if scanned.format == "unknown" else scanned
    if reach(data).outcome in _NAMING:
        both = "It is a compressed stream, and for an unpickler a pickle that names something."
        return Scan("unknown", [], [Finding("SL301", both)], data)
    if "SL003" in rules:
        return Scan("unknown", [], findings, data)
    if "SL002" in rules:
        # What came out ends where the limit was, so nothing can be said of it.
        return Scan(f"joblib+{codec}", [], findings, data)
    if _is_compressed(unpacked, limits):
        return _unread(data, "SL001", "It is compressed more than once, which joblib never does.")
    budget.grow(len(unpacked))
    budget.bound_density(len(data), limits)
    inner = _stream(unpacked, limits, budget)
    form = "unknown" if inner.format == "unknown" else f"joblib+{codec}"
    return Scan(form, inner.programs, [*findings, *inner.findings], unpacked)


def _stream(data: Buffer, limits: Limits, budget: WorkBudget) -> Scan:
    if data[:1] != _PICKLE:
        # Protocols 0 and 1 have no mark of their own, so what they are is told by how far an
        # unpickler gets.
        outcome, _, whole = reach(data)
        if outcome not in _NAMING and not whole:
            return _unread(data, "SL001", "It is in no format that safeload reads.")
    program = interpret(data, limits=limits, budget=budget)
    return Scan("joblib" if program.arrays else "pickle", _flat(program), [], data)


def _is_compressed(data: Buffer, limits: Limits) -> bool:
    """Whether what came out of a compressed stream is another one, and no pickle."""
    codec = codec_of(bytes(data[:16]))
    if codec is None:
        return False
    _, findings = decompress(data, codec, replace(limits, bytes_out=_PROBE))
    return all(finding.rule != "SL001" for finding in findings)


def _flat(program: Program) -> list[Program]:
    programs = [program]
    for array in program.arrays:
        if isinstance(array, Program):
            programs.extend(_flat(array))
    return programs


def _unread(data: Buffer, rule: str, message: str) -> Scan:
    return Scan("unknown", [], [Finding(rule, message)], data)
