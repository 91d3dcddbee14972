"""The characters that a regular expression can tell apart, and the limits of judging it.

A parsed pattern becomes an alphabet: finitely many characters, such that classes which share any
character share one of these; each class becomes a bit mask over them.

Trust: the pattern is hostile. One class at a time is compiled and matched, against the alphabet.
Source: CPython's ``re._compiler``, which says what a class matches under which flags.
"""

from __future__ import annotations

import functools
import re
import sys
from array import array
from collections.abc import Iterable
from re import _compiler, _constants, _parser  # type: ignore[attr-defined]
from typing import Any

__all__ = ["CLASSES", "ENDLESS", "REPEATS", "Alphabet", "DoubtError"]

ENDLESS = _constants.MAXREPEAT
CLASSES = {_constants.LITERAL, _constants.NOT_LITERAL, _constants.ANY, _constants.IN}
REPEATS = {_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT}

# What a pattern may cost to judge: levels of nesting; items once its counted repeats are written
# out; steps of the analysis; characters of ranges whose case ``re`` folds one by one.
_MOST_DEPTH = 40
_MOST_EXPANDED = 5_000
_MOST_STEPS = 1_000_000
_MOST_FOLDED = 1_000_000
# Steps that take as long as matching one class does.
_CLASS = 500

# Characters looked at together: a text of all of them would take a hundred megabytes; and together
# for whether there is any that has case, which are few.
_PIECE, _FEW = 0x2000, 0x80
_RUNS = re.compile(r"\d+|[^\W\d]+|\s+|[^\w\s]+")

# Flags become binary digits.
_DIGITS = bytes.maketrans(b"\0\1", b"01")


class DoubtError(Exception):
    """The pattern is exponential, or too costly to tell."""


# Beyond ASCII one character each that is a letter, a digit, a space and none of these. What a
# pattern without case tells apart by its classes, it tells apart by them, if all characters that it
# spells out are ASCII; to look through Unicode for every run takes longer than most judgements.
_ASCII = frozenset(map(chr, range(128)))
_FEW_KINDS = _ASCII | frozenset("\u00e9\u0663\u2003\u20ac")


@functools.cache
def _representatives() -> frozenset[str]:
    """One character at least of each kind that word, digit, space and case classes can tell apart.

    They are the first of each run of one kind in Unicode, each character that has case, and the
    one after it: with the ends of a pattern's own ranges, no two classes overlap unseen.
    """
    found = set(_ASCII)
    for start in range(0, sys.maxunicode + 1, _PIECE):
        numbers = array("I", range(start, start + _PIECE))
        piece = str(numbers, f"utf-32-{sys.byteorder[0]}e", "surrogatepass")
        found |= {run[0][0] for run in _RUNS.finditer(piece)}
        # No character beyond the second plane has case.
        if start < 0x20000:
            cased = _cased(piece)
            found.update(cased, (chr(ord(char) + 1) for char in cased))
    return frozenset(found)


def _cased(piece: str) -> list[str]:
    found: list[str] = []
    for start in range(0, len(piece), _FEW):
        few = piece[start : start + _FEW]
        if few.lower() != few or few.upper() != few:
            found += [char for char in few if char.lower() != char or char.upper() != char]
    return found


class Alphabet:
    """The characters that a pattern can tell apart, which of them its classes match, and limits.

    Args:
        tree: The pattern, parsed.

    Attributes:
        steps: What the analysis has cost so far.
    """

    def __init__(self, tree: Any) -> None:
        self._ends: set[int] = set()
        self._folds = False
        if self.size(tree) > _MOST_EXPANDED:
            raise DoubtError
        ends = {chr(min(end, sys.maxunicode)) for end in self._ends}
        folds = self._folds or tree.state.flags & re.IGNORECASE
        few = not folds and max(self._ends, default=0) <= len(_ASCII)
        self._chars = "".join(sorted((_FEW_KINDS if few else _representatives()) | ends))
        self.all = (1 << len(self._chars)) - 1
        self._masks: dict[tuple[str, int], int] = {}
        self._folded = 0
        self.steps = 0

    def spend(self, steps: int) -> None:
        """Count steps of the analysis against its limit."""
        self.steps += steps
        if self.steps > _MOST_STEPS:
            raise DoubtError

    def size(self, tree: Any, depth: int = 0) -> int:
        """Count a parse tree's items with repeats written out, and note the ends of its classes."""
        if depth > _MOST_DEPTH:
            raise DoubtError
        total = 0
        for operator, argument in tree:
            if operator in CLASSES:
                self._note([(operator, argument)])
                total += 1
            elif operator in REPEATS:
                low, high, body = argument
                times = low + 1 if high is ENDLESS else high
                total += max(1, times) * self.size(body, depth + 1)
            else:
                if operator is _constants.SUBPATTERN and argument[1] & re.IGNORECASE:
                    self._folds = True
                total += 1 + sum(self.size(child, depth + 1) for child in _children(argument))
        return max(1, total)

    def _note(self, items: Iterable[Any]) -> None:
        for operator, argument in items:
            if operator is _constants.IN:
                self._note(argument)
            elif operator is _constants.RANGE:
                self._ends |= {argument[0], argument[1] + 1}
            elif operator in CLASSES and argument is not None:
                self._ends |= {argument, argument + 1}

    def matched(self, operator: Any, argument: Any, flags: int) -> int:
        """Ask ``re`` itself which characters one class matches, a bit each."""
        key = (f"{operator} {argument}", flags)
        if key not in self._masks:
            self.spend(_CLASS)
            if flags & re.IGNORECASE and operator is _constants.IN:
                ranges = [item for kind, item in argument if kind is _constants.RANGE]
                self._folded += sum(min(high, 0xFFFF) - low for low, high in ranges if low < 0xFFFF)
                if self._folded > _MOST_FOLDED:
                    raise DoubtError
            state = _parser.State()
            state.flags = flags
            one = _compiler.compile(_parser.SubPattern(state, [(operator, argument)]), flags)
            found = bytearray(len(self._chars))
            for match in one.finditer(self._chars):
                found[match.start()] = 1
            self._masks[key] = int(found.translate(_DIGITS), 2)
        return self._masks[key]


def _children(argument: Any) -> Iterable[Any]:
    if isinstance(argument, _parser.SubPattern):
        yield argument
    elif isinstance(argument, tuple | list):
        for item in argument:
            yield from _children(item)
