"""Regular expressions whose matching can take time exponential in the text, or a high power of it.

A model may hold a compiled pattern as its tokeniser; one such as ``(a+)+$`` then freezes the
process at the first prediction. A pattern and its flags become a yes or no: its parse tree becomes
an automaton (`pattern_automaton`), and the ways that a backtracking matcher can take are that
automaton's runs.

1. They are exponential where a loop has two runs over one text from one position to another
   (Weber and Seidl's criterion EDA); such a pattern is refused.
2. Otherwise they are counted from above, for one start of a match. Runs that can stand at different
   positions after one text add up. A loop that can be entered again while an earlier run is still
   in it multiplies: by the text's length, if what stands before it can wait in a loop as well.
3. An assertion costs its own runs wherever it is tried.

Trust: the pattern is hostile. It is parsed, never matched, and refused where a limit stops the
analysis. False says that each start of a match costs about n² steps at most; searching adds one n.
Source: Weber and Seidl, "On the degree of ambiguity of finite automata" (1991).
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Mapping
from re import _parser  # type: ignore[attr-defined]

from safeload.policy.patterns.alphabet import Alphabet, DoubtError
from safeload.policy.patterns.automaton import Automaton
from safeload.scan.bounds.allowance import judge_pattern, spend
from safeload.warned import silenced

__all__ = ["backtracks"]

# The length of text, in characters, for which runs are counted, and how many may stand at once:
# a few for each point at which one loop can be entered.
_TEXT = 1_000
_MOST_RUNS = 32 * _TEXT

# Steps of an analysis that cost the file one.
_AT_ONCE = 100

# Characters of a pattern.
_LONGEST = 2_000

# Words with a letter in them, as many tokenisers ask for. What follows the letters goes as far as
# the word does, so that the boundary is always there and nothing is tried again; the analysis does
# not see that far.
_LETTERS = ("[a-z]", "[a-zA-Z]", "[A-Za-z]")
_KNOWN = frozenset(
    rf"{flags}\b\w*{letter}+\w*\b"
    for flags in ("", "(?u)", "(?i)", "(?ui)", "(?iu)")
    for letter in _LETTERS
)

_Edge = tuple[int, int]


def backtracks(pattern: str, flags: int) -> bool:
    """Whether matching a pattern can take exponential time, or more than quadratic from one start.

    Args:
        pattern: The pattern's text; a bytes pattern's as Latin-1.
        flags: Its ``re`` flags. Without ``re.UNICODE`` it is also read as ASCII, as bytes are.

    Returns:
        True if it can, or if the pattern is longer than any tokeniser needs, or cannot be parsed or
        judged within the limits.
    """
    if len(pattern) > _LONGEST:
        return True
    if pattern in _KNOWN:
        return False
    return judge_pattern(pattern, flags, _backtracks)


def _backtracks(pattern: str, flags: int) -> bool:
    try:
        # A possible nested set is no concern of this judgement.
        with silenced():
            tree = _parser.parse(pattern, flags & ~int(re.DEBUG))
        readings = [tree.state.flags]
        if not flags & re.UNICODE:
            readings.append(tree.state.flags & ~int(re.UNICODE) | int(re.ASCII))
        alphabet = Alphabet(tree)
        try:
            runs = [_Runs(Automaton(alphabet, tree, reading), alphabet) for reading in readings]
        finally:
            # Each pattern has its limit; all of them together pay for it with the file's.
            spend(alphabet.steps // _AT_ONCE, "Its regular expressions take too long to check.")
        return any(each.runs * each.looking > _MOST_RUNS for each in runs)
    # KeyError: an operator that a later Python may add.
    except (re.error, RecursionError, OverflowError, ValueError, KeyError, DoubtError):
        return True


def _cost(assertion: Automaton, alphabet: Alphabet) -> float:
    """Bound the steps of trying an assertion once."""
    counted = _Runs(assertion, alphabet)
    return counted.runs * counted.looking * (_TEXT if counted.lasting else 1)


class _Runs:
    """How many runs of an automaton can stand at once after one text of ``_TEXT`` characters.

    Attributes:
        runs: The number, at most.
        looking: What each step of a run costs in assertions, in steps; at least 1.
        lasting: Whether a run can be as long as the text.
    """

    def __init__(self, automaton: Automaton, alphabet: Alphabet) -> None:
        self._alphabet = alphabet
        self._component = automaton.component
        self._rows = [[(to, mask) for to, (_, mask) in row.items()] for row in automaton.edges]
        self._sources: list[dict[int, int]] = [{} for _ in automaton.edges]
        for position, row in enumerate(automaton.edges):
            for to, (count, _) in row.items():
                self._sources[to][position] = count
        self._loops = {
            self._component[to]
            for to, sources in enumerate(self._sources)
            if any(position >= to for position in sources)
        }
        self._refuse_exponential()
        self._partners = self._coincidences(self._rows, exponential=False)
        self.runs = self._count()
        self.looking = max(1.0, sum(_cost(inner, alphabet) for inner in automaton.assertions))
        self.lasting = bool(self._loops)

    def _refuse_exponential(self) -> None:
        """Raise if two runs over one text lead from a loop's position to one of its positions.

        All positions of a loop are reached from each other, so that the two can be repeated.
        """
        within = [
            [edge for edge in row if self._component[edge[0]] == self._component[position]]
            for position, row in enumerate(self._rows)
        ]
        for position, row in enumerate(within):
            if any(self._sources[to][position] > 1 for to, _ in row):
                raise DoubtError
        self._coincidences(within, exponential=True)

    def _coincidences(self, rows: list[list[_Edge]], *, exponential: bool) -> list[set[int]]:
        """Find which positions two runs can stand at after one text.

        Args:
            rows: The edges to follow, by position; at any position the two may still be one.
            exponential: Raise where two that parted come together again.

        Returns:
            For each position, the others at which a second run can stand.
        """
        partners: list[set[int]] = [set() for _ in rows]
        # Positions that end one loop mostly have the same row, which is met with itself once.
        todo = [(list(row), list(row), False) for row in {tuple(row): None for row in rows}]
        while todo:
            left, right, parted = todo.pop()
            self._alphabet.spend(len(left) * len(right))
            for one, mask in left:
                for other, needed in right:
                    if not mask & needed:
                        continue
                    if one == other:
                        if exponential and parted:
                            raise DoubtError
                    elif other not in partners[one]:
                        partners[one].add(other)
                        partners[other].add(one)
                        todo.append((rows[one], rows[other], True))
        return partners

    def _count(self) -> float:
        """Bound the runs that can stand at once, from left to right."""
        runs = [1.0]
        waits: list[set[int]] = [set()]
        while len(runs) < len(self._rows):
            loop = self._component[len(runs)]
            members = list(range(len(runs), bisect.bisect_right(self._component, loop)))
            entries: dict[int, int] = {}
            for member in members:
                for source, count in self._sources[member].items():
                    if source < members[0]:
                        entries[source] = entries.get(source, 0) + count
            waiting = set().union(*(waits[source] for source in entries))
            arriving = {source: runs[source] * count for source, count in entries.items()}
            if loop in self._loops:
                waiting.add(loop)
                total = self._entering(members, arriving, waits)
            else:
                total = self._together(arriving)
            runs += [total] * len(members)
            waits += [waiting] * len(members)
        return self._together(dict(enumerate(runs)))

    def _entering(
        self, members: list[int], arriving: Mapping[int, float], waits: list[set[int]]
    ) -> float:
        """Bound the runs at one position of a loop, which stay in it once they have entered."""
        outside = set().union(*(self._partners[member] for member in members)) - set(members)
        waiting = {self._component[position] for position in outside} & self._loops
        once, total = {}, 0.0
        for source, count in arriving.items():
            if source not in outside:
                once[source] = count
            elif waits[source] & waiting:
                total += count * _TEXT
            else:
                # It stands before the loop at no more points of the text than there are positions.
                total += count * min(source + 1, _TEXT)
        return total + self._together(once)

    def _together(self, runs: Mapping[int, float]) -> float:
        """Sum the runs at those positions at which some can stand after the same text."""
        self._alphabet.spend(len(runs))
        most = 0.0
        for position in runs:
            near = self._partners[position]
            self._alphabet.spend(min(len(near), len(runs)))
            beside = (runs[other] for other in near & runs.keys())
            most = max(most, runs[position] + sum(beside))
        return most
