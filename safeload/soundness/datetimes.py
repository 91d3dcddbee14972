"""Dates and times of Python's own, which are pickled as the bytes they are kept in.

The constructor in C looks at the month alone. A date of the year 0 has a weekday below zero, whose
name is looked up all the same.

Trust: the bytes are hostile.
Source: CPython ``Modules/_datetimemodule.c`` (``date_from_pickle``, ``datetime_from_pickle``,
``time_from_pickle``, ``format_ctime``).
"""

from __future__ import annotations

from safeload.scan.program import Blob, Global, ObjectToken, Token
from safeload.soundness.states import UnsoundError, each

__all__ = ["check"]

_SIZES = {"date": 4, "time": 6, "datetime": 10}
_ENOUGH = 16
# The first bit of a month or an hour says which of two equal times it is.
_FOLD = 0x7F


@each
def check(built: ObjectToken) -> None:
    """``date(bytes)``, ``time(bytes, zone)``, ``datetime(bytes, zone)``: such as there can be."""
    args, target = built.args, built.callable
    first = args[0] if type(args) is tuple and args else None
    data = _bytes(first)
    if data is None or not isinstance(target, Global) or target.name not in _SIZES:
        # Numbers are looked at by the constructors.
        return
    if len(data) != _SIZES[target.name]:
        raise UnsoundError("bytes are not of the right number")
    day, clock = (data[:4], data[4:]) if target.name != "time" else (b"", data)
    if day and not (
        1 <= day[0] * 256 + day[1] <= 9999 and 1 <= day[2] & _FOLD <= 12 and 1 <= day[3] <= 31
    ):
        raise UnsoundError("bytes are not a valid date")
    if clock and not (
        clock[0] & _FOLD < 24
        and clock[1] < 60
        and clock[2] < 60
        and int.from_bytes(clock[3:], "big") < 1_000_000
    ):
        raise UnsoundError("bytes are not a valid time")


def _bytes(token: Token) -> bytes | None:
    """The first bytes, no fewer than tell whether there are too many."""
    if isinstance(token, Blob):
        return token.head[:_ENOUGH]
    # Python 2 wrote text in their place.
    return token[:_ENOUGH].encode("latin-1", "replace") if type(token) is str else None
