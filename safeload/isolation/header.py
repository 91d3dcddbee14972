"""The JSON of a message as a dict, after a look at how deep it is and how long its numbers are.

The reader of JSON is compiled code that nobody can interrupt, and that recurs as deeply as the
program allows Python to. It is given only what it reads in a time that grows with the length.

Trust: the text is hostile, and not longer than was agreed.
"""

from __future__ import annotations

import json
import sys
from itertools import accumulate
from typing import Any

__all__ = ["GarbledError", "read_header"]

# Values nest fifty lists deep, within the few that describe them.
_NESTING = 200
# CPython's own bound, which a program may have lifted: reading takes the square of the digits.
_DIGITS = 4_300
_OTHERS = bytes(sorted(set(range(256)) - set(b'"[{]}')))
_STEP = [(byte in b"[{") - (byte in b"]}") for byte in range(256)]
_PIECE = 1 << 16


class GarbledError(ValueError):
    """The message is none; the text says why, in a clause."""


def read_header(text: bytearray) -> dict[str, Any]:
    """Read the object.

    Args:
        text: What should be JSON in ASCII.

    Returns:
        The object.

    Raises:
        GarbledError: It is none, or nests too deeply.
    """
    if _depth(text) > _NESTING:
        raise GarbledError("it nests without end")
    lifted = not 0 < sys.get_int_max_str_digits() <= _DIGITS
    try:
        header = json.loads(text.decode("ascii"), parse_int=_whole if lifted else None)
    except (ValueError, RecursionError) as error:
        raise GarbledError("it is not JSON") from error
    if type(header) is not dict:
        raise GarbledError("it is not a JSON object")
    return header


def _depth(text: bytearray) -> int:
    """How deep lists and objects nest; at most, where they are few."""
    few = text.count(b"[") + text.count(b"{")
    if few <= _NESTING:
        return few
    # Without escapes every second quote ends a string. Two side by side hold nothing, or have
    # nothing between them.
    marks = text.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _OTHERS)
    marks = marks.replace(b'""', b"")
    within, depth, deepest = 0, 0, 0
    for start in range(0, len(marks), _PIECE):
        parts = marks[start : start + _PIECE].split(b'"')
        steps = map(_STEP.__getitem__, b"".join(parts[within::2]))
        depths = list(accumulate(steps, initial=depth))
        within ^= (len(parts) - 1) & 1
        depth, deepest = depths[-1], max(deepest, *depths)
    return deepest


def _whole(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError("a number is too long")
    return int(digits)
