"""How opcodes read their arguments: numbers, lengths, lines and texts, as picklers write them.

Trust: arguments are hostile; every length is checked against the bytes there are.
Source: CPython ``Lib/pickletools.py`` (the table of opcodes) and ``Modules/_pickle.c``.
"""

from __future__ import annotations

import re
import struct

from safeload.scan.pickle.machine import Machine
from safeload.scan.pickle.malformed import MalformedError
from safeload.scan.runs import Buffer

__all__ = [
    "LAYOUTS",
    "decimal",
    "line",
    "line_span",
    "not_canonical",
    "number",
    "take",
    "text_within",
]

LAYOUTS = {form: struct.Struct(form) for form in ("<B", "<I", "<i", "<Q")}
_INTEGER = re.compile(rb"0|-?[1-9][0-9]*")


def number(m: Machine, form: str) -> int:
    """Step over a number, a key of ``LAYOUTS``, and return it."""
    layout = LAYOUTS[form]
    value: int = layout.unpack_from(m.data, m.position)[0]
    m.position += layout.size
    return value


def take(m: Machine, length: int) -> int:
    """Step over so many bytes and return where they begin."""
    start = m.position
    if not 0 <= length <= m.size - start:
        m.beyond(start)
    m.position = start + length
    return start


def line(m: Machine) -> bytes:
    """Step over a line and return it, without the line feed."""
    return bytes(m.data[slice(*line_span(m))])


def line_span(m: Machine) -> tuple[int, int]:
    """Step over a line and return where it begins and ends, without the line feed."""
    end = m.data.find(b"\n", m.position)
    if end < 0:
        raise MalformedError("SL201", "A line has no end.", m.position)
    start, m.position = m.position, end + 1
    return start, end


def text_within(
    data: Buffer, start: int, stop: int, encoding: str = "utf-8", errors: str = "surrogatepass"
) -> str:
    """Decode a text without a copy of its bytes, which may be as long as the file.

    Args:
        data: The member's bytes.
        start: Where the text begins, bytes.
        stop: Where it ends.
        encoding: How it is encoded.
        errors: As for ``bytes.decode``.

    Raises:
        UnicodeDecodeError: It is not encoded so.
    """
    with memoryview(data) as view, view[start:stop] as part:
        return str(part, encoding, errors)


def not_canonical(m: Machine) -> MalformedError:
    """The finding about a literal that was just read."""
    return MalformedError("SL211", "A literal is written as no pickler writes it.", m.position)


def decimal(m: Machine, text: bytes) -> int:
    """The integer that decimal digits stand for.

    Raises:
        MalformedError: They are too many, or not what a pickler writes.
    """
    if len(text) > m.limits.integer_digits or not _INTEGER.fullmatch(text):
        raise not_canonical(m)
    return int(text)
