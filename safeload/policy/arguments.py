"""Argument rules: what an allowed callable may be given.

Each rule is a small function from a :class:`~safeload.scan.program.Built` to the reason why it is
refused, or None. A policy entry names its rule; :data:`RULES` lists them all. Rules see tokens
only. The classes that arguments name are judged by the allow-list in their own right.

Trust: all arguments and states are hostile.
Source: the ``__reduce__`` of each callable named here, in CPython, numpy, scipy and scikit-learn.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from safeload.policy.booster_arguments import BOOSTER_RULES
from safeload.policy.class_arguments import CLASS_RULES
from safeload.policy.composite_arguments import COMPOSITE_RULES
from safeload.policy.keywords import asks_to_write
from safeload.policy.library_arguments import LIBRARY_RULES
from safeload.policy.operator_arguments import (
    OPERATOR_RULES,
    STRING_METHODS,
    is_data_method,
    is_operator,
)
from safeload.policy.patterns import backtracks
from safeload.policy.plain import is_plain
from safeload.policy.spelling_arguments import SPELLING_RULES
from safeload.policy.statistics_arguments import STATISTICS_RULES
from safeload.scan.dtypes import DType, DTypeError, describe
from safeload.scan.program import Blob, Built, Global, Mapping, Token, Use

__all__ = ["RULES", "Rule"]

Rule = Callable[[Built], str | None]

# Methods of a pattern that the stream makes itself.
_PATTERN_METHODS = frozenset("findall finditer fullmatch match search split sub subn".split())

_MAX_PATTERN = 2_000
# re.DEBUG prints and re.TEMPLATE is undefined: only the flags that change matching.
_PATTERN_FLAGS = (
    re.ASCII | re.IGNORECASE | re.LOCALE | re.MULTILINE | re.DOTALL | re.UNICODE | re.VERBOSE
)


def _no_arguments(built: Built) -> str | None:
    """No arguments."""
    return None if built.args == () and built.kwargs is None else "it takes no arguments"


def _plain_arguments(built: Built) -> str | None:
    """Numbers, strings, bytes, None, arrays, and containers of these."""
    if is_plain(built.args) and is_plain(built.kwargs):
        return None
    return "its arguments are not plain data"


def _getattr(built: Built) -> str | None:
    """A public attribute of what the file names or makes; of texts and patterns, what searches.

    ``getattr(owner, name)``: an allowed class or instance, or a harmless method of a value.

    For a class, or an instance made in the stream, the scan records ``Class.name`` as a global
    of its own, which the allow-list judges.
    """
    args = built.args
    if type(args) is not tuple or len(args) != 2 or type(args[1]) is not str:
        return "getattr takes an owner and a name"
    owner, name = args
    if built.states or built.items:
        return "the result of getattr is given a state"
    if not name.isidentifier() or name.startswith("__"):
        return "getattr asks for a name that no writer asks for"
    if isinstance(owner, Global):
        return None
    if type(owner) is Mapping or (isinstance(owner, Built) and _is_dict(owner)):
        return None if name == "get" else "this method of a dict is not allowed"
    if type(owner) is str:
        return None if name in STRING_METHODS else "this method of a string is not allowed"
    if isinstance(owner, Built) and isinstance(owner.callable, Global):
        if owner.is_of("re", "_compile"):
            return None if name in _PATTERN_METHODS else "this method of a pattern is not allowed"
        return None if owner.use is Use.CONSTRUCT else "getattr on the result of a call"
    return "getattr on something that is neither a class nor an instance"


def _is_dict(built: Built) -> bool:
    return any(
        built.is_of("collections", name) for name in ("Counter", "OrderedDict", "defaultdict")
    )


def _functools_partial(built: Built) -> str | None:
    """A function that may itself be kept, with arguments; the same function in its state.

    ``partial(func)``, and its state ``(func, args, kwargs, namespace)``.
    """
    args = built.args
    if type(args) is not tuple or not args:
        return "functools.partial is not given a function"
    functions = [args[0]]
    for state in built.states:
        if type(state) is not tuple or len(state) != 4:
            return "the state of functools.partial has not the form it writes"
        function, positional, keywords, namespace = state
        functions.append(function)
        if type(positional) is not tuple or not (keywords is None or isinstance(keywords, Mapping)):
            return "the state of functools.partial has not the form it writes"
        if namespace is not None and not (isinstance(namespace, Mapping) and is_plain(namespace)):
            return "functools.partial carries attributes that are not plain data"
        if asks_to_write(keywords):
            return "functools.partial keeps an array for a function to write to"
    if not all(isinstance(function, Global | Built) for function in functions):
        return "functools.partial is not given a function"
    if any(map(is_operator, functions)):
        # With the object given as well, it would be called by whoever calls anything.
        return "functools.partial is given a callable that takes one object, the data"
    if any(isinstance(one, Global) and one.path == _CALLER for one in functions):
        # It is called at once, with what else the method is given.
        return _partial_caller(built)
    if any(isinstance(one, Global) and one.path in _SEARCHES for one in functions):
        return _partial_search(built)
    return None


_CALLER = "operator.methodcaller"


# What a partial over a function of re may hold beside the pattern.
_SEARCHES = frozenset(f"re.{name}" for name in _PATTERN_METHODS)
_SEARCHING = frozenset(["count", "flags", "maxsplit", "repl"])


def _partial_search(built: Built) -> str | None:
    """``partial(re.sub, pattern, text)``: one state, with a pattern that passes ``regex``.

    Whoever calls the partial may add flags, so that the pattern has to pass with any of them.
    """
    positional, keywords = _bound(built)
    if not 1 <= len(positional) <= _PATTERN_AND_TEXT:
        return "a function of re is not given its pattern"
    known = all(type(key) is str and key in _SEARCHING for key in keywords.keys)
    if not known or not is_plain((positional[1:], keywords)):
        return "a function of re is given something else than a pattern and plain data"
    pattern = positional[0]
    if isinstance(pattern, Built) and pattern.is_of("re", "_compile"):
        return None
    if type(pattern) is not str:
        return "a function of re is not given its pattern"
    if any(backtracks(pattern, flags) for flags in _READINGS):
        return "a regular expression can take time exponential in the text"
    return None


def _bound(built: Built) -> tuple[tuple[Token, ...], Mapping]:
    """The arguments of a partial, if it has one state, which is of its own function."""
    state = built.states[0] if len(built.states) == 1 else ()
    if type(state) is not tuple or not state or state[0] is not built.args[0]:
        return (), Mapping(())
    return state[1], state[2] if isinstance(state[2], Mapping) else Mapping(())


_PATTERN_AND_TEXT = 2
# The flags that change what a pattern matches, or what is part of it.
_READINGS = [
    int(case | dot | verbose)
    for case in (re.NOFLAG, re.IGNORECASE)
    for dot in (re.NOFLAG, re.DOTALL)
    for verbose in (re.NOFLAG, re.VERBOSE)
]


def _within_partial(_: Built) -> str | None:
    """Nothing: it may be the function of a partial, whose rule judges what it is given."""
    return "it is called while the file is loaded"


def _partial_caller(built: Built) -> str | None:
    """``partial(methodcaller, name, key=value)``: one state, with the name of a harmless method."""
    names, _ = _bound(built)
    if len(names) == 1 and is_data_method(names[0]):
        return None
    return "a method is called by its name in another way than operator does"


def _numpy_dtype(built: Built) -> str | None:
    """A dtype whose state is what numpy writes for that type; a forged one makes pointers."""
    try:
        describe(built)
    except DTypeError as error:
        return str(error)
    return None


def _numpy_reconstruct(built: Built) -> str | None:
    """An empty array, with a state of as many bytes or objects as its shape says.

    ``_reconstruct(subtype, (0,), b"b")`` with state ``(1, shape, dtype, fortran, data)``.
    """
    args = built.args
    if type(args) is not tuple or len(args) != 3 or not isinstance(args[0], Global):
        return "_reconstruct is not given a type, a shape and a code"
    if args[1] not in ((0,), 0) or _short(args[2]) not in ("b", "B"):
        return "_reconstruct is called in another way than numpy does"
    for state in built.states:
        if type(state) is not tuple or len(state) < 5 or type(state[0]) is not int:
            return "the state of an array has not the form numpy writes"
        _, shape, dtype, fortran, data = state[:5]
        if fortran not in (True, False):
            return "the state of an array has not the form numpy writes"
        reason = _array_data(shape, dtype, data)
        if reason:
            return reason
    return None


def _array_data(shape: Token, dtype: Token, data: Token) -> str | None:
    described, count = _described(dtype), _count(shape)
    if isinstance(described, str):
        return described
    if count is None:
        return "an array's shape is no shape"
    if described.hasobject:
        if type(data) is list and len(data) == count:
            return None
        return "an object array is not given as many objects as it has elements"
    if count and not described.itemsize:
        # numpy would make any number of them out of nothing.
        return "an array has elements without size"
    if not isinstance(data, Blob) or data.size != count * described.itemsize:
        return "an array's bytes are not as many as its shape says"
    return None


def _numpy_frombuffer(built: Built) -> str | None:
    """As many bytes as shape and dtype say, as protocol 5 writes arrays; never objects.

    ``_frombuffer(buffer, dtype, shape, order)`` of protocol 5.
    """
    args = built.args
    if type(args) is not tuple or len(args) not in (4, 5) or args[3] not in ("C", "F", "K"):
        return "_frombuffer is called in another way than numpy does"
    if built.states:
        return "an array made from a buffer is given a state"
    described = _described(args[1])
    if isinstance(described, DType) and described.hasobject:
        return "an object array is made from raw bytes"
    if len(args) == 5 and not _is_permutation(args[4], args[2]):
        return "_frombuffer is called in another way than numpy does"
    return _array_data(args[2], args[1], args[0])


def _is_permutation(axes: Token, shape: Token) -> bool:
    if axes is None:
        return True
    if type(axes) is not tuple or type(shape) is not tuple or len(axes) != len(shape):
        return False
    return all(type(axis) is int for axis in axes) and sorted(axes) == list(range(len(axes)))


def _numpy_scalar(built: Built) -> str | None:
    """As many bytes as the dtype has; never an object.

    ``scalar(dtype, data)``, or ``scalar(dtype)``.
    """
    args = built.args
    if type(args) is not tuple or not args or len(args) > 2 or built.states:
        return "a numpy scalar is made in another way than numpy does"
    described = _described(args[0])
    if isinstance(described, str):
        return described
    if described.hasobject:
        return "a numpy scalar claims to hold an object"
    if len(args) == 1 or (isinstance(args[1], Blob) and args[1].size == described.itemsize):
        return None
    return "a numpy scalar's bytes are not as many as its dtype says"


def _described(token: Token) -> DType | str:
    try:
        return describe(token)
    except DTypeError as error:
        return str(error)


def _count(shape: Token) -> int | None:
    lengths = (shape,) if type(shape) is int else shape
    if type(lengths) is not tuple or len(lengths) > 64:
        return None
    count = 1
    for length in lengths:
        if type(length) is not int or not 0 <= length < 2**63:
            return None
        count *= length
    return count


def _short(token: Token) -> str | None:
    if type(token) is str:
        return token
    if isinstance(token, Blob) and token.size == len(token.head):
        return token.head.decode("latin-1")
    return None


# Built-in types that a class may be derived from, with what ``copyreg`` makes of such an instance.
# Given anything else, the type would iterate over it, ask it for its keys or for its text, while
# loading. Sets have a way of their own to be pickled.
_BASES = {"dict": Mapping, "float": float, "int": int, "list": list, "str": str, "tuple": tuple}


def _copyreg_reconstructor(built: Built) -> str | None:
    """An allowed class, its built-in base and a state of that base.

    ``_reconstructor(cls, base, state)`` of protocols 0 and 1.
    """
    args = built.args
    if type(args) is not tuple or len(args) != 3 or not isinstance(args[0], Global):
        return "_reconstructor is not given a class, its base and a state"
    base, state = args[1:]
    name = base.name if isinstance(base, Global) and base.module == "builtins" else ""
    if name == "object":
        return None if state is None else "_reconstructor gives object a state"
    if name not in _BASES:
        return "_reconstructor is given a base that is no built-in type"
    if type(state) is _BASES[name]:
        return None
    return "_reconstructor is given a state of another type than its base"


def _copyreg_newobj(built: Built) -> str | None:
    """An allowed class, without arguments."""
    args = built.args
    if type(args) is tuple and len(args) == 1 and isinstance(args[0], Global):
        return None
    if type(args) is tuple and len(args) == 3 and args[1] == () and _is_empty(args[2]):
        return None
    return "__newobj__ is given arguments"


def _is_empty(token: Token) -> bool:
    return isinstance(token, Mapping) and not token


def _codecs_encode(built: Built) -> str | None:
    """Text encoded as latin-1, which is how protocols 0 to 2 write bytes.

    ``_codecs.encode(text, "latin1")``.
    """
    args = built.args
    if type(args) is tuple and len(args) == 2 and type(args[0]) is str and args[1] == "latin1":
        return None
    return "_codecs.encode is used for another thing than bytes"


def _regex(built: Built) -> str | None:
    """A pattern of moderate length that cannot take exponential time; flags that only match."""
    args = built.args
    if type(args) is not tuple or len(args) != 2 or type(args[1]) is not int:
        return "a regular expression is not given a pattern and flags"
    pattern, flags = args
    if flags & ~int(_PATTERN_FLAGS):
        return "a regular expression has flags that do more than match"
    if isinstance(pattern, Blob) and pattern.size == len(pattern.head):
        pattern = pattern.head.decode("latin-1")
    if type(pattern) is not str or len(pattern) > _MAX_PATTERN:
        return "a regular expression is longer than any tokeniser needs"
    if backtracks(pattern, flags):
        return "a regular expression can take time exponential in the text"
    return None


def _cython_unpickle(built: Built) -> str | None:
    """An allowed class, a checksum and a state.

    ``__pyx_unpickle_X(cls, checksum, state)``, and the same with a state set by BUILD.
    """
    args = built.args
    if type(args) is not tuple or len(args) != 3 or not isinstance(args[0], Global):
        return "a Cython reconstructor is not given a class, a checksum and a state"
    if type(args[1]) is not int or not (args[2] is None or type(args[2]) is tuple):
        return "a Cython reconstructor is not given a class, a checksum and a state"
    return None


RULES: dict[str, Rule] = {
    "no_arguments": _no_arguments,
    "plain_arguments": _plain_arguments,
    "getattr": _getattr,
    "functools_partial": _functools_partial,
    "within_partial": _within_partial,
    "numpy_dtype": _numpy_dtype,
    "numpy_reconstruct": _numpy_reconstruct,
    "numpy_frombuffer": _numpy_frombuffer,
    "numpy_scalar": _numpy_scalar,
    "copyreg_reconstructor": _copyreg_reconstructor,
    "copyreg_newobj": _copyreg_newobj,
    "codecs_encode": _codecs_encode,
    "regex": _regex,
    "cython_unpickle": _cython_unpickle,
    **CLASS_RULES,
    **COMPOSITE_RULES,
    **LIBRARY_RULES,
    **BOOSTER_RULES,
    **OPERATOR_RULES,
    **SPELLING_RULES,
    **STATISTICS_RULES,
}
