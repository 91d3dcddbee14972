"""Argument rules of what a model may call later: attributes, partial functions, patterns.

The same contract as :mod:`safeload.policy.rules`.

Trust: all arguments and states are hostile.
Source: ``__reduce__`` of ``functools.partial``; ``copyreg`` of ``re.Pattern``; bound methods.
"""

from __future__ import annotations

import re

from safeload.policy.patterns.judge import backtracks
from safeload.policy.rules.keywords import asks_to_write
from safeload.policy.rules.plain import is_plain
from safeload.policy.rules.rule import Rule
from safeload.scan.program import Blob, Global, Mapping, ObjectToken, Token

__all__ = ["FUNCTION_RULES"]

_MAX_PATTERN = 2_000
# re.DEBUG prints and re.TEMPLATE is undefined: only the flags that change matching.
_PATTERN_FLAGS = (
    re.ASCII | re.IGNORECASE | re.LOCALE | re.MULTILINE | re.DOTALL | re.UNICODE | re.VERBOSE
)


def _getattr(built: ObjectToken) -> str | None:
    """An owner and the name of a method, which has to have a kind.

    ``getattr(owner, name)``. For a class, or an instance made in the stream, the scan records
    ``Class.name`` as a global of its own, which the allow-list judges.
    """
    args = built.args
    if len(args) != 2 or type(args[1]) is not str or built.kwargs is not None:
        return "getattr takes an owner and a name"
    if built.states or built.items:
        return "the result of getattr is given a state"
    if not args[1].isidentifier() or args[1].startswith("__"):
        return "getattr asks for a name that no pickler asks for"
    return None


def _functools_partial(built: ObjectToken) -> str | None:
    """A function that may itself be kept, with arguments; the same function in its state.

    ``partial(func)``, and its state ``(func, args, kwargs, namespace)``.
    """
    args = built.args
    if not args:
        return "functools.partial is not given a function"
    functions = [args[0]]
    for state in built.states:
        if type(state) is not tuple or len(state) != 4:
            return "the state of functools.partial does not have the form that it writes"
        function, positional, keywords, namespace = state
        functions.append(function)
        if type(positional) is not tuple or not (keywords is None or isinstance(keywords, Mapping)):
            return "the state of functools.partial does not have the form that it writes"
        if namespace is not None and not (isinstance(namespace, Mapping) and is_plain(namespace)):
            return "functools.partial carries attributes that are not plain data"
        if asks_to_write(keywords):
            return "functools.partial keeps an array for a function to write to"
    if not all(isinstance(function, Global | ObjectToken) for function in functions):
        return "functools.partial is not given a function"
    if any(isinstance(one, Global) and one.path == _CALLER for one in functions):
        # It is called at once, with what else the method is given.
        return _partial_caller(built)
    if any(isinstance(one, Global) and one.path in _SEARCHES for one in functions):
        return _partial_search(built)
    return None


_CALLER = "operator.methodcaller"

# What a partial over a function of re may hold beside the pattern.
_SEARCHES = frozenset(["re.findall", "re.split", "re.sub"])

_SEARCHING = frozenset(["count", "flags", "maxsplit", "repl"])


def _partial_search(built: ObjectToken) -> str | None:
    """``partial(re.sub, pattern, text)``: one state, with a pattern that passes ``regex``.

    Whoever calls the partial may add flags, so that the pattern has to pass with any of them.
    """
    positional, keywords = _bound(built)
    if not 1 <= len(positional) <= _PATTERN_AND_TEXT:
        return "a function of re is not given its pattern"
    known = all(type(key) is str and key in _SEARCHING for key in keywords.keys)
    if not known or not is_plain((positional[1:], keywords)):
        return "a function of re is given something other than a pattern and plain data"
    pattern = positional[0]
    if isinstance(pattern, ObjectToken) and pattern.is_of("re", "_compile"):
        return None
    if type(pattern) is not str:
        return "a function of re is not given its pattern"
    if any(backtracks(pattern, flags) for flags in _READINGS):
        return "a regular expression can take time exponential in the text"
    return None


def _bound(built: ObjectToken) -> tuple[tuple[Token, ...], Mapping]:
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


def _within_partial(_: ObjectToken) -> str | None:
    """Nothing: it may be the function of a partial, whose rule judges what it is given."""
    return "it is called while the file is loaded"


def _partial_caller(built: ObjectToken) -> str | None:
    """``partial(methodcaller, name, key=value)``: one state, with the name of a method."""
    names, _ = _bound(built)
    if len(names) == 1 and type(names[0]) is str:
        return None
    return "a method is not called by its name the way operator calls it"


def _regex(built: ObjectToken) -> str | None:
    """A pattern of moderate length that cannot take exponential time; flags that only match."""
    args = built.args
    if len(args) != 2 or type(args[1]) is not int:
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


FUNCTION_RULES: dict[str, Rule] = {
    "getattr": _getattr,
    "functools_partial": _functools_partial,
    "within_partial": _within_partial,
    "regex": _regex,
}
