"""Argument rules of the callables of ``operator`` that reach an attribute or method by its name.

The same contract as :mod:`safeload.policy.rules`. Here it is seen to that what they are made with
is data; which names they may reach for, :mod:`safeload.policy.callables.combinators` knows.

Trust: all arguments are hostile.
Source: ``__reduce__`` of ``operator.attrgetter``, ``itemgetter`` and ``methodcaller``.
"""

from __future__ import annotations

from safeload.policy.rules.plain import is_numpy, is_plain
from safeload.policy.rules.rule import Rule
from safeload.scan.bounds.allowance import look_into
from safeload.scan.program import Global, Mapping, ObjectToken, Token

__all__ = ["OPERATOR_RULES"]

# Types of numbers and texts, as what data are turned into.
_DATA_TYPES = {
    "builtins": "bool complex float int object str",
    "numpy": "bool bool_ bytes_ complex64 complex128 datetime64 float16 float32 float64 floating "
    "int8 int16 int32 int64 integer number object_ str_ timedelta64 uint8 uint16 uint32 uint64",
}


def _operator_getter(built: ObjectToken) -> str | None:
    """Plain keys, slices and arrays of places; names of attributes.

    ``itemgetter(key, ...)``, ``attrgetter(name, ...)``.
    """
    args = built.args
    if args and all(map(_is_key, args)) and built.kwargs is None and not built.states:
        return None
    return "a getter is not given plain keys"


def _is_key(token: Token) -> bool:
    """Whether a token takes a part of data: a name, a place, a slice, or several of these."""
    parts = token if type(token) is tuple else (token,)
    if parts is token:
        look_into(token, len(parts))
    return all(
        is_plain(part)
        or is_numpy(part)
        or (isinstance(part, ObjectToken) and part.is_of("builtins", "slice"))
        or (isinstance(part, Global) and part.path == "builtins.Ellipsis")
        for part in parts
    )


def _operator_caller(built: ObjectToken) -> str | None:
    """The name of a method, and plain arguments.

    ``methodcaller(name, ...)``, as well as ``partial(methodcaller, name, key=value)(...)``, which
    is how it is written where some arguments have keys.
    """
    args, keywords = built.args, built.kwargs
    if not args or not all(map(_is_argument, args)) or built.states:
        return "methodcaller is not given a name and plain arguments"
    if keywords is None:
        return None
    if not isinstance(keywords, Mapping) or not all(map(_is_argument, keywords.values)):
        return "methodcaller is not given a name and plain arguments"
    return None


def _is_argument(token: Token) -> bool:
    """Plain data, or types that data are turned into.

    Arrays are none: methods of arrays write their results to one that they are given.
    """
    parts = token if type(token) in (tuple, list) else (token,)
    if parts is token:
        look_into(token, len(parts))
    return all(
        is_plain(part, arrays=False)
        or (isinstance(part, Global) and part.name in _DATA_TYPES.get(part.module, "").split())
        for part in parts
    )


OPERATOR_RULES: dict[str, Rule] = {
    "operator_caller": _operator_caller,
    "operator_getter": _operator_getter,
}
