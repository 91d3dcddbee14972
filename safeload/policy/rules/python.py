"""Argument rules of Python's own callables: containers, numbers, dates and times, texts.

The same contract as :mod:`safeload.policy.rules`, whose ``RULES`` take these in.

Trust: all arguments and states are hostile.
Source: the ``__reduce__`` of each callable named here, in CPython; ``copyreg.py``, ``zoneinfo``.
"""

from __future__ import annotations

import re

from safeload.policy.rules.plain import is_plain
from safeload.policy.rules.rule import Rule
from safeload.scan.program import (
    Array,
    ArraySpan,
    Blob,
    Collection,
    Global,
    Mapping,
    ObjectToken,
    Token,
)
from safeload.scan.texts import text_of

__all__ = ["PYTHON_RULES"]


def _byte_string(built: ObjectToken) -> str | None:
    """Bytes that stand in the file; a length would be memory for the asking.

    ``bytearray(data)``; protocols 0 to 2 give text and its encoding instead, skops gives an array.
    """
    args = built.args
    if args == () or (type(args) is tuple and len(args) == 1 and isinstance(args[0], Blob | Array)):
        return None
    if type(args) is tuple and len(args) == 2 and type(args[0]) is str and args[1] == "latin-1":
        return None
    return "it is not made from bytes in the stream"


def _text_itself(built: ObjectToken) -> str | None:
    """Text that stands in the file; of bytes, a codec of the file's choice would make it.

    ``numpy.str_(text)``; skops gives an array of no dimensions.
    """
    if text_of(built) is not None and not built.states and not built.kwargs:
        return None
    return "it is not made from text in the file"


# As many digits as Python itself turns into a number without being asked twice.
_RATIO = re.compile(r"-?[0-9]{1,4300}(?:/[0-9]{1,4300})?", re.ASCII)


def _integers(built: ObjectToken) -> str | None:
    """Whole numbers; of a text such as ``1e999999999``, ``Fraction`` would compute the number.

    ``Fraction(numerator, denominator)``; before Python 3.11 ``Fraction("numerator/denominator")``.
    """
    args = built.args
    if type(args) is tuple and args and all(type(item) is int for item in args):
        return None
    if (
        type(args) is tuple
        and len(args) == 1
        and type(args[0]) is str
        and _RATIO.fullmatch(args[0])
    ):
        return None
    return "its arguments are not whole numbers"


def _one_integer(built: ObjectToken) -> str | None:
    """One whole number; with more, an enumeration would make a class."""
    args = built.args
    if (
        type(args) is tuple
        and len(args) == 1
        and type(args[0]) is int
        and built.kwargs is None
        and not built.states
    ):
        return None
    return "it is not made from one whole number"


# Arguments, such as the parts of a path; and characters or bytes of each.
_MOST_SCALARS, _LONGEST_SCALAR = 256, 5_000
_SCALARS = frozenset([type(None), bool, float, int])


def _scalars(built: ObjectToken) -> str | None:
    """Numbers, and texts and bytes of moderate length; skops gives an array of no dimensions."""
    if built.kwargs is not None or built.items or built.states:
        return "it is not made by a call alone"
    if len(built.args) <= _MOST_SCALARS and all(map(_is_scalar, built.args)):
        return None
    return "its arguments are neither numbers nor texts of moderate length"


def _is_scalar(token: Token) -> bool:
    kind = type(token)
    if kind is str:
        return len(token) <= _LONGEST_SCALAR
    if kind is Blob:
        size: int = token.size
        return size <= _LONGEST_SCALAR
    if kind is Array:
        return isinstance(token.span, ArraySpan) and token.span.shape == ()
    return kind in _SCALARS


_DECIMAL = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:E[+-][0-9]{1,6})?", re.ASCII)
_NO_NUMBER = re.compile(r"-?(?:Infinity|s?NaN[0-9]{0,99})", re.ASCII)


def _decimal(built: ObjectToken) -> str | None:
    """The text of a decimal number of moderate length, with an exponent of six digits at most.

    ``Decimal("1.50")``; who makes a whole number of it takes as much memory as it has digits.
    """
    args = built.args
    if (
        len(args) == 1
        and type(args[0]) is str
        and len(args[0]) <= _LONGEST_SCALAR
        and (_DECIMAL.fullmatch(args[0]) or _NO_NUMBER.fullmatch(args[0]))
        and not (built.kwargs or built.states or built.items)
    ):
        return None
    return "it is not made from the text of a decimal number"


# Whoever makes a list of a range asks for all its numbers at once.
_LONGEST_RANGE = 1_000_000


def _range_bounds(built: ObjectToken) -> str | None:
    """Whole numbers, and no more of them in the range than some million.

    ``range(start, stop, step)``.
    """
    args = built.args
    if len(args) not in (1, 2, 3) or not all(type(bound) is int for bound in args):
        return "a range is not made from whole numbers"
    if built.kwargs is not None or built.states or built.items:
        return "a range is not made the way pickle makes it"
    try:
        count = len(range(*args))
    except (OverflowError, ValueError):
        return "a range has bounds that no range has"
    return None if count <= _LONGEST_RANGE else "a range has more numbers than any model has"


# Numbers of all sizes; a text or a pointer is not among them.
_CODES = frozenset("bBhHiIlLqQfd")
_MACHINE_FORMATS = 22


def _machine_array(built: ObjectToken) -> str | None:
    """The letter of a type of numbers, and numbers in a list, or as bytes with their format.

    ``array("d", [1.0])``; from protocol 3 on ``_array_reconstructor(array, "d", 16, data)``.
    """
    args = built.args
    if built.kwargs is not None or built.states or built.items:
        return "an array is not made the way pickle makes it"
    if built.is_of("array", "_array_reconstructor"):
        if (
            len(args) == 4
            and isinstance(args[0], Global)
            and args[0].path == "array.array"
            and _is_code(args[1])
            and type(args[2]) is int
            and 0 <= args[2] < _MACHINE_FORMATS
            and isinstance(args[3], Blob)
        ):
            return None
    elif len(args) == 2 and _is_code(args[0]) and type(args[1]) is list:
        return None if all(type(item) in (int, float) for item in args[1]) else _NO_NUMBERS
    return "an array is not made the way pickle makes it"


def _is_code(token: Token) -> bool:
    return type(token) is str and token in _CODES


def _is_dated(built: ObjectToken) -> bool:
    """Whether all that its state says is what torch says of the modules of a model."""
    return all(type(state) is Mapping and state.form == ("_metadata",) for state in built.states)


_NO_NUMBERS = "an array is made from something other than numbers"
_LISTED = frozenset([tuple, list, Mapping, Collection])


def _container(built: ObjectToken) -> str | None:
    """What the file itself lists, and the factory of a ``defaultdict``; never an iterator.

    Made from any other object it would iterate over it, or call its methods, while loading. An
    ``OrderedDict`` of tensors keeps beside them which releases their modules are of.
    """
    args = built.args
    if built.states and not (built.is_of("collections", "OrderedDict") and _is_dated(built)):
        return "a container is not made the way pickle makes it"
    if built.is_of("collections", "defaultdict"):
        factory = args[0] if args else None
        known = isinstance(factory, Global) or factory is None
        if known or (isinstance(factory, ObjectToken) and factory.is_of("functools", "partial")):
            args = args[1:]
    if all(type(part) in _LISTED or part is None or type(part) is int for part in args):
        return None
    return "a container is not made from items that the file lists"


def _datetime(built: ObjectToken) -> str | None:
    """Plain data, time zones and durations.

    ``datetime(bytes, zone)`` and its like.
    """
    args = built.args
    if built.states:
        return "a datetime is not made the way pickle makes it"
    for part in args:
        zone = part.callable if isinstance(part, ObjectToken) else None
        if not is_plain(part) and not (
            isinstance(zone, Global) and zone.module in ("datetime", "pytz", "zoneinfo")
        ):
            return "a datetime is made from something that is not a time zone"
    return None


_ZONE = re.compile(r"[A-Za-z0-9_+-]{1,32}(?:/[A-Za-z0-9_+-]{1,32}){0,3}", re.ASCII)


def _zoneinfo_key(built: ObjectToken) -> str | None:
    """A key of the time zone database such as ``Europe/Paris``; never a path.

    ``ZoneInfo._unpickle(key, from_cache)``; skops writes ``ZoneInfo(key)``.
    """
    args = built.args
    more = 0 if built.is_of("zoneinfo", "ZoneInfo") else 1
    if (
        len(args) == 1 + more
        and type(args[0]) is str
        and _ZONE.fullmatch(args[0])
        and all(type(part) in (bool, int) for part in args[1:])
        and not built.kwargs
        and not built.states
    ):
        return None
    return "it is not a key of the time zone database"


_ABBREVIATION = re.compile(r"[A-Za-z0-9+-]{1,8}", re.ASCII)
_SECONDS_A_DAY = 86_400


def _pytz_zone(built: ObjectToken) -> str | None:
    """A key of the time zone database such as ``Europe/Paris``, with offsets and an abbreviation.

    ``pytz._p(key)`` or ``pytz._p(key, offset, saving, abbreviation)``, offsets in seconds.
    """
    args = built.args
    if len(args) not in (1, 4) or built.states:
        return "a time zone is not made the way pytz makes it"
    if type(args[0]) is not str or not _ZONE.fullmatch(args[0]):
        return "it is not a key of the time zone database"
    if len(args) == 4 and not (
        all(type(part) is int and abs(part) <= _SECONDS_A_DAY for part in args[1:3])
        and type(args[3]) is str
        and _ABBREVIATION.fullmatch(args[3])
    ):
        return "a time zone has offsets that no zone has"
    return None


def _namedtuple(built: ObjectToken) -> str | None:
    """The fields of a named tuple, each of which is judged in its own right."""
    if type(built.args) is tuple and built.kwargs is None and not built.states:
        return None
    return "a named tuple is not made the way pickle makes it"


def _result_tuple(built: ObjectToken) -> str | None:
    """The fields of a named tuple and attributes beside them, each judged in its own right.

    ``_make_tuple_bunch`` of scipy makes classes that are given both, the latter by keyword.
    """
    keywords = built.kwargs
    if type(built.args) is tuple and (
        keywords is None
        or (isinstance(keywords, Mapping) and all(type(key) is str for key in keywords.keys))
    ):
        return None
    return "a named tuple is not made the way pickle makes it"


PYTHON_RULES: dict[str, Rule] = {
    "byte_string": _byte_string,
    "text": _text_itself,
    "integers": _integers,
    "machine_array": _machine_array,
    "one_integer": _one_integer,
    "decimal": _decimal,
    "range_bounds": _range_bounds,
    "scalars": _scalars,
    "zoneinfo_key": _zoneinfo_key,
    "namedtuple": _namedtuple,
    "result_tuple": _result_tuple,
    "container": _container,
    "datetime": _datetime,
    "pytz_zone": _pytz_zone,
}
