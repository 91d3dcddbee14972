"""Argument rules of the callables of ``operator`` that reach an attribute or method by its name.

The same contract as :mod:`safeload.policy.rules`. What they are called with is not known here:
data of the caller, or any object of the file that a model hands on, a path or a table too. So a
method has to be harmless whatever it belongs to, and an attribute must not be a method that acts;
another callable of the file could call it.

Trust: all arguments are hostile.
Source: the public methods of what a file can make: ``pathlib.Path``, pandas, numpy, ``logging``,
boosters, statsmodels, sktime.
"""

from __future__ import annotations

import re

from safeload.policy.rules.plain import is_numpy, is_plain
from safeload.policy.rules.rule import Rule
from safeload.scan.program import Global, Mapping, ObjectToken, Token

__all__ = ["OPERATOR_RULES", "STRING_METHODS", "is_data_method", "is_operator"]


_MADE = frozenset(["attrgetter", "itemgetter", "methodcaller"])

# Methods of texts that neither format (str.format reads attributes) nor write.
STRING_METHODS = frozenset(
    "capitalize casefold count endswith find index isalnum isalpha isdecimal isdigit islower "
    "isnumeric isspace istitle isupper join lower lstrip partition removeprefix removesuffix "
    "replace rfind rpartition rsplit rstrip split splitlines startswith strip swapcase title "
    "translate upper".split()
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
_ACTING_KEYWORDS = frozenset(["engine", "func", "key", "out", "regex", "target"])
# Methods of paths, too.
_MOVING = frozenset(["rename", "replace"])
# Types of numbers and texts, as what data are turned into.
_DATA_TYPES = {
    "builtins": "bool complex float int object str",
    "numpy": "bool bool_ bytes_ complex64 complex128 datetime64 float16 float32 float64 floating "
    "int8 int16 int32 int64 integer number object_ str_ timedelta64 uint8 uint16 uint32 uint64",
}

# Methods that write, delete, read, evaluate, call what they are given, train, or change what others
# share; and what the loggers of the process hang on.
_ACTING = frozenset(
    "agg aggregate apply applymap cache callHandlers chmod clear dump dumps eval fit handle "
    "handlers hardlink_to hist iterdir lchmod link_to load loggerDict manager map mkdir open pipe "
    "plot query refit removeFilter removeHandler rename replace rmdir root save setLevel style "
    "symlink_to tofile touch transform unlink update".split()
)
_BEGINNINGS = re.compile(
    r"(?:add|remove|set)[A-Z]|(?:dump|fit|load|save|set)_|(?:read|write)_(?:bytes|text)$|remove_data$"
    r"|to_(?:clipboard|csv|excel|feather|gbq|hdf|html|iceberg|json|latex|markdown|orc|parquet|pickle"
    r"|sql|stata|string|xml)$"
)


def is_operator(token: Token) -> bool:
    """Whether a token is one of these callables; they take one object and nothing else."""
    return isinstance(token, ObjectToken) and any(token.is_of("operator", name) for name in _MADE)


def is_data_method(name: Token) -> bool:
    """Whether a token is the name of a method that ``methodcaller`` may call on data."""
    return type(name) is str and name in _DATA_METHODS | STRING_METHODS


def _operator_getter(built: ObjectToken) -> str | None:
    """Plain keys, slices and arrays of places; public names of no methods that act.

    ``itemgetter(key, ...)``, ``attrgetter(name, ...)``.
    """
    args = built.args
    if not args or not all(map(_is_key, args)):
        return "a getter is not given plain keys"
    if built.is_of("operator", "attrgetter"):
        parts = [part for name in args for part in (name.split(".") if type(name) is str else [""])]
        if not all(part.isidentifier() and not part.startswith("_") for part in parts):
            return "attrgetter reaches for a private attribute"
        if any(part in _ACTING or _BEGINNINGS.match(part) for part in parts):
            return "attrgetter reaches for a method that does more than compute"
    return None


def _is_key(token: Token) -> bool:
    """Whether a token takes a part of data: a name, a place, a slice, or several of these."""
    parts = token if type(token) is tuple else (token,)
    return all(
        is_plain(part)
        or is_numpy(part)
        or (isinstance(part, ObjectToken) and part.is_of("builtins", "slice"))
        or (isinstance(part, Global) and part.path == "builtins.Ellipsis")
        for part in parts
    )


def _operator_caller(built: ObjectToken) -> str | None:
    """A harmless method of arrays, tables, sparse matrices or strings, and plain arguments.

    ``methodcaller(name, ...)``, as well as ``partial(methodcaller, name, key=value)(...)``, which
    is how it is written where some arguments have keys.
    """
    args, keywords = built.args, built.kwargs
    if not args or not all(map(_is_argument, args)):
        return "methodcaller is not given a name and plain arguments"
    if not is_data_method(args[0]):
        return "this method is not allowed to be called on data"
    if args[0] in _MOVING and len(args) == 2 and not isinstance(args[1], Mapping):
        # A text or a table takes another form; a path takes one name, which is where the file
        # then is.
        return f"{args[0]} is given a single name, which would move a file"
    if keywords is None:
        return None
    if not isinstance(keywords, Mapping) or not all(map(_is_argument, keywords.values)):
        return "methodcaller is not given a name and plain arguments"
    if not all(type(key) is str and key not in _ACTING_KEYWORDS for key in keywords.keys):
        return "this method is given what it would call, evaluate, match or write to"
    return None


def _is_argument(token: Token) -> bool:
    """Plain data, or types that data are turned into.

    Arrays are none: methods of arrays write their results to one that they are given.
    """
    parts = token if type(token) in (tuple, list) else (token,)
    return all(
        is_plain(part, arrays=False)
        or (isinstance(part, Global) and part.name in _DATA_TYPES.get(part.module, "").split())
        for part in parts
    )


OPERATOR_RULES: dict[str, Rule] = {
    "operator_caller": _operator_caller,
    "operator_getter": _operator_getter,
}
