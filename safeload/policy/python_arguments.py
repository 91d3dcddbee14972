"""Argument rules of Python's own callables: attributes, partials, patterns, getters, arrays.

The same contract as :mod:`safeload.policy.arguments`, whose ``RULES`` take these in.

Trust: all arguments and states are hostile.
Source: the ``__reduce__`` of each callable named here, in CPython.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from safeload.policy.patterns import backtracks
from safeload.policy.plain import is_numpy, is_plain
from safeload.scan.program import Blob, Built, Global, Mapping, Token, Use

__all__ = ["PYTHON_RULES"]

Rule = Callable[[Built], str | None]

# Bound methods of values that the stream makes itself, by what makes the value. They neither
# format (str.format reads attributes) nor write.
_STRING_METHODS = frozenset(
    "capitalize casefold count endswith find index isalnum isalpha isdecimal isdigit islower "
    "isnumeric isspace istitle isupper join lower lstrip partition removeprefix removesuffix "
    "replace rfind rpartition rsplit rstrip split splitlines startswith strip swapcase title "
    "translate upper".split()
)
_PATTERN_METHODS = frozenset("findall finditer fullmatch match search split sub subn".split())

_MAX_PATTERN = 2_000
# re.DEBUG prints and re.TEMPLATE is undefined: only the flags that change matching.
_PATTERN_FLAGS = (
    re.ASCII | re.IGNORECASE | re.LOCALE | re.MULTILINE | re.DOTALL | re.UNICODE | re.VERBOSE
)


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
        return None if name in _STRING_METHODS else "this method of a string is not allowed"
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
    if not all(isinstance(function, Global | Built) for function in functions):
        return "functools.partial is not given a function"
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
    if len(names) == 1 and _is_data_method(names[0]):
        return None
    return "a method is called by its name in another way than operator does"


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


def _operator_getter(built: Built) -> str | None:
    """Plain keys, slices and arrays of places; for attributes, public names.

    ``itemgetter(key, ...)``, ``attrgetter(name, ...)``.
    """
    args = built.args
    if type(args) is not tuple or not args or not all(map(_is_key, args)):
        return "a getter is not given plain keys"
    if built.is_of("operator", "attrgetter"):
        parts = [part for name in args for part in (name.split(".") if type(name) is str else [""])]
        if not all(part.isidentifier() and not part.startswith("_") for part in parts):
            return "attrgetter reaches for a private attribute"
    return None


def _is_key(token: Token) -> bool:
    """Whether a token takes a part of data: a name, a place, a slice, or several of these."""
    parts = token if type(token) is tuple else (token,)
    return all(
        is_plain(part)
        or is_numpy(part)
        or (isinstance(part, Built) and part.is_of("builtins", "slice"))
        or (isinstance(part, Global) and part.path == "builtins.Ellipsis")
        for part in parts
    )


# Methods of arrays, tables, sparse matrices and strings that neither write nor evaluate, and that
# call nothing they are given.
_DATA_METHODS = frozenset(
    "abs add add_prefix add_suffix all any argmax argmin argsort assign astype bfill between clip "
    "combine_first convert_dtypes copy corr count cov cummax cummin cumprod cumsum diff div dot "
    "drop drop_duplicates dropna duplicated eq explode ffill fillna flatten floordiv ge get getnnz "
    "gt head idxmax idxmin infer_objects interpolate isin isna isnull items keys kurt le lt mask "
    "max mean median melt min mod mode mul multiply ne nlargest nonzero notna notnull nsmallest "
    "nunique pct_change pow power prod quantile rank ravel reindex rename rename_axis reset_index "
    "reshape round select_dtypes sem set_index shift skew sort_index sort_values squeeze stack std "
    "sub sum swapaxes tail take to_dict to_frame to_list to_numpy toarray tobsr tocoo tocsc tocsr "
    "todense tolil tolist transpose truediv unstack value_counts var where".split()
)
# With these a method would call, evaluate, write to or match what it is given.
_ACTING_KEYWORDS = frozenset(["engine", "func", "key", "out", "regex"])
# Types of numbers and texts, as what data are turned into.
_DATA_TYPES = {
    "builtins": "bool complex float int object str",
    "numpy": "bool bool_ bytes_ complex64 complex128 datetime64 float16 float32 float64 floating "
    "int8 int16 int32 int64 integer number object_ str_ timedelta64 uint8 uint16 uint32 uint64",
}


def _operator_caller(built: Built) -> str | None:
    """A harmless method of arrays, tables, sparse matrices or strings, and plain arguments.

    ``methodcaller(name, ...)``, as well as ``partial(methodcaller, name, key=value)(...)``, which
    is how it is written where some arguments have keys.
    """
    args, keywords = built.args, built.kwargs
    if type(args) is not tuple or not args or not all(map(_is_argument, args)):
        return "methodcaller is not given a name and plain arguments"
    if not _is_data_method(args[0]):
        return "this method is not allowed to be called on data"
    if keywords is None:
        return None
    if not isinstance(keywords, Mapping) or not all(map(_is_argument, keywords.values)):
        return "methodcaller is not given a name and plain arguments"
    if not all(type(key) is str and key not in _ACTING_KEYWORDS for key in keywords.keys):
        return "this method is given what it would call, evaluate or match"
    return None


def _is_data_method(name: Token) -> bool:
    """Whether a token is the name of a method that ``methodcaller`` may call on data."""
    return type(name) is str and name in _DATA_METHODS | _STRING_METHODS


def _is_argument(token: Token) -> bool:
    """Plain data, or types that data are turned into."""
    parts = token if type(token) in (tuple, list) else (token,)
    return all(
        is_plain(part)
        or (isinstance(part, Global) and part.name in _DATA_TYPES.get(part.module, "").split())
        for part in parts
    )


def _one_integer(built: Built) -> str | None:
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


# Numbers of all sizes; a text or a pointer is not among them.
_CODES = frozenset("bBhHiIlLqQfd")
_MACHINE_FORMATS = 22


def _machine_array(built: Built) -> str | None:
    """The letter of a type of numbers, and numbers in a list, or as bytes with their format.

    ``array("d", [1.0])``; from protocol 3 on ``_array_reconstructor(array, "d", 16, data)``.
    """
    args = built.args
    if type(args) is not tuple or built.kwargs is not None or built.states or built.items:
        return "an array is made in another way than pickle does"
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
    return "an array is made in another way than pickle does"


def _is_code(token: Token) -> bool:
    return type(token) is str and token in _CODES


_NO_NUMBERS = "an array is made from something else than numbers"
PYTHON_RULES: dict[str, Rule] = {
    "functools_partial": _functools_partial,
    "getattr": _getattr,
    "machine_array": _machine_array,
    "one_integer": _one_integer,
    "operator_caller": _operator_caller,
    "operator_getter": _operator_getter,
    "regex": _regex,
    "within_partial": _within_partial,
}
