"""Bytes become other bytes: a few of them changed, blindly or opcode by opcode.

Blind changes mostly end in the first check that fails. Changes to whole opcodes, and numbers that
lie at an edge, get further.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from functools import lru_cache

__all__ = ["MOST", "bent", "exchanged", "nudged", "opcodes", "respelt"]

# Inputs are kept below so many bytes; what takes more is a matter of limits, not of parsing.
MOST = 1 << 14

_NUMBERS = (
    0,
    1,
    2,
    15,
    16,
    17,
    63,
    64,
    65,
    127,
    128,
    255,
    256,
    65_535,
    2**31 - 1,
    2**31,
    2**32 - 1,
)
_FORMS = ("<B", "<H", ">H", "<I", ">I", "<Q")
_TOKENS = b".0(tRbo}]N\x80\x81\x85\x8c\x93\x94\x95qhjcaesu\x90\x91\x92X"

# Bytes of argument that an opcode has: a number, the width of a length, or -1 for each line.
_FIXED = {
    **dict.fromkeys(b"Kqh\x80\x82", 1),
    **dict.fromkeys(b"M\x83", 2),
    **dict.fromkeys(b"Jrj\x84", 4),
    **dict.fromkeys(b"G\x95", 8),
}
_COUNTED = {
    **dict.fromkeys(b"U\x8cC\x8a", 1),
    **dict.fromkeys(b"TXB\x8b", 4),
    **dict.fromkeys(b"\x8d\x8e\x96", 8),
}
_LINES = {**dict.fromkeys(b"IFLSVPpg", 1), **dict.fromkeys(b"ci", 2)}


# Opcodes that take as much from the stack as each other and leave as much on it.
_ALIKE = (
    (b"N", b"\x88", b"\x89", b")", b"]", b"}", b"\x8f", b"K\x01", b"K\x10", b"M\x00\x01", b"h\x00",
     b"h\x01", b"I01\n", b"J\xff\xff\xff\xff", b"G" + bytes(8), b"\x8c\x01a", b"\x8c\x06latin1",
     b"C\x01b", b"Va\n", b"cbuiltins\ngetattr\n", b"ccopyreg\n_reconstructor\n",
     b"cnumpy\ndtype\n"),
    (b"R", b"\x81", b"\x86", b"b", b"a"),
    (b"\x87", b"\x92", b"s"),
    (b"t", b"l", b"d", b"\x91", b"o"),
    (b"e", b"u", b"\x90"),
    (b"\x94", b"\x85", b"q\x00", b"q\x01", b"r\x05\x00\x00\x00", b""),
)  # fmt: skip
_CLASS_OF = {part[0]: alike for alike in _ALIKE for part in alike if part} | {
    **dict.fromkeys(b"IFLSVKMJGTUXBC\x8a\x8b\x8c\x8d\x8e\x96cghj", _ALIKE[0]),
    **dict.fromkeys(b"pqr", _ALIKE[-1]),
}


@lru_cache(maxsize=2048)
def opcodes(data: bytes) -> tuple[bytes, ...]:
    """Cut a stream into opcodes with their arguments, as far as there are any.

    Args:
        data: The stream; what is none is cut into single bytes.
    """
    found, position, size = [], 0, len(data)
    while position < size:
        start, code = position, data[position]
        position += 1
        if code in _FIXED:
            position += _FIXED[code]
        elif code in _COUNTED:
            width = _COUNTED[code]
            length = int.from_bytes(data[position : position + width], "little")
            position += width + (length if length <= size - position else 0)
        elif code in _LINES:
            for _ in range(_LINES[code]):
                end = data.find(b"\n", position)
                position = end + 1 if end >= 0 else position
        found.append(data[start:position])
    return tuple(found)


def _parts(data: bytes, rng: random.Random) -> list[bytes]:
    """The opcodes, mostly without frames: what is changed within one no longer fits into it."""
    parts = opcodes(data)
    if rng.random() < 0.2:
        return list(parts)
    return [part for part in parts if part[0] != 0x95 or len(part) != 9]


def respelt(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """A stream with a few of its opcodes removed, repeated, exchanged or joined by others.

    Args:
        data: The stream.
        others: Streams to take opcodes from, at least one.
        rng: Where the choices come from.
    """
    parts = _parts(data, rng)
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(parts)) if parts else 0
        kind = rng.randrange(7)
        if kind == 0:
            del parts[place : place + rng.randint(1, 3)]
        elif kind == 1:
            parts[place:place] = parts[place : place + rng.randint(1, 4)]
        elif kind == 2:
            other = rng.randrange(len(parts)) if parts else 0
            parts[place : place + 1], parts[other : other + 1] = (
                parts[other : other + 1],
                parts[place : place + 1],
            )
        elif kind == 3:
            source = opcodes(rng.choice(others))
            start = rng.randrange(len(source)) if source else 0
            parts[place:place] = source[start : start + rng.randint(1, 6)]
        elif kind == 4:
            parts.insert(place, bytes([rng.choice(_TOKENS)]))
        elif kind == 5 and parts:
            parts[place] = bent(parts[place], others, rng)
        elif parts:
            # The rest of another stream, which brings its own STOP.
            source = opcodes(rng.choice(others))
            parts[place:] = source[rng.randrange(len(source)) if source else 0 :]
    return b"".join(parts)[:MOST]


def exchanged(data: bytes, rng: random.Random) -> bytes:
    """A stream in which a few opcodes gave way to others that take and leave as many values.

    Args:
        data: The stream; if nothing can be exchanged, it stays as it is.
        rng: Where the choices come from.
    """
    parts = _parts(data, rng)
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(parts)) if parts else 0
        alike = _CLASS_OF.get(parts[place][0]) if parts and parts[place] else None
        if alike is not None:
            others = [part for part in parts if part and _CLASS_OF.get(part[0]) is alike]
            parts[place] = rng.choice(others if rng.random() < 0.5 else alike)
    return b"".join(parts)[:MOST]


def nudged(data: bytes, rng: random.Random) -> bytes:
    """Bytes of which one or two are others.

    Args:
        data: Any bytes.
        rng: Where the choices come from.
    """
    out = bytearray(data)
    for _ in range(rng.randint(1, 2)):
        if out:
            place = rng.randrange(len(out))
            step = rng.choice((1, -1, 128, rng.randrange(256)))
            out[place] = (out[place] + step) % 256
    return bytes(out)


def bent(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Bytes with a few of them flipped, replaced, removed, doubled or taken from elsewhere.

    Args:
        data: Any bytes.
        others: Bytes to take some from, at least one.
        rng: Where the choices come from.
    """
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(out) + 1)
        kind = rng.randrange(8)
        if kind == 0 and place < len(out):
            out[place] ^= 1 << rng.randrange(8)
        elif kind == 1 and place < len(out):
            out[place] = rng.choice(_TOKENS)
        elif kind == 2 and place < len(out):
            out[place] = rng.randrange(256)
        elif kind == 3:
            form = rng.choice(_FORMS)
            most = 1 << 8 * struct.calcsize(form)
            number = struct.pack(form, rng.choice(_NUMBERS) % most)
            out[place : place + len(number)] = number
        elif kind == 4:
            out[place:place] = rng.randbytes(rng.randint(1, 8))
        elif kind == 5:
            del out[place : place + rng.randint(1, 16)]
        elif kind == 6:
            out[place:place] = out[place : place + rng.randint(1, 16)]
        else:
            other = rng.choice(others)
            start = rng.randrange(len(other) + 1)
            out[place : place + rng.choice((0, 8, 32))] = other[start : start + rng.randint(1, 32)]
    return bytes(out[:MOST])
