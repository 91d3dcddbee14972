"""What calls, constructions and states are given: that it does not change any more, and its cost.

A few bytes recall a container as often as they like. The first who takes it has paid for it with
the bytes it was written in; everyone after that pays what it weighs from the allowance of the file.

Trust: tokens are hostile. Each is walked into once; containers may hold themselves.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from safeload.limits import Limits
from safeload.scan.effort import Effort, OverLimitError
from safeload.scan.program import Array, Blob, Built, Collection, Global, Mapping, Token
from safeload.scan.weight import ATOMS, FEW, parts_of, size_of

__all__ = ["Consumption"]

_LISTED = frozenset([list, Collection, Mapping])
_CONTAINERS = _LISTED | {Blob}
# What may be too heavy to be handed out again and again; text only if it is long.
_HEAVY = _CONTAINERS | {Array, Built, str, tuple}
_LONG = 64
_ARRAYS = frozenset(["_frombuffer", "_mareconstruct", "_reconstruct"])


class Consumption:
    """What was taken so far in one stream.

    Args:
        effort: What taking something again is paid from.
        limits: ``depth`` bounds tuples in keys.
    """

    def __init__(self, effort: Effort, limits: Limits) -> None:
        self._effort = effort
        self._depth = limits.depth
        # By identity, with the size it had then. Kept alive, so that no other object takes that
        # identity.
        self._taken: dict[int, tuple[Token, int]] = {}

    def take(self, token: Token) -> None:
        """Note that an instance is given a state as it is now: it becomes attributes.

        Args:
            token: The state.

        Raises:
            OverLimitError: It was taken too often for what it weighs.
        """
        if type(token) is tuple:
            if len(token) > FEW:
                self._is_first(token)
            for item in token:
                if type(item) in _CONTAINERS or (type(item) is tuple and len(item) > FEW):
                    self._is_first(item)
        elif type(token) in _CONTAINERS:
            self._is_first(token)

    def take_whole(self, token: Token) -> None:
        """Note that a call takes a container, and may look at everything in it.

        Args:
            token: Arguments, or the state of what a call returned.

        Raises:
            OverLimitError: It, or something in it, was taken too often for what it weighs.
        """
        if type(token) is tuple and len(token) <= FEW:
            # Mostly made for this one call, and smaller than a note of it.
            pending = [item for item in token if type(item) in _HEAVY]
        else:
            pending = [token]
        while pending:
            part = pending.pop()
            kind = type(part)
            if kind is Blob or kind is Array:
                self._is_first(part)
            elif kind is str:
                if len(part) > _LONG:
                    self._is_first(part)
            elif kind is Built:
                # Other objects are handed on as they are.
                if _is_array(part) and self._is_first(part):
                    pending += part.states
            elif kind is tuple:
                heavy = [item for item in part if type(item) in _HEAVY]
                if (heavy or len(part) > FEW) and self._is_first(part):
                    pending += heavy
            elif kind in _LISTED and self._is_first(part):
                items = part.items if kind is Collection else part
                pending += [item for item in items if type(item) in _HEAVY]

    def _is_first(self, token: Token) -> bool:
        """Whether it is taken for the first time; if not, it is paid for."""
        if id(token) not in self._taken:
            self._taken[id(token)] = token, size_of(token)
            return True
        self._effort.spend(self._weight(token), "One container is used too often.")
        return False

    def _weight(self, token: Token) -> int:
        """Items, bytes and characters of a token and of all that is in it, each counted once."""
        total, seen, pending = 1, set(), [token]
        while pending and total <= self._effort.unpaid:
            part = pending.pop()
            if id(part) in seen:
                continue
            seen.add(id(part))
            kind = type(part)
            if kind is Built:
                pending += part.states if _is_array(part) else ()
                continue
            total += size_of(part)
            if kind is tuple or kind in _LISTED:
                items = part.items if kind is Collection else part
                pending += [item for item in items if type(item) in _HEAVY]
        return total

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
                raise OverLimitError("Keys are nested too deeply to hash.")
            self._effort.spend(len(level), "Keys are too large to hash.")
            parts = itertools.chain.from_iterable(map(parts_of, level))
            level = list(itertools.islice(parts, self._effort.unpaid + 1))

    @property
    def changed(self) -> bool:
        """Whether something was given more items after it was taken."""
        return any(size_of(token) != size for token, size in self._taken.values())


def _is_array(built: Built) -> bool:
    """Whether a call has made an array, which others read or copy."""
    return isinstance(built.callable, Global) and built.callable.name in _ARRAYS
