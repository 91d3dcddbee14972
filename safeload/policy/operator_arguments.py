"""Argument rules of the callables of ``operator`` that reach an attribute or method by its name.

The same contract as :mod:`safeload.policy.arguments`. What they are called with is not known here:
data of the caller, or any object of the file that a model hands on, a path or a table too. So a
method has to be harmless whatever it belongs to, and an attribute must not be a method that acts;
another callable of the file could call it.

Trust: all arguments are hostile.
Source: the public methods of what a file can make: ``pathlib.Path``, pandas, numpy, ``logging``,
boosters, statsmodels, sktime.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from safeload.policy.plain import is_plain
from safeload.scan.program import Built, Mapping, Token

__all__ = ["OPERATOR_RULES", "STRING_METHODS", "is_operator"]

Rule = Callable[[Built], str | None]

_MADE = frozenset(["attrgetter", "itemgetter", "methodcaller"])

# Methods of texts that neither format (str.format reads attributes) nor write.
STRING_METHODS = frozenset(
    "capitalize casefold count endswith find index isalnum isalpha isdecimal isdigit islower "
    "isnumeric isspace istitle isupper join lower lstrip partition removeprefix removesuffix "
    "replace rfind rpartition rsplit rstrip split splitlines startswith strip swapcase title "
    "translate upper".split()
)
# Methods of arrays, tables and sparse matrices that neither write nor evaluate, and that call
# nothing they are given.
_DATA_METHODS = frozenset(
    "abs all any astype bfill clip copy count cumsum diff drop dropna ffill fillna flatten head "
    "isna isnull max mean median min nunique notna notnull rank ravel rename_axis reset_index "
    "reshape round select_dtypes set_index shift sort_index squeeze std sum tail to_frame to_numpy "
    "toarray tocoo tocsc tocsr todense tolist transpose var".split()
)

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
    return isinstance(token, Built) and any(token.is_of("operator", name) for name in _MADE)


def _operator_getter(built: Built) -> str | None:
    """Plain keys; for attributes, public names that are no methods that act.

    ``itemgetter(key, ...)``, ``attrgetter(name, ...)``.
    """
    args = built.args
    if type(args) is not tuple or not args or not is_plain(args):
        return "a getter is not given plain keys"
    if built.is_of("operator", "attrgetter"):
        parts = [part for name in args for part in (name.split(".") if type(name) is str else [""])]
        if not all(part.isidentifier() and not part.startswith("_") for part in parts):
            return "attrgetter reaches for a private attribute"
        if any(part in _ACTING or _BEGINNINGS.match(part) for part in parts):
            return "attrgetter reaches for a method that does more than compute"
    return None


def _operator_caller(built: Built) -> str | None:
    """A harmless method of arrays, tables, sparse matrices or strings, and plain arguments.

    ``methodcaller(name, ...)``.
    """
    args = built.args
    # Methods of arrays write their results to an array that they are given.
    if type(args) is not tuple or not args or not is_plain(args, arrays=False):
        return "methodcaller is not given a name and plain arguments"
    if type(args[0]) is not str or args[0] not in _DATA_METHODS | STRING_METHODS:
        return "this method is not allowed to be called on data"
    if args[0] == "replace" and len(args) == 2 and not isinstance(args[1], Mapping):
        # Of a text it takes two; of a path one, which is where the file then is.
        return "replace is given a single name, which would move a file"
    return None


OPERATOR_RULES: dict[str, Rule] = {
    "operator_caller": _operator_caller,
    "operator_getter": _operator_getter,
}
