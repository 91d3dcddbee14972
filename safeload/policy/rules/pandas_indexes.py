"""Argument rules of the indexes of pandas: what each class of them is made from.

The same contract as :mod:`safeload.policy.rules`. An index is made by the constructor of its class,
which takes anything that can be iterated over, parses texts as dates or periods, and sorts what it
takes for categories. pandas writes arrays of the type that the class keeps.

Trust: all arguments and states are hostile.
Source: pandas ``core/indexes/base.py`` (``_new_Index``), ``datetimes.py``, ``period.py``,
``interval.py``, ``multi.py``, ``category.py`` and ``range.py`` beside it.
"""

from __future__ import annotations

from collections.abc import Callable

from safeload.policy.rules.pandas_values import is_frequency, is_time_zone
from safeload.policy.rules.plain import is_numpy
from safeload.policy.rules.rule import Rule
from safeload.scan.arrays.dtypes import DTypeError, describe
from safeload.scan.bounds.allowance import look_into
from safeload.scan.program import Array, ArraySpan, Global, Mapping, ObjectToken, Token
from safeload.soundness.keys import is_key

__all__ = ["PANDAS_INDEX_RULES"]

_LISTED = frozenset([list, tuple])
_CLOSED = frozenset([None, "both", "left", "neither", "right"])
_UNPICKLE = ("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked")
# The array that each class keeps; of anything else but numbers it would make one by parsing.
_KEPT = {
    "CategoricalIndex": frozenset(["Categorical"]),
    "DatetimeIndex": frozenset(["DatetimeArray"]),
    "PeriodIndex": frozenset(["PeriodArray"]),
    "TimedeltaIndex": frozenset(["TimedeltaArray"]),
}


def _pandas_index(built: ObjectToken) -> str | None:
    """An index class and the parts that pandas writes: arrays that its class keeps, and names.

    ``_new_Index(cls, parts)`` and its like: parts become arguments of ``cls.__new__``.
    """
    args = built.args
    if len(args) != 2 or not isinstance(args[0], Global):
        return "an index is not made the way pandas makes it"
    if not (args[0].module.startswith("pandas") and args[0].name.endswith("Index")):
        return "an index is not made from a class of indexes"
    if not isinstance(args[1], Mapping):
        return "an index has parts that pandas does not write"
    for key, value in zip(args[1].keys, args[1].values, strict=True):
        known = _PARTS.get(key) if type(key) is str else None
        if known is None or not known(value):
            return "an index has parts that pandas does not write"
        if key == "data" and not _is_kept(args[0].name, value):
            return "an index is made of another array than its class keeps"
    return None


def _is_kept(name: str, data: Token) -> bool:
    """Whether a class of indexes takes an array as it is."""
    kept = _KEPT.get(name)
    if kept is None:
        return True
    if isinstance(data, ObjectToken) and data.is_of(*_UNPICKLE):
        target = data.args[0] if data.args else None
        return isinstance(target, Global) and target.name in kept
    # Releases before 1.0 wrote the numbers alone, and the categories as an array of their own.
    return name != "CategoricalIndex" and _is_of_numbers(data)


def _is_of_numbers(array: Token) -> bool:
    if isinstance(array, Array):
        return isinstance(array.span, ArraySpan)
    if not is_numpy(array):
        return False
    types = [array.args[1]] if array.callable.name == "_frombuffer" else []
    types += [state[2] for state in array.states if type(state) is tuple and len(state) > 2]
    try:
        return bool(types) and not any(describe(dtype).hasobject for dtype in types)
    except DTypeError:
        return False


def _is_array(token: Token) -> bool:
    """Whether a token is an array or an index, each of which has a rule of its own."""
    if isinstance(token, Array) or is_numpy(token):
        return True
    target = token.callable if isinstance(token, ObjectToken) else None
    return isinstance(target, Global) and target.module.partition(".")[0] == "pandas"


def _is_list(token: Token) -> bool:
    """Whether a token is a list, as it stands in the file; the arrays in it are checked one by one.

    Releases before 3.0 keep names in a list of a class of their own.
    """
    if isinstance(token, ObjectToken):
        target = token.callable
        return isinstance(target, Global) and target.name == "FrozenList"
    return type(token) in _LISTED


def _is_list_of_names(token: Token) -> bool:
    """Whether a token is a list of keys: pandas hashes the name of each level."""
    if not _is_list(token):
        return False
    if isinstance(token, ObjectToken):
        listed = [part for part in token.args if type(part) in _LISTED]
    else:
        listed = [token]
    for names in listed:
        look_into(names, len(names))
    return all(is_key(name) for names in listed for name in names)


def _is_number(token: Token) -> bool:
    return type(token) is int or (is_numpy(token) and token.callable.name == "scalar")


def _is_nothing_or(known: Callable[[Token], bool]) -> Callable[[Token], bool]:
    return lambda token: token is None or known(token)


_PARTS: dict[str, Callable[[Token], bool]] = {
    "closed": lambda token: (token is None or type(token) is str) and token in _CLOSED,
    "codes": _is_list,
    "data": _is_array,
    "freq": _is_nothing_or(is_frequency),
    "labels": _is_list,
    "left": _is_array,
    "levels": _is_list,
    "name": is_key,
    "names": _is_list_of_names,
    "right": _is_array,
    "sortorder": _is_nothing_or(_is_number),
    "start": _is_number,
    "step": _is_number,
    "stop": _is_number,
    "tz": _is_nothing_or(is_time_zone),
}

PANDAS_INDEX_RULES: dict[str, Rule] = {"pandas_index": _pandas_index}
