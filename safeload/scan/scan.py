"""A file's bytes become a :class:`Scan`: which format, which streams, what they would do.

The format is told by content. A file that is one thing for one reader and another for the next is
read as both. What is in no format we read is INCOMPLETE with its reason.

Trust: the bytes are hostile; nothing is imported or run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import cast

from safeload.errors import printable
from safeload.limits import Limits
from safeload.placeholders import placeholder
from safeload.scan.arrays.form import WRAPPERS
from safeload.scan.bounds.budget import NO_MEMORY, OverLimitError
from safeload.scan.companions import OLD_JOBLIB, Companions, read_zfile
from safeload.scan.containers.archive import ArchiveError
from safeload.scan.containers.compressed import codec_of, decompress
from safeload.scan.containers.lenient import is_zfile, unpackings
from safeload.scan.containers.nesting import Members, Nesting, Packed, Siblings
from safeload.scan.containers.npy import MAGIC
from safeload.scan.containers.npz import read_npz
from safeload.scan.containers.sevenzips import archives_7z, is_7z, read_7z
from safeload.scan.containers.siblings import ArrayMembers
from safeload.scan.containers.skops.read import has_schema, holds_more, read_skops
from safeload.scan.containers.tars import behind_damage, end_of_files, following, is_tar, read_tar
from safeload.scan.containers.torch.checkpoint import read_checkpoint
from safeload.scan.containers.torch.legacy import is_legacy, read_legacy
from safeload.scan.containers.torch.recognise import is_checkpoint
from safeload.scan.containers.zips import (
    archive_within,
    behind,
    front,
    has_files_around,
    is_zip,
    read_zip,
)
from safeload.scan.contents import Contents, MemberScan
from safeload.scan.discovery import reason_to_skip
from safeload.scan.pickle.interpreter import interpret
from safeload.scan.pickle.lenient import Outcome, reach
from safeload.scan.program import Buffer, Scan
from safeload.scan.sequence import flat, read_sequence
from safeload.scan.weights.gguf import is_gguf, read_gguf
from safeload.scan.weights.hdf5 import is_hdf5, read_hdf5
from safeload.scan.weights.keras import is_configuration, read_configuration
from safeload.scan.weights.onnx import is_onnx, read_onnx
from safeload.scan.weights.others import read_other
from safeload.scan.weights.safetensors import is_safetensors, read_safetensors
from safeload.verdict import Finding

__all__ = ["scan"]

_PICKLE, _ZIP = b"\x80", b"PK"
_HEAD = 4096
_NAMING = (Outcome.NAME, Outcome.UNDECIDED)
_BYTES = "It holds the bytes of an array alone, or no pickle; joblib reads it with another file."
# What tells formats of weights, and what reads them.
_WEIGHTS: tuple[tuple[Callable[[Buffer], bool], Callable[[Buffer, Nesting], Scan]], ...] = (
    (is_safetensors, read_safetensors),
    (is_gguf, read_gguf),
    (is_onnx, read_onnx),
    (is_hdf5, read_hdf5),
    (is_configuration, read_configuration),
)
_Unpack = Callable[[Buffer, Nesting], Members]


def scan(data: Buffer, limits: Limits | None = None, beside: Siblings | None = None) -> Scan:
    """Say what a file would do when it is loaded.

    Args:
        data: The whole file.
        limits: Bounds on the work.
        beside: The files beside it, which joblib before 0.10 put arrays into; without them, such a
            file is not read in full.

    Returns:
        The scan. Whatever was not read or is malformed is among its findings, or among those of
        its members.
    """
    return _guarded(data, Nesting.of(limits or Limits(), len(data), beside))


def _guarded(data: Buffer, nesting: Nesting) -> Scan:
    try:
        scanned = _scan(data, nesting)
    except Exception as error:  # noqa: BLE001
        # Unforeseen by us is unread, not accepted, and no reason to leave other files unread.
        scanned = Scan("unknown", [], [_failure(error)], data)
    scanned.limits = nesting.limits
    scanned.budget = nesting.work
    scanned.members = Contents(partial(_checked, scanned.members))
    return scanned


def _failure(error: Exception) -> Finding:
    """What to say of a scan that did not come to its end."""
    if isinstance(error, OverLimitError):
        return Finding("SL002", str(error))
    if isinstance(error, ArchiveError):
        return Finding(error.rule, error.message, offset=error.offset)
    if isinstance(error, MemoryError):
        return Finding("SL002", NO_MEMORY)
    return Finding("SL008", f"The scan failed: {type(error).__name__}. Please report it.")


def _scan(data: Buffer, nesting: Nesting) -> Scan:
    head = bytes(data[:_HEAD])
    instead = placeholder(head, len(data))
    if instead is not None:
        return _unread(data, "SL001", instead)
    if is_zfile(head):
        return _zfile(data, nesting)
    found = _together([_attempt(read) for read in _readers(data, head, nesting)], data)
    if _is_mistaken(found) and (start := behind_damage(data)) is not None:
        # Some readers go on to the next header.
        rest = cast("Buffer", memoryview(data)[start:])
        found = _archive(rest, "tar", read_tar, nesting)
        found.findings.append(Finding("SL302", "A damaged header begins the archive."))
    return found


def _attempt(read: Callable[[], Scan]) -> Scan:
    """A reading, or why there is none."""
    try:
        return read()
    except Exception as error:  # noqa: BLE001  # as for a whole file
        return Scan("unknown", [], [_failure(error)], b"")


def _readers(data: Buffer, head: bytes, nesting: Nesting) -> Iterator[Callable[[], Scan]]:
    """Who takes the file for one of theirs, whoever looks at its first bytes first."""
    begins_as_zip, begins_as_tar = head.startswith(_ZIP), is_tar(data)
    weights = [read for is_one, read in _WEIGHTS if is_one(data)]
    # The length that tensors begin with may look like the first opcode of a pickle.
    marks = (MAGIC,) if weights else (MAGIC, _PICKLE)
    codec = codec_of(head)
    if codec is not None:
        yield partial(_compressed, data, codec, nesting)
    elif head.startswith(marks) or (not begins_as_zip and _is_stream(data)):
        # Protocols 0 and 1 have no mark of their own, so what they are is told by how far an
        # unpickler gets.
        yield partial(read_legacy if is_legacy(head) else read_sequence, data, nesting)
    for read in weights:
        yield partial(read, data, nesting)
    other = read_other(data)
    if other is not None:
        yield lambda: other
    if begins_as_tar:
        yield partial(_archive, data, "tar", read_tar, nesting)
    elif following(memoryview(data)[: front(data)], 0) is not None:
        damaged = Finding("SL302", "A damaged tar stands in front of a zip.")
        yield lambda: Scan("tar", [], [damaged], data)
    # What lies in a tar or a zip is read when that file's turn comes.
    first = end_of_files(data) if begins_as_tar else behind(data) if begins_as_zip else 0
    for start in (0,) if is_7z(data) else archives_7z(data, first):
        yield partial(_archive, data, "7z", partial(read_7z, start=start), nesting)
    # A zip that is a file of a tar is read when that file's turn comes.
    if is_zip(data) and not (begins_as_tar and not is_zip(data, end_of_files(data))):
        yield from _readers_of_zip(data, nesting)


def _readers_of_zip(data: Buffer, nesting: Nesting) -> Iterator[Callable[[], Scan]]:
    # Most readers take an archive that something stands in front of.
    whole = archive_within(data)
    if has_files_around(data):
        # Who reads a stream finds those, and so does who goes by another directory.
        yield partial(_archive, data, "zip", read_zip, nesting)
    if has_schema(whole):
        more = holds_more(whole)
        yield partial(_skops, whole, nesting, alone=not more)
        if not more:
            return
    if is_checkpoint(whole):
        yield partial(read_checkpoint, whole, nesting)
    else:
        yield lambda: _npz(whole, data, nesting) or _archive(data, "zip", read_zip, nesting)


def _npz(whole: Buffer, data: Buffer, nesting: Nesting) -> Scan | None:
    scanned = read_npz(whole, nesting)
    if scanned is not None:
        # numpy takes none that something stands in front of.
        scanned.single = len(whole) == len(data)
    return scanned


def _skops(data: Buffer, nesting: Nesting, *, alone: bool) -> Scan:
    scanned = read_skops(data, nesting.limits, nesting.work)
    if not alone and not scanned.programs and scanned.findings[0].rule in ("SL303", "SL304"):
        # Others call a file so, too.
        return _unread(data, "SL001", "Its schema is none of skops.")
    return scanned


def _archive(data: Buffer, form: str, unpack: _Unpack, nesting: Nesting) -> Scan:
    members = Contents(partial(_members, data, unpack, nesting))
    return Scan(form, [], [], data, members=members, single=False)


def _together(readings: list[Scan], data: Buffer) -> Scan:
    """The first reading of a file, with all that the others find as further members."""
    known = [reading for reading in readings if not _is_mistaken(reading)] or readings
    if not known:
        return _unread(data, "SL001", "Its format is not recognised.")
    first, *others = known
    for reading in known:
        reading.members = Contents(partial(_checked, reading.members))
    if others:
        also = [MemberScan(f"as {other.format}", other) for other in others]
        first.members = Contents(partial(chain, first.members, also))
    return first


def _is_mistaken(reading: Scan) -> bool:
    """Whether a reader found that the file is none of its own."""
    rules = {finding.rule for finding in reading.findings}
    return reading.format == "unknown" and rules == {"SL001"} and not reading.programs


def _checked(members: Iterable[MemberScan]) -> Iterator[MemberScan]:
    """Members up to the first that cannot be had, which becomes a finding."""
    try:
        yield from members
    except Exception as error:  # noqa: BLE001  # as for a whole file
        yield MemberScan("", Scan("unknown", [], [_failure(error)], b""))


def _members(data: Buffer, unpack: _Unpack, nesting: Nesting) -> Iterator[MemberScan]:
    """The files of an archive, each scanned when it is asked for."""
    models = 0
    arrays = ArrayMembers(lambda: unpack(data, nesting))
    for one in unpack(data, nesting):
        member = _member(one, nesting, arrays)
        if member is not None:
            models += member.scan is not None
            yield member
    if not models:
        message = "It holds nothing in which an unpickler finds a name to import."
        yield MemberScan("", Scan("unknown", [], [Finding("SL001", message)], b""))


def _member(packed: Packed, nesting: Nesting, arrays: ArrayMembers) -> MemberScan | None:
    """A file of an archive; None for a folder."""
    path = printable(packed.path, limit=_HEAD)
    name = packed.path.replace("\\", "/").rpartition("/")[2]
    if packed.findings and not packed.data:
        # It was not read, or is not a file but what is wrong with the archive.
        return MemberScan(path, Scan("unknown", [], [*packed.findings], b""))
    if not name and not packed.data:
        return None
    reason = reason_to_skip(name, packed.data)
    if reason is None or is_configuration(packed.data):
        within = nesting.within(len(packed.data), arrays.beside(packed.path))
        scanned = _guarded(packed.data, within)
        scanned.findings = [*packed.findings, *scanned.findings]
        return MemberScan(path, scanned)
    if packed.findings:
        # What is wrong with it counts, although it is not a model.
        return MemberScan(path, Scan("unknown", [], [*packed.findings], packed.data))
    return MemberScan(path, None, reason)


def _compressed(data: Buffer, codec: str, nesting: Nesting) -> Scan:
    unpacked, findings = decompress(data, codec, nesting.limits, nesting.work)
    nesting.unpacked.take(len(unpacked))
    rules = {finding.rule for finding in findings}
    if "SL001" in rules:
        # It only begins so. A pickle can, too: opcodes are letters as well.
        if _is_stream(data):
            return read_sequence(data, nesting)
        if _comes_out(data):
            # It does not only begin so: readers hand on what comes before the damage.
            return Scan(f"joblib+{codec}", [], findings, data)
        return Scan("unknown", [], findings, data)
    if reach(data).outcome in _NAMING:
        both = "It is a compressed stream, and for an unpickler a pickle that names something."
        return Scan("unknown", [], [Finding("SL301", both)], data)
    if "SL003" in rules:
        return Scan("unknown", [], findings, data)
    if "SL002" in rules:
        # What came out ends where the limit was, so nothing can be said of it.
        return Scan(f"joblib+{codec}", [], findings, data)
    within = nesting.within(len(unpacked), nesting.beside)
    within.work.bound_density(len(data), nesting.limits)
    inner = _scan(unpacked, within)
    known = {"unknown": "unknown", "pickle": f"joblib+{codec}", "joblib": f"joblib+{codec}"}
    inner.format = known.get(inner.format, f"{inner.format}+{codec}")
    inner.findings = [*findings, *inner.findings]
    return inner


def _zfile(data: Buffer, nesting: Nesting) -> Scan:
    """What joblib compressed before 0.10, which nothing else reads: one pickle."""
    content, findings = read_zfile(data, nesting.limits, nesting.work)
    nesting.unpacked.take(len(content))
    if not findings and not _is_stream(content):
        findings = [Finding("SL004", _BYTES)]
    if findings:
        return Scan("joblib+zfile", [], findings, data)
    within = nesting.within(len(content), nesting.beside)
    within.work.bound_density(len(data), nesting.limits)
    companions = Companions(within)
    program = interpret(content, limits=within.limits, budget=within.work, companions=companions)
    form = OLD_JOBLIB if companions.asked else "joblib"
    scanned = Scan(f"{form}+zfile", flat(program), [], content)
    if any((use.module, use.name) in WRAPPERS for use in program.globals):
        # What joblib reads such files with knows no arrays between opcodes.
        message = "An array lies between the opcodes, where joblib before 0.10 wrote none."
        scanned.findings.append(Finding("SL210", message))
    return scanned


def _comes_out(data: Buffer) -> bool:
    """Whether any decompressor makes something of some bytes."""
    return any(map(any, unpackings(data)))


def _is_stream(data: Buffer) -> bool:
    """Whether an unpickler would get to a name in some bytes, or to their end."""
    found = reach(data)
    return found.outcome in _NAMING or found.whole


def _unread(data: Buffer, rule: str, message: str) -> Scan:
    return Scan("unknown", [], [Finding(rule, message)], data)
