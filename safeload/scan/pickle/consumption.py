"""What calls, constructions and states are given: that it does not change any more, and its cost.

A few bytes recall a container as often as they like. The first who takes it has paid for it with
the bytes it was written in; everyone after that pays what it weighs from the allowance of the file.

Trust: tokens are hostile. Each is walked into once; containers may hold themselves.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from safeload.limits import Limits
from safeload.scan.bounds.budget import OverLimitError, WorkBudget
from safeload.scan.bounds.weight import ATOMS, FEW, parts_of, size_of
from safeload.scan.program import Array, Blob, Collection, Global, Mapping, ObjectToken, Token

__all__ = ["Consumption"]

_CONTAINERS = frozenset([list, Blob, Collection, Mapping])
# What may be too heavy to be handed out again and again; text and bytes only if they are long.
_HEAVY = _CONTAINERS | {Array, ObjectToken, str, tuple}
_GROWING = frozenset([list, Collection, Mapping])
_LONG = 64
_PARTED = frozenset([list, tuple, Collection, Mapping])
_TOO_OFTEN = "A container is used too many times."
_ARRAYS = frozenset(["_frombuffer", "_mareconstruct", "_reconstruct"])


class Consumption:
    """What was taken so far in one stream.

    Args:
        budget: What taking something again is paid from.
        limits: ``depth`` bounds tuples in keys.
    """

    def __init__(self, budget: WorkBudget, limits: Limits) -> None:
        self._budget = budget
        self._depth = limits.depth
        # By identity; kept alive, so that nothing else takes that identity. What can grow, with
        # the length it had then.
        self._taken: dict[int, Token] = {}
        self._lengths: list[tuple[Token, int]] = []

    def take(self, token: Token) -> None:
        """Note that an instance is given a state as it is now: it becomes attributes.

        Args:
            token: The state.

        Raises:
            OverLimitError: It was taken too often for what it weighs.
        """
        if type(token) in _CONTAINERS:
            self._take_one(token)
        elif type(token) is tuple:
            for part in (token, *token):
                if type(part) in _CONTAINERS or (type(part) is tuple and len(part) > FEW):
                    self._take_one(part)

    def _take_one(self, token: Token) -> None:
        if type(token) is Blob and token.size <= _LONG:
            return
        if id(token) in self._taken:
            self._budget.spend(size_of(token), _TOO_OFTEN)
            return
        self.note(token)

    def take_whole(self, token: Token) -> int:
        """Note that a call takes a container, and may look at everything in it.

        Args:
            token: Arguments, the state of what a call returned, or items put into it.

        Returns:
            How deep results of calls are nested in it, containers not counted.

        Raises:
            OverLimitError: It, or something in it, was taken too often for what it weighs.
        """
        deepest = 0
        # A tuple of a few is mostly made for this one call, and smaller than a note of it.
        parts = token if type(token) is tuple and len(token) <= FEW else (token,)
        pending = [part for part in parts if type(part) in _HEAVY]
        while pending:
            part = pending.pop()
            kind = type(part)
            if kind is ObjectToken:
                # Other objects are handed on as they are.
                part.nested = part.taken = True
                if part.depth > deepest:
                    deepest = part.depth
                if not _is_array(part):
                    continue
            elif kind is str or kind is Blob:
                if size_of(part) <= _LONG:
                    continue
            elif kind is tuple and len(part) <= FEW and _HEAVY.isdisjoint(map(type, part)):
                continue
            if id(part) in self._taken:
                deepest = max(deepest, self._pay(part))
                continue
            self.note(part)
            if kind in _PARTED:
                # An array was given its bytes by a call of its own.
                pending += _within(part)
        return deepest

    def note(self, token: Token) -> None:
        """Note that something is taken for the first time."""
        self._taken[id(token)] = token
        if type(token) in _GROWING:
            self._lengths.append((token, _length(token)))

    def _pay(self, token: Token) -> int:
        """Spend what a token weighs: its items, bytes and characters, all that is in it once.

        Returns:
            How deep results of calls are nested in it.
        """
        weight, deepest, seen, pending = 1, 0, set(), [token]
        while pending and weight <= self._budget.unbudgeted_work:
            part = pending.pop()
            if id(part) not in seen:
                seen.add(id(part))
                weight += size_of(part)
                pending += _within(part)
                if type(part) is ObjectToken:
                    part.nested = part.taken = True
                    deepest = max(deepest, part.depth)
        self._budget.spend(weight, _TOO_OFTEN)
        return deepest

    def check_keys(self, keys: Sequence[Token]) -> None:
        """Bound the cost of hashing keys: a tuple is hashed item by item each time it is a key.

        What a call made may hash what it was given, so that its arguments count as its parts.

        Args:
            keys: The keys.

        Raises:
            OverLimitError: Hashing them takes too many steps, or is nested too deeply.
        """
        if ATOMS.issuperset(map(type, keys)):
            return
        level, depth = keys, 0
        while level:
            depth += 1
            if depth > self._depth:
                raise OverLimitError("Keys are nested too deeply to hash.", "depth")
            self._budget.spend(len(level), "Keys are too large to hash.")
            parts = itertools.chain.from_iterable(map(parts_of, level))
            level = list(itertools.islice(parts, self._budget.unbudgeted_work + 1))

    @property
    def changed(self) -> bool:
        """Whether something was given more items after it was taken."""
        return any(_length(token) != length for token, length in self._lengths)


def _length(token: Token) -> int:
    """What changes with every item that is added."""
    return len(token.items if type(token) is Collection else token)


def _is_array(built: ObjectToken) -> bool:
    """Whether a call has made an array, which others read or copy."""
    target = built.callable
    return type(target) is Global and target.name in _ARRAYS


def _within(token: Token) -> Iterable[Token]:
    """What a token holds that may weigh, one level down."""
    kind = type(token)
    if kind is ObjectToken:
        return token.states if _is_array(token) else ()
    items: Iterable[Token] = token.items if kind is Collection else token
    return [item for item in items if type(item) in _HEAVY] if kind in _PARTED else ()
