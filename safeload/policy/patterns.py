"""Regular expressions that can take time exponential in the text they are matched against.

A model may hold a compiled pattern as its tokeniser; a pattern such as ``(a+)+$`` then freezes the
process at the first prediction. The parsed pattern is searched for an unbounded repeat within an
unbounded repeat, the form that all such patterns share; possessive and atomic ones are exempt.

Trust: the pattern is hostile; parsing it costs time linear in its length.
Source: CPython's ``re._parser``, whose parse tree this walks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

__all__ = ["backtracks"]

_REPEATS = {_constants.MAX_REPEAT, _constants.MIN_REPEAT}
# A repeat of at most this often within another is still cheap.
_FEW = 16


def backtracks(pattern: str, flags: int) -> bool:
    """Whether matching a pattern can backtrack exponentially.

    Args:
        pattern: The pattern's text.
        flags: Its ``re`` flags.

    Returns:
        True if a repeat stands within a repeat, or the pattern cannot be parsed.
    """
    try:
        tree = _parser.parse(pattern, flags)
    except (re.error, RecursionError, OverflowError, ValueError):
        return True
    return _repeats_within(tree, outer=False)


def _repeats_within(tree: Iterable[Any], *, outer: bool) -> bool:
    for operator, argument in tree:
        inner = outer
        if operator in _REPEATS:
            low, high, _ = argument
            many = high is _constants.MAXREPEAT or high > _FEW
            variable = many and high != low
            if variable and outer:
                return True
            inner = outer or variable
        if any(_repeats_within(child, outer=inner) for child in _children(argument)):
            return True
    return False


def _children(argument: Any) -> Iterable[Any]:
    if isinstance(argument, _parser.SubPattern):
        yield argument
    elif isinstance(argument, tuple | list):
        for item in argument:
            yield from _children(item)
