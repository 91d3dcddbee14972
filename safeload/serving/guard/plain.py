"""Which small pickles hold nothing but plain values, told in one pass and without an unpickler?

Programs unpickle small dicts of text and numbers all the time, from queues and caches of theirs.
Opcodes that name, call, build or refer to something outside are the whole danger of a pickle; what
is left makes ``None``, numbers, text, bytes, lists, dicts, tuples and sets. Of streams of those
opcodes alone, with short arguments, regular expressions recognise the whole: a match from the first
byte to the last proves that there is no other opcode in it.

Some such streams still cost more than they weigh. A list that holds another one twice, which holds
a third one twice, takes exponential time to go through, and such a tuple to hash. So streams with
tuples fetch nothing from the memo, and others a few times at most. Tuples are freed and hashed by
recursion, so there may be few enough of them for any stack. Large numbers, long texts and places
far up in the memo are left to the scan, which counts what they cost.

Trust: the bytes are hostile; nothing is made of them here. What matches is safe to be given to any
unpickler.
Source: CPython ``pickletools.py``, the table of opcodes.
"""

from __future__ import annotations

import re
from functools import cache

__all__ = ["is_plain"]

# Bytes. Keys of a dict that collide on purpose cost the square of their number.
_LARGEST = 16 << 10
_FETCHES, _TUPLES = 8, 200

# PROTO, and a FRAME behind it.
_BEGIN = rb"\x80[\x02-\x05](?:\x95.{6}\x00\x00)?"


def is_plain(data: bytes | bytearray | memoryview) -> bool:
    """Whether a pickle is small and holds nothing but plain values.

    Args:
        data: One stream, from its first byte to its STOP.

    Returns:
        True only if it does; False may also be said of one that is larger than fits here.
    """
    if len(data) > _LARGEST:
        return False
    fetching, with_tuples = _forms()
    return bool(fetching.fullmatch(data) or with_tuples.fullmatch(data))


@cache
def _forms() -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    values = b"|".join(
        [
            # MEMOIZE; None, True, False; MARK and empty containers; what fills them.
            rb"[\x94N\x88\x89(\]})\x8fsuae\x90]",
            rb"[Kq].",  # BININT1, BINPUT
            rb"M..",  # BININT2
            rb"J.{4}",  # BININT
            rb"G.{8}",  # BINFLOAT
            rb"\x8c(?:%b)" % _counted(),  # SHORT_BINUNICODE
            rb"C(?:%b)" % _counted(),  # SHORT_BINBYTES
            rb"X(?:%b)" % _counted(rb"\x00\x00\x00"),  # BINUNICODE
            rb"\x8a(?:%b)" % _counted(largest=8),  # LONG1
        ]
    )
    tuple_of = rb"[t\x85\x86\x87\x91]"  # TUPLE, TUPLE1 to TUPLE3, FROZENSET
    return _stream(values, rb"h.", _FETCHES), _stream(values, tuple_of, _TUPLES)


def _stream(values: bytes, other: bytes, most: int) -> re.Pattern[bytes]:
    """A stream of values, with another opcode between them some times at most."""
    form = rb"%b(?:%b)*+(?:%b(?:%b)*+){0,%d}+\." % (_BEGIN, values, other, values, most)
    return re.compile(form, re.DOTALL)


def _counted(more: bytes = b"", *, largest: int = 255) -> bytes:
    """A number of bytes, in one byte that ``more`` may follow, and as many bytes."""
    return b"|".join(
        re.escape(bytes([count])) + more + b".{%d}" % count for count in range(largest + 1)
    )
