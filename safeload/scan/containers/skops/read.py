"""A skops file: a zip with a schema becomes the globals and objects that loading it would make.

skops trusts some types by default and reports only the others. Here every name that loading would
resolve is listed, with how it is used, in the same tokens as the pickle machine makes, so that one
policy judges both formats.

A file with compressed members is written anew with all members stored. Whoever loads
``Scan.data`` runs what was scanned, and nothing is decompressed a second time.

Trust: the bytes are hostile, and nothing named in them is imported. The Program has no code; it
describes what :func:`safeload.loading.skops.load_skops` would do and permits nothing.
Source: skops ``io/_persist.py`` (``load``), ``io/_utils.py`` (``read_schema``).
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Mapping
from typing import Any

from safeload.errors import printable
from safeload.limits import Limits
from safeload.scan.bounds.budget import OverLimitError, WorkBudget, over
from safeload.scan.containers.archive import ArchiveError, Member, read_archive
from safeload.scan.containers.skops.nodes import LOADERS
from safeload.scan.containers.skops.walk import Walk
from safeload.scan.containers.unpack import Budget, extract, store
from safeload.scan.json_objects import json_object
from safeload.scan.program import Buffer, Program, Scan
from safeload.verdict import Finding

__all__ = ["has_schema", "holds_more", "read_skops", "trusted_names"]

_SCHEMA = "schema.json"
# What skops writes beside it: bytes, an array, or a sparse matrix.
_SUFFIXES = (".bin", ".npy", ".npz")
_NEWEST_PROTOCOL = 2
# An end record and the longest comment; a directory of so many members as Limits allows.
_TAIL = 22 + 65_535
_DIRECTORY = 64 * 1024 * 1024


class _SchemaError(Exception):
    """The schema cannot be walked; the text is the finding's message."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


def has_schema(data: Buffer | memoryview) -> bool:
    """Whether bytes look like a zip archive with a member ``schema.json``.

    Args:
        data: Any bytes.

    Returns:
        True if ``zipfile`` might find such a member; :func:`read_skops` decides.
    """
    view = memoryview(data)
    tail_start = max(0, len(view) - _TAIL)
    end = bytes(view[tail_start:]).rfind(b"PK\x05\x06")
    if end < 0 or len(view) - tail_start - end < 22:
        return False
    end += tail_start
    size = min(struct.unpack_from("<L", view, end + 12)[0], _DIRECTORY)
    # The zip64 records lie between directory and end record.
    start = max(0, end - size - 76)
    directory = bytes(view[start:end])
    name = _SCHEMA.encode()
    found = directory.find(name)
    while found >= 0:
        entry = found - 46
        if (
            entry >= 0
            and directory[entry : entry + 4] == b"PK\x01\x02"
            and (directory[entry + 28 : entry + 30] == struct.pack("<H", len(name)))
        ):
            return True
        found = directory.find(name, found + 1)
    return False


def holds_more(data: Buffer) -> bool:
    """Whether an archive with a schema holds what skops does not write.

    Args:
        data: The archive.

    Returns:
        False as well for an archive that has more than one reading, which :func:`read_skops` says.
    """
    try:
        members = read_archive(memoryview(data), Limits())
    except ArchiveError:
        return False
    return not all(name == _SCHEMA or name.endswith(_SUFFIXES) for name in members)


def read_skops(data: Buffer | memoryview, limits: Limits, work: WorkBudget | None = None) -> Scan:
    """Describe what loading a skops file would do.

    Args:
        data: The whole file.
        limits: Bounds on it.
        work: What it may still cost; all there is unless given.

    Returns:
        A scan with one program, or with none and the finding that says why. ``Scan.data`` is the
        archive to load: the file's own bytes, or a copy of them with all members stored.
    """
    source = _buffer(data)
    budget = Budget(limits, len(source))
    work = work or WorkBudget(limits, len(source))
    packed = len(source)
    try:
        source, members = _uncompressed(source, limits, budget, work)
        if len(source) > packed:
            work.grow(len(source) - packed)
        schema = _read_schema(source, members, limits, packed)
    except ArchiveError as problem:
        return Scan("skops", [], [_finding(problem.rule, problem.message, problem.offset)], source)
    except _SchemaError as problem:
        return Scan("skops", [], [_finding(problem.rule, str(problem), None, _SCHEMA)], source)
    walk = Walk(
        source,
        members,
        protocol=schema["protocol"],
        limits=limits,
        budget=budget,
        work=work,
        loaders=LOADERS,
    )
    program = _walk(walk, schema)
    program.size = len(source)
    return Scan("skops", [program], _unread(walk), source)


def _buffer(data: Buffer | memoryview) -> Buffer:
    """What a view shows, without a copy if it shows all of it."""
    if not isinstance(data, memoryview):
        return data
    if isinstance(data.obj, bytes | bytearray | mmap.mmap) and len(data.obj) == data.nbytes:
        return data.obj
    return data.tobytes()


def _uncompressed(
    source: Buffer, limits: Limits, budget: Budget, work: WorkBudget
) -> tuple[Buffer, dict[str, Member]]:
    view = memoryview(source)
    members = read_archive(view, limits)
    contents = []
    for name, member in members.items():
        work.check_time()
        contents.append((name, extract(view, member, budget)))
    if any(member.method for member in members.values()):
        source = store(contents)
        members = read_archive(memoryview(source), limits)
    return source, members


def _read_schema(
    source: Buffer, members: Mapping[str, Member], limits: Limits, packed: int
) -> dict[str, Any]:
    member = members.get(_SCHEMA)
    if member is None:
        raise _SchemaError("SL302", "The archive has no schema.json.")
    if member.size > limits.schema_bytes:
        raise _SchemaError("SL002", over("The schema is too large.", "schema_bytes"))
    raw = bytes(source[member.offset : member.offset + member.size])
    # What the parser makes takes many times the memory, and its parts are begun or parted by these.
    if sum(map(raw.count, (b"{", b"[", b","))) > max(limits.density_floor, limits.density * packed):
        raise _SchemaError(
            "SL002",
            over("The schema has too many objects or arrays for the size of the file.", "density"),
        )
    schema = _parse(raw)
    protocol = schema.get("protocol")
    if type(protocol) is not int or protocol < 0:
        raise _SchemaError("SL304", "The schema has no protocol number.")
    if protocol > _NEWEST_PROTOCOL:
        raise _SchemaError("SL007", "The file is written by a newer skops, in another protocol.")
    return schema


def _parse(raw: bytes) -> dict[str, Any]:
    try:
        return json_object(raw)
    except ValueError as error:
        raise _SchemaError("SL303", f"The schema is {error}.") from error


def _walk(walk: Walk, schema: dict[str, Any]) -> Program:
    try:
        walk.program.root = walk.node(schema)
        walk.shape.check(walk.program.opcodes)
    except OverLimitError as problem:
        walk.note("SL002", str(problem))
    except RecursionError:
        walk.note("SL002", "The nodes of the schema are nested too deeply.")
    except ArchiveError as problem:
        # An archive within the archive, over a limit.
        walk.note(problem.rule, problem.message)
    return walk.finish()


def _unread(walk: Walk) -> list[Finding]:
    """What lies in the archive for another purpose than the schema's."""
    if walk.program.findings:
        return []
    return [
        _finding("SL302", f"No node refers to the member {printable(name)}.", member.offset, name)
        for name, member in list(walk.members.items())[: walk.limits.findings]
        if name not in walk.read and name != _SCHEMA
    ]


def _finding(rule: str, message: str, offset: int | None, member: str = "") -> Finding:
    return Finding(rule, message, member, offset)


def trusted_names(program: Program) -> list[str]:
    """The names that skops must be told to trust in order to load what a program describes.

    Args:
        program: The program of a skops file, every global of which the policy has allowed.

    Returns:
        Sorted names such as ``"sklearn.tree._tree.Tree"``; for a bound method its owner's class
        and its own name, for a bit generator the name under ``numpy.random``.
    """
    return sorted({use.path for use in program.globals if use.path != "builtins.getattr"})
