"""A parsed regular expression becomes the automaton whose runs a backtracking matcher tries.

Each class that the pattern names is a position (Glushkov's construction); an edge says in how many
ways one follows another. Assertions count as always true, but for a look-ahead at one character,
which is exact; possessive repeats as giving back, but for those of one class; a counted repeat that
would be long as an endless one. Each can only add runs.

Trust: the parse tree is hostile; depth, positions and edges are capped, and beyond them it raises.
Source: CPython's ``re._parser``, whose tree this reads; Glushkov (1961).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

from safeload.policy.patterns.alphabet import CLASSES, ENDLESS, REPEATS, Alphabet, DoubtError

__all__ = ["Automaton"]

# A counted repeat of at most so many items is written out; a longer one is read as endless.
_WRITTEN_OUT = 64
# Ways past one point without a character.
_MOST_WAYS = 64
# Steps that an edge counts for: some 50,000 edges are the most.
_EDGE = 20

# The method that reads each other operator.
_PARTS = {
    _constants.MAX_REPEAT: "_repeat",
    _constants.MIN_REPEAT: "_repeat",
    _constants.POSSESSIVE_REPEAT: "_possessive",
    _constants.ATOMIC_GROUP: "_atomic",
    _constants.SUBPATTERN: "_group",
    _constants.BRANCH: "_branch",
    _constants.ASSERT: "_assert",
    _constants.ASSERT_NOT: "_assert_not",
    _constants.GROUPREF: "_back_reference",
    _constants.GROUPREF_EXISTS: "_conditional",
    _constants.AT: "_nothing",
    _constants.FAILURE: "_nothing",
}

# How many ways lead here without a character, and which characters may follow (a bit for each of
# the alphabet).
_Ways = tuple[int, int]


@dataclass
class _Fragment:
    """A part of the automaton: positions it can start with and end with, and ways past it."""

    first: dict[int, _Ways] = field(default_factory=dict)
    last: dict[int, _Ways] = field(default_factory=dict)
    skip: _Ways = (0, 0)


def _through(before: _Ways, after: _Ways) -> _Ways:
    if before[0] * after[0] > _MOST_WAYS:
        raise DoubtError
    return before[0] * after[0], before[1] & after[1]


def _add(ways: dict[int, _Ways], more: dict[int, _Ways]) -> None:
    for position, (count, mask) in more.items():
        known = ways.get(position, (0, 0))
        if mask:
            ways[position] = (known[0] + count, known[1] | mask)


class Automaton:
    """The automaton of one pattern, or of what one assertion looks for (Glushkov's construction).

    Position 0 is the start; the others are numbered from left to right. The positions of an
    outermost loop are one component, every other position is a component of its own.
    """

    def __init__(
        self, alphabet: Alphabet, tree: Any, flags: int, *, repeated: bool = False
    ) -> None:
        self._alphabet = alphabet
        self._repeated = repeated
        self._loop: int | None = None
        self.component = [0]
        self.edges: list[dict[int, _Ways]] = [{}]
        self.assertions: list[Automaton] = []
        self._empty = _Fragment(skip=(1, alphabet.all))
        start = _Fragment(last={0: self._empty.skip})
        self._join(start, self._sequence(tree, flags))

    # Building: each part of the parse tree becomes a fragment.

    def _sequence(self, tree: Any, flags: int) -> _Fragment:
        whole = self._empty
        for operator, argument in tree:
            if operator in CLASSES:
                part = self._class(self._alphabet.matched(operator, argument, flags))
            else:
                part = getattr(self, _PARTS[operator])(argument, flags)
            whole = self._join(whole, part)
        return whole

    def _class(self, mask: int) -> _Fragment:
        position = len(self.component)
        self.component.append(position if self._loop is None else self._loop)
        self.edges.append({})
        everything = self._alphabet.all
        return _Fragment({position: (1, mask)}, {position: (1, everything)})

    def _join(self, before: _Fragment, after: _Fragment) -> _Fragment:
        for position, ways in before.last.items():
            onward = {to: _through(ways, more) for to, more in after.first.items()}
            _add(self.edges[position], onward)
            self._alphabet.spend(len(onward) * _EDGE)
        whole = _Fragment(dict(before.first), dict(after.last), _through(before.skip, after.skip))
        if before.skip[0]:
            _add(whole.first, {to: _through(before.skip, w) for to, w in after.first.items()})
        if after.skip[0]:
            _add(whole.last, {at: _through(w, after.skip) for at, w in before.last.items()})
        return whole

    def _either(self, parts: Iterable[_Fragment]) -> _Fragment:
        whole = _Fragment()
        for part in parts:
            _add(whole.first, part.first)
            _add(whole.last, part.last)
            whole.skip = (whole.skip[0] + part.skip[0], whole.skip[1] | part.skip[1])
        return whole

    def _branch(self, argument: Any, flags: int) -> _Fragment:
        return self._either([self._sequence(branch, flags) for branch in argument[1]])

    def _group(self, argument: Any, flags: int) -> _Fragment:
        group, added, removed, body = argument
        if added & _parser.TYPE_FLAGS:
            flags &= ~_parser.TYPE_FLAGS
        flags = (flags | added) & ~removed
        if group is not None and self._repeated and [item[0] for item in body] == [_constants.IN]:
            self._merged(body[0][1], flags)
        return self._sequence(body, flags)

    def _merged(self, items: Any, flags: int) -> None:
        """Refuse ``(.|a)*`` where the parser has made one class of overlapping branches.

        Such a class does not backtrack, but that is no doing of the pattern's author.
        """
        seen = 0
        for item in items:
            if item[0] is _constants.NEGATE:
                return
            mask = self._alphabet.matched(_constants.IN, [item], flags & ~re.IGNORECASE)
            if seen & mask:
                raise DoubtError
            seen |= mask

    def _repeat(self, argument: Any, flags: int) -> _Fragment:
        low, high, body = argument
        endless = high is ENDLESS
        copies = low if endless else high
        if copies * self._alphabet.size(body) > _WRITTEN_OUT:
            low, copies, endless = min(low, 1), min(low, 1), True
        repeated, self._repeated = self._repeated, self._repeated or endless or copies > 1
        parts = [self._sequence(body, flags) for _ in range(copies - endless)]
        if endless:
            parts.append(self._endless(body, flags))
        self._repeated = repeated
        whole = self._empty
        for index in reversed(range(len(parts))):
            whole = self._join(parts[index], whole)
            if index >= low:
                whole = self._either([whole, self._empty])
        return whole

    def _endless(self, body: Any, flags: int) -> _Fragment:
        outermost = self._loop is None
        if outermost:
            self._loop = len(self.component)
        part = self._sequence(body, flags)
        if outermost:
            self._loop = None
        if part.skip[0]:
            raise DoubtError
        self._join(part, part)
        return part

    def _possessive(self, argument: Any, flags: int) -> _Fragment:
        """Keep what follows ``[…]++`` from starting with what it would have taken."""
        part = self._repeat(argument, flags)
        _, high, body = argument
        if high is ENDLESS and len(body) == 1 and body[0][0] in CLASSES:
            rest = self._alphabet.all & ~self._alphabet.matched(body[0][0], body[0][1], flags)
            part.last = {at: (count, mask & rest) for at, (count, mask) in part.last.items()}
            part.skip = (part.skip[0], part.skip[1] & rest)
        return part

    def _atomic(self, argument: Any, flags: int) -> _Fragment:
        if len(argument) == 1 and argument[0][0] in REPEATS:
            return self._possessive(argument[0][1], flags)
        return self._sequence(argument, flags)

    def _assert(self, argument: Any, flags: int) -> _Fragment:
        direction, body = argument
        if direction > 0 and len(body) == 1 and body[0][0] in CLASSES:
            return _Fragment(skip=(1, self._alphabet.matched(body[0][0], body[0][1], flags)))
        inner = Automaton(self._alphabet, body, flags, repeated=self._repeated)
        self.assertions.append(inner)
        return self._empty

    def _assert_not(self, argument: Any, flags: int) -> _Fragment:
        part = self._assert(argument, flags)
        if part is self._empty:
            return part
        return _Fragment(skip=(1, self._alphabet.all & ~part.skip[1]))

    def _back_reference(self, argument: Any, flags: int) -> _Fragment:
        """Let a group's text, which may be any, be any."""
        if self._repeated:
            raise DoubtError
        return self._repeat((0, ENDLESS, [(_constants.ANY, None)]), flags | re.DOTALL)

    def _conditional(self, argument: Any, flags: int) -> _Fragment:
        if self._repeated:
            raise DoubtError
        return self._either([self._sequence(branch or [], flags) for branch in argument[1:]])

    def _nothing(self, argument: Any, flags: int) -> _Fragment:
        del argument, flags
        return self._empty
