"""Arrays by name, as ``numpy.savez`` writes them: a zip of ``.npy`` members becomes one program.

The program makes a dict of the arrays. An archive with compressed members is written anew with all
of them stored, so that arrays lie in one buffer. Other zips, and such as have more than one
reading, are no business of this module.

Trust: the bytes are hostile; the program permits nothing.
Source: numpy ``numpy/lib/_npyio_impl.py`` (``NpzFile``).
"""

from __future__ import annotations

import struct

from safeload.errors import printable
from safeload.scan.array_programs import array_at
from safeload.scan.containers.archive import ArchiveError, Member, read_archive
from safeload.scan.containers.nesting import Nesting
from safeload.scan.containers.npy import MAGIC
from safeload.scan.containers.unpack import extract, store
from safeload.scan.program import Array, Buffer, Mapping, Program, Scan
from safeload.scan.sequence import flat
from safeload.verdict import Finding

__all__ = ["read_npz"]

_SUFFIX = ".npy"


def read_npz(data: Buffer, nesting: Nesting) -> Scan | None:
    """Read an archive of arrays.

    Args:
        data: The whole file.
        nesting: Bounds; ``members`` and the budget apply.

    Returns:
        The scan, whose data is the archive with all members stored; None if something else is in
        the archive, or readers may disagree about what is.

    Raises:
        ArchiveError: It decompresses to too much.
    """
    try:
        members = read_archive(memoryview(data), nesting.limits, any_names=True)
        if not members or not all(name.endswith(_SUFFIX) for name in members):
            return None
        if any(name + _SUFFIX in members for name in members):
            # What its keys are called, and what is got by them, is not the same for numpy.
            return None
        contents = {
            name: extract(memoryview(data), member, nesting.unpacked)
            for name, member in members.items()
        }
    except ArchiveError as error:
        if error.rule != "SL302":
            raise
        return None
    if not all(content[: len(MAGIC)] == MAGIC for content in contents.values()):
        # What only has the name of one, numpy hands on as bytes.
        return None
    if any(member.method for member in members.values()):
        data = store(contents.items())
        nesting.work.grow(len(data))
        members = read_archive(memoryview(data), nesting.limits, any_names=True)
    program = Program("", data, size=len(data))
    program.root = Mapping()
    code = [b"}("]
    for name, member in members.items():
        nesting.work.check_time()
        _add(program, code, name, member, nesting)
    program.segments = [b"".join([*code, b"u."])]
    return Scan("npz", flat(program), [], data)


def _add(program: Program, code: list[bytes], name: str, member: Member, nesting: Nesting) -> None:
    """Let the program put the array of a member into its dict."""
    data = program.data
    part = array_at(data, member.offset, nesting, member=printable(name))
    key = name.removesuffix(_SUFFIX)
    text = key.encode()
    code.append(b"X" + struct.pack("<I", len(text)) + text + b"NQ")
    program.opcodes += 3
    if part.root is not None and isinstance(part.root, Array) and not part.globals:
        # Numbers and texts lie in the archive; there is no stream of their own to be run.
        program.arrays += part.arrays
    else:
        program.arrays.append(part)
    if not part.segments:
        program.findings += part.findings
    elif part.size != member.offset + member.size:
        message = "An array does not end where its member does."
        program.findings.append(Finding("SL305", message, printable(name), part.size))
    program.root += [key, part.root]
