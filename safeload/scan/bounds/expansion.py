"""How large what a stream makes is when it is written out, each part wherever it recurs.

Thirty lists, each twice in the next, take a hundred bytes, and printing them takes a week. What
recurs at all was taken from the memo, so that only those parts and what is below them are walked.

Trust: the tokens are hostile and may hold themselves; a part within itself counts once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from safeload.scan.bounds.budget import OverLimitError
from safeload.scan.bounds.weight import size_of
from safeload.scan.program import Collection, Mapping, ObjectToken, Token

__all__ = ["check_expansion"]

_PARTED = frozenset([ObjectToken, Collection, Mapping, list, tuple])
# With fewer parts that recur, nothing grows by more than a thousand.
_FEW = 10


def check_expansion(recurring: Iterable[Token], most: int) -> None:
    """Bound the size of parts that recur.

    Args:
        recurring: Each of them once; those without parts are ignored.
        most: Parts within one, at most.

    Raises:
        OverLimitError: One has more.
    """
    recurring = [token for token in recurring if type(token) in _PARTED]
    if len(recurring) <= _FEW:
        return
    sizes: dict[int, int] = {}
    for token in recurring:
        if id(token) not in sizes:
            _measure(token, sizes, most)


def _measure(token: Token, sizes: dict[int, int], most: int) -> None:
    """Find the sizes of a token and of all that is below it."""
    way: list[tuple[Token, Iterator[Token], int]] = [_visit(token)]
    sizes[id(token)] = 0
    totals = [0]
    while way:
        part, below, own = way[-1]
        for inner in below:
            size = sizes.get(id(inner))
            if size is None:
                sizes[id(inner)] = 0
                way.append(_visit(inner))
                totals.append(0)
                break
            totals[-1] += size
        else:
            way.pop()
            size = own + totals.pop()
            if size > most:
                raise OverLimitError(
                    "What it makes has too many objects when written out in full.", "expansion"
                )
            sizes[id(part)] = size
            if totals:
                totals[-1] += size


def _visit(token: Token) -> tuple[Token, Iterator[Token], int]:
    """A token, what it holds that has parts itself, and how many parts it has in all."""
    items: Iterable[Token]
    if type(token) is ObjectToken:
        args = token.args if type(token.args) is tuple else (token.args,)
        items = [*args, token.kwargs, *token.states, *token.items]
        own = 1 + len(items)
    else:
        items = token.items if type(token) is Collection else token
        own = 1 + size_of(token)
    return token, iter([item for item in items if type(item) in _PARTED]), own
