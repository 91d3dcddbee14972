"""Argument rules of single values of pandas and of the names of its types: dates, spans, periods.

The same contract as :mod:`safeload.policy.rules`. Their constructors parse texts, at a cost that
grows with the square of their length, and take objects of any class for something to convert. What
pandas writes is a number and a unit, a frequency or a time zone.

Trust: all arguments and states are hostile.
Source: ``__reduce__`` in pandas ``_libs/tslibs/period.pyx``, ``timestamps.pyx``,
``timedeltas.pyx``, ``nattype.pyx``, ``_libs/interval.pyx``, ``core/dtypes/dtypes.py``,
``core/arrays/string_.py``; numpy ``_core/_internal.py``.
"""

from __future__ import annotations

from safeload.policy.rules.plain import is_numpy
from safeload.policy.rules.rule import Rule
from safeload.scan.program import Global, Mapping, ObjectToken, Token, Use

__all__ = ["PANDAS_VALUE_RULES", "is_frequency", "is_time_zone"]

_OTHER = "it is not made the way pandas makes it"
# A count, a frequency and the ends of its years, such as ``2QS-JAN`` or ``1D1h``.
_LONGEST = 40
_ZONES = frozenset(["datetime", "dateutil", "pytz", "zoneinfo"])
_OFFSETS = "pandas._libs.tslibs.offsets"
# numpy's numbers for seconds to nanoseconds.
_UNITS = frozenset([7, 8, 9, 10])
_CLOSED = frozenset(["both", "left", "neither", "right"])
_NUMBERS = frozenset([bool, float, int])
# What makes a time or a span of pandas.
_MAKERS = frozenset(
    [
        ("pandas._libs.tslibs.timedeltas", "_timedelta_unpickle"),
        ("pandas._libs.tslibs.timestamps", "_unpickle_timestamp"),
    ]
)
_STORAGES = frozenset([None, "python", "pyarrow", "pyarrow_numpy"])


def is_frequency(token: Token) -> bool:
    """Whether a token is a frequency: an offset of pandas, or a short text.

    Args:
        token: Any token.
    """
    if type(token) is str:
        return len(token) <= _LONGEST
    target = token.callable if isinstance(token, ObjectToken) else None
    return isinstance(target, Global) and target.module == _OFFSETS


def is_time_zone(token: Token) -> bool:
    """Whether a token is a time zone, or the short name of one.

    Args:
        token: Any token.
    """
    if type(token) is str:
        return len(token) <= _LONGEST
    target = token.callable if isinstance(token, ObjectToken) else None
    return isinstance(target, Global) and target.module.partition(".")[0] in _ZONES


def _pandas_period(built: ObjectToken) -> str | None:
    """A frequency and the number of the period; of a text, pandas would try every date format.

    ``Period(None, frequency, number)``.
    """
    args = built.args
    if (
        len(args) == 3
        and args[0] is None
        and is_frequency(args[1])
        and _is_word(args[2])
        and _is_all(built)
    ):
        return None
    return _OTHER


def _pandas_interval(built: ObjectToken) -> str | None:
    """Two numbers, times or spans, and which of them belong to it.

    ``Interval(left, right, closed)``.
    """
    args = built.args
    if (
        len(args) == 3
        and all(map(_is_bound, args[:2]))
        and type(args[2]) is str
        and args[2] in _CLOSED
        and _is_all(built)
    ):
        return None
    return _OTHER


def _pandas_time(built: ObjectToken) -> str | None:
    """A number, a unit, and of a time a frequency and a time zone.

    ``_unpickle_timestamp(value, freq, tz, reso)``, ``_timedelta_unpickle(value, reso)``. Of older
    releases ``Timestamp(value, freq, tz)``, ``Timedelta(value)``.
    """
    args = built.args
    if not args or not _is_word(args[0]) or not _is_all(built):
        return _OTHER
    if isinstance(built.callable, Global) and built.callable.name == "Timedelta":
        return None if len(args) == 1 else _OTHER
    if built.is_of("pandas._libs.tslibs.timedeltas", "_timedelta_unpickle"):
        return None if len(args) == 2 and _is_unit(args[1]) else _OTHER
    if len(args) not in (3, 4) or not all(map(_is_unit, args[3:])):
        return _OTHER
    frequency, zone = args[1:3]
    if (frequency is None or is_frequency(frequency)) and (zone is None or is_time_zone(zone)):
        return None
    return _OTHER


def _pandas_nat(built: ObjectToken) -> str | None:
    """Nothing, or None: there is one such value.

    ``_nat_unpickle(None)``.
    """
    return None if built.args in ((), (None,)) and _is_all(built) else _OTHER


def _pandas_type_name(built: ObjectToken) -> str | None:
    """The short name of a type; of a type of texts, how they are kept and what is missing.

    ``PeriodDtype("period[M]")``, of an offset before pandas 2; ``StringDtype(storage, na_value)``,
    or with these in its state; ``_convert_to_stringdtype_kwargs(coerce, na_object)``.
    """
    args, target = built.args, built.callable
    if isinstance(target, Global) and target.name == "StringDtype":
        return None if _is_type_of_texts(built) else _OTHER
    if not _is_all(built):
        return _OTHER
    if built.is_of("numpy._core._internal", "_convert_to_stringdtype_kwargs"):
        known = len(args) in (1, 2) and type(args[0]) in (bool, int) and all(map(_is_na, args[1:]))
        return None if known else _OTHER
    return None if len(args) == 1 and is_frequency(args[0]) else _OTHER


def _is_type_of_texts(built: ObjectToken) -> bool:
    """Whether a type of texts says how they are kept, and what is missing, and nothing else."""
    args = built.args
    if built.use is Use.CONSTRUCT and args == () and len(built.states) == 1:
        # So pandas 1.3 to 2.2 writes it.
        state = built.states[0]
        if type(state) is not Mapping or state.form not in (("storage",), ("storage", "_na_value")):
            return False
        args = tuple(state.values)
    elif not _is_all(built):
        return False
    if len(args) > 2 or not all(map(_is_na, args[1:])):
        return False
    return all((kept is None or type(kept) is str) and kept in _STORAGES for kept in args[:1])


# The most days that a calendar leaves out.
_MOST_PARTS = 100_000


def _pandas_offset(built: ObjectToken) -> str | None:
    """A count, flags and short names; durations, times of the day, and days in a tuple.

    ``BusinessHour(n, normalize, (start,), (end,), offset)`` and its like.
    """
    if built.kwargs is not None or built.states or built.items:
        return _OTHER
    for part in built.args:
        parts = part if type(part) is tuple else (part,)
        if len(parts) > _MOST_PARTS or not all(map(_is_of_offset, parts)):
            return _OTHER
    return None


def _is_of_offset(token: Token) -> bool:
    if type(token) is str:
        return len(token) <= _LONGEST
    if type(token) is int:
        return _is_word(token)
    target = token.callable if isinstance(token, ObjectToken) else None
    dated = isinstance(target, Global) and target.module == "datetime"
    return token is None or type(token) in _NUMBERS or dated or _is_bound(token)


def _is_all(built: ObjectToken) -> bool:
    """Whether it is given arguments by place and nothing else."""
    return built.kwargs is None and not built.states and not built.items


def _is_word(token: Token) -> bool:
    """Whether a token is a number of 64 bits."""
    return type(token) is int and -(2**63) <= token < 2**63


def _is_unit(token: Token) -> bool:
    return type(token) is int and token in _UNITS


def _is_bound(token: Token) -> bool:
    if type(token) in _NUMBERS:
        return True
    target = token.callable if isinstance(token, ObjectToken) else None
    made = isinstance(target, Global) and (target.module, target.name) in _MAKERS
    return made or (is_numpy(token) and isinstance(target, Global) and target.name == "scalar")


def _is_na(token: Token) -> bool:
    """Whether a token stands for what is missing: a number, a short text, or pandas' own value."""
    if type(token) is str:
        return len(token) <= _LONGEST
    return token is None or type(token) is float or _is_missing(token)


def _is_missing(token: Token) -> bool:
    return isinstance(token, Global) and token.name == "NA" and token.module.startswith("pandas")


PANDAS_VALUE_RULES: dict[str, Rule] = {
    "pandas_interval": _pandas_interval,
    "pandas_nat": _pandas_nat,
    "pandas_offset": _pandas_offset,
    "pandas_period": _pandas_period,
    "pandas_time": _pandas_time,
    "pandas_type_name": _pandas_type_name,
}
