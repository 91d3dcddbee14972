"""Argument rules of what pickle itself, its protocols and Cython rebuild objects with.

The same contract as :mod:`safeload.policy.rules`.

Trust: all arguments and states are hostile.
Source: CPython ``copyreg.py`` and ``pickle.py``; the ``__reduce__`` that Cython generates.
"""

from __future__ import annotations

from safeload.policy.rules.plain import is_plain
from safeload.policy.rules.rule import Rule
from safeload.scan.program import Global, Mapping, ObjectToken, Token

__all__ = ["REDUCTION_RULES"]


def _no_arguments(built: ObjectToken) -> str | None:
    """No arguments."""
    return None if built.args == () and built.kwargs is None else "it takes no arguments"


def _plain_arguments(built: ObjectToken) -> str | None:
    """Numbers, strings, bytes, None, arrays, and containers of these."""
    if is_plain(built.args) and is_plain(built.kwargs):
        return None
    return "its arguments are not plain data"


# Built-in types that a class may be derived from, with what ``copyreg`` makes of such an instance.
# Given anything else, the type would iterate over it, ask it for its keys or for its text, while
# loading. Sets have a way of their own to be pickled.
_BASES = {"dict": Mapping, "float": float, "int": int, "list": list, "str": str, "tuple": tuple}


def _copyreg_reconstructor(built: ObjectToken) -> str | None:
    """An allowed class, its built-in base and a state of that base.

    ``_reconstructor(cls, base, state)`` of protocols 0 and 1.
    """
    args = built.args
    if len(args) != 3 or not isinstance(args[0], Global):
        return "_reconstructor is not given a class, its base and a state"
    base, state = args[1:]
    name = base.name if isinstance(base, Global) and base.module == "builtins" else ""
    if name == "object":
        return None if state is None else "_reconstructor gives object a state"
    if name not in _BASES:
        return "_reconstructor is given a base that is not a built-in type"
    if type(state) is _BASES[name]:
        return None
    return "_reconstructor is given a state of a different type from its base"


def _copyreg_newobj(built: ObjectToken) -> str | None:
    """An allowed class, without arguments."""
    args = built.args
    if type(args) is tuple and len(args) == 1 and isinstance(args[0], Global):
        return None
    if type(args) is tuple and len(args) == 3 and args[1] == () and _is_empty(args[2]):
        return None
    return "__newobj__ is given arguments"


def _is_empty(token: Token) -> bool:
    return isinstance(token, Mapping) and not token


def _codecs_encode(built: ObjectToken) -> str | None:
    """Text encoded as latin-1, which is how protocols 0 to 2 write bytes.

    ``_codecs.encode(text, "latin1")``.
    """
    args = built.args
    if type(args) is tuple and len(args) == 2 and type(args[0]) is str and args[1] == "latin1":
        return None
    return "_codecs.encode is used for something other than bytes"


def _cython_unpickle(built: ObjectToken) -> str | None:
    """An allowed class, a checksum and a state.

    ``__pyx_unpickle_X(cls, checksum, state)``, and the same with a state set by BUILD.
    """
    args = built.args
    if len(args) != 3 or not isinstance(args[0], Global):
        return "a Cython reconstructor is not given a class, a checksum and a state"
    if type(args[1]) is not int or not (args[2] is None or type(args[2]) is tuple):
        return "a Cython reconstructor is not given a class, a checksum and a state"
    return None


REDUCTION_RULES: dict[str, Rule] = {
    "no_arguments": _no_arguments,
    "plain_arguments": _plain_arguments,
    "copyreg_reconstructor": _copyreg_reconstructor,
    "copyreg_newobj": _copyreg_newobj,
    "codecs_encode": _codecs_encode,
    "cython_unpickle": _cython_unpickle,
}
