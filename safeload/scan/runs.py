"""Stretches of opcodes that are recognised as a whole.

Four idioms make up most of the opcodes of large models: the thousand pairs of a batch of a
vocabulary; joblib's array wrapper and, in pickles, the call that makes an array of bytes, each
written again for every array; and the attributes of one estimator after another, which are mostly
constants and what the memo holds. A regular expression knows their bytes, so that their effect on
the machine is applied at once instead of opcode by opcode. What it matches has exactly the effect
that :mod:`safeload.scan.pickle.interpreter` would have given it; what it does not match, the
interpreter reads.

Trust: a match proves the form of the opcodes; names, types and lengths are checked as ever.
Source: ``_batch_setitems`` of CPython's ``pickle.py``; joblib ``NumpyPickler.save``; numpy
``array_reduce_ex_picklebuffer``.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

__all__ = [
    "ARGUMENTS",
    "INTEGER",
    "SHAPE",
    "STRETCH",
    "WRAPPER",
    "Buffer",
    "Run",
    "begins_with_pairs",
    "count_pairs",
    "number_of",
    "shape_of",
    "short_text",
]

# What a file's bytes are kept in.
Buffer = bytes | bytearray | mmap.mmap

_BATCH = 1000

_INTEGER = b"(?:K.|M..|J....)"

# A whole number that stands alone.
INTEGER = re.compile(_INTEGER, re.DOTALL)
_GET = b"(?:h.|j....)"
SHAPE = b"\\)|%(int)s\x85\x94|%(int)s{2}\x86\x94|%(int)s{3}\x87\x94" % {b"int": _INTEGER}

# BINGET and constants, each of which pushes one value and does no more; not many, because they may
# be looked at again if the second of them does more after all.
STRETCH = re.compile(b"(?:h.|K.|N|[\x88\x89]|G.{8}){4,64}+", re.DOTALL)
# Behind the bytes that an array is made of: MEMOIZE, its dtype, its shape and its order, recalled
# all but the shape; TUPLE, MEMOIZE, REDUCE, MEMOIZE.
ARGUMENTS = re.compile(
    b"\x94(%(get)s)(%(shape)s)(%(get)s)t\x94R\x94" % {b"get": _GET, b"shape": SHAPE}, re.DOTALL
)

# NEWOBJ of the wrapper (whose BINGET was just read), then its state: everything up to the shape,
# the shape, and everything behind it. Only the shape differs from array to array.
WRAPPER = re.compile(
    b"(\\)\x81\x94}\x94\\(%(get)s%(get)s%(get)s)"
    b"(%(shape)s)(%(get)s%(get)s%(get)s%(get)s%(get)s[\x88\x89](?:%(get)sK.)?ub)"
    % {b"get": _GET, b"shape": SHAPE},
    re.DOTALL,
)


class Run:
    """The pairs of a vocabulary that were stepped over; they are decoded if anybody asks.

    Args:
        data: The member's bytes.
        start: First byte of the first pair.
        stop: First byte behind the last.
        first: Memo index of the first key.
        count: How many pairs.
    """

    __slots__ = ("count", "data", "first", "start", "stop")

    def __init__(self, data: Buffer, start: int, stop: int, first: int, count: int) -> None:
        self.data = data
        self.start = start
        self.stop = stop
        self.first = first
        self.count = count

    def pairs(self) -> Iterator[tuple[str, int]]:
        """Keys and values in order."""
        for match in _pairs().one.finditer(self.data, self.start, self.stop):
            pair = match[0]
            end = 2 + pair[1]
            yield pair[2:end].decode("ascii"), number_of(pair[end + 1 :])


def count_pairs(data: Buffer, start: int, end: int) -> tuple[int, int]:
    """Match pairs of a short string and an integer, all memoised.

    Args:
        data: The member's bytes.
        start: Where the first pair begins.
        end: Where the frame or the bytes end.

    Returns:
        The number of pairs and where they end; ``(0, start)`` if there are none.
    """
    pairs = _pairs()
    full = pairs.batch.match(data, start, end)
    if full is not None:
        return _BATCH, full.end() - 1
    match = pairs.any.match(data, start, end)
    if match is None:
        return 0, start
    return len(pairs.one.findall(data, start, match.end())), match.end()


def begins_with_pairs(data: Buffer, position: int) -> bool:
    """Whether pairs may begin somewhere, by the first two.

    The attributes of models are dicts as well, there are many of them, and they seldom do.

    Args:
        data: The member's bytes.
        position: Where.
    """
    for _ in range(2):
        length = data[position + 1 : position + 2]
        if data[position : position + 1] != b"\x8c" or not length:
            return False
        position += 3 + length[0]
        width = _SIZES.get(int.from_bytes(data[position : position + 1]))
        if width is None:
            return False
        position += 1 + width
    return True


class _Pairs(NamedTuple):
    """What recognises pairs of a short text and a whole number.

    Attributes:
        one: A pair.
        batch: As many as a writer puts into one SETITEMS, and that.
        any: One and all that follow.
    """

    one: re.Pattern[bytes]
    batch: re.Pattern[bytes]
    any: re.Pattern[bytes]


@cache
def _pairs() -> _Pairs:
    # SHORT_BINUNICODE and its text by its length, the commonest lengths first; MEMOIZE. ASCII only,
    # so that no text is stepped over which is none.
    lengths = sorted(range(256), key=lambda length: abs(length - 7))
    text = b"\x8c(?:%s)\x94" % b"|".join(
        re.escape(bytes([length])) + b"[\x00-\x7f]{%d}" % length for length in lengths
    )
    pair = text + _INTEGER
    # Possessive, so that no state is kept for a way back. Most models have no vocabulary, and
    # compiling these takes as long as auditing five small ones.
    return _Pairs(
        re.compile(pair, re.DOTALL),
        re.compile(b"(?:%s){%d}+u" % (pair, _BATCH), re.DOTALL),
        re.compile(b"(?:%s)++" % pair, re.DOTALL),
    )


def short_text(data: Buffer, position: int) -> tuple[str, int] | None:
    """The text that SHORT_BINUNICODE and MEMOIZE stand for, and where they end.

    Args:
        data: The member's bytes.
        position: Where they begin.

    Returns:
        None if there is something else, or another text than ASCII.
    """
    if data[position : position + 1] != b"\x8c":
        return None
    stop = position + 2 + int.from_bytes(data[position + 1 : position + 2], "little")
    text = data[position + 2 : stop]
    if data[stop : stop + 1] != b"\x94" or not text.isascii():
        return None
    return text.decode("ascii"), stop + 1


def number_of(code: bytes) -> int:
    """The whole number that an opcode stands for: BININT1, BININT2 or BININT."""
    return int.from_bytes(code[1:], "little", signed=code[0] == 0x4A)


@lru_cache(maxsize=4096)
def shape_of(code: bytes) -> tuple[int, ...]:
    """The tuple that the opcodes of a shape stand for.

    Args:
        code: What the second group of :data:`WRAPPER` or :data:`ARGUMENTS` matched.

    Returns:
        The shape.
    """
    lengths, position = [], 0
    while position < len(code) - 1:
        size = _SIZES.get(code[position])
        if size is None:
            break
        stop = position + 1 + size
        lengths.append(number_of(code[position:stop]))
        position = stop
    return tuple(lengths)


_SIZES = {0x4B: 1, 0x4D: 2, 0x4A: 4}
