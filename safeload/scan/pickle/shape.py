"""How what a stream makes hangs together, as far as that costs whoever makes, prints or frees it.

Some of what C code does with an object goes from part to part by recursion without a look at the
stack: freeing chains of arrays, deques, partial functions and the like. (Lists, dicts, tuples and
instances of Python classes are freed another way.) Keys are hashed and compared; what recurs is
printed wherever it does.

Trust: the tokens are hostile. Legitimate writers finish a part before the whole, but nothing relies
on
that: what becomes deeper later is counted on top.
Source: ``Py_TRASHCAN_BEGIN`` in CPython, and what lacks it: ``deque_dealloc``, ``partial_dealloc``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from safeload.limits import Limits
from safeload.scan.bounds.budget import OverLimitError, WorkBudget
from safeload.scan.bounds.collisions import check_collisions
from safeload.scan.bounds.expansion import check_expansion
from safeload.scan.pickle.consumption import Consumption
from safeload.scan.program import ObjectToken, Token, Use

__all__ = ["LONG_TEXT", "Shape"]

_TEXT = frozenset([str])
# Characters of a text that is compared, where it is a key, in no more than a microsecond.
LONG_TEXT = 10_000
_NESTING = frozenset([ObjectToken, tuple])
# A tuple that is no deeper and no longer is looked at anew wherever it stands.
_FLAT, _NARROW = 2, 4
# A stream of few opcodes may be larger than they allow for.
_OPCODES = 100


class Shape:
    """The shape of one stream's objects.

    Args:
        limits: ``nesting`` and ``expansion`` apply.
        budget: What hashing and comparing is paid from.
        taken: Bounds what a key is made of.

    Attributes:
        long_text: Whether there is a text that takes longer to compare than what recalls it.
        recurring: What was taken from the memo, by identity.
        hashing: Dicts, sets and objects like them with keys that are not a text, by identity.
    """

    def __init__(self, limits: Limits, budget: WorkBudget, taken: Consumption) -> None:
        self._limits = limits
        self._budget = budget
        self._taken = taken
        self.long_text = False
        self.recurring: dict[int, Token] = {}
        self.hashing: dict[int, Token] = {}
        # How deep tuples are, by identity; they are kept alive, so that no other has it.
        self._deep: dict[int, int] = {}
        self._kept: list[Token] = []
        # By how much results of calls were made deeper after they had become part of others.
        self._late = 0

    def hash_keys(self, holder: Token, keys: Sequence[Token]) -> None:
        """Note that keys, or items of a set, are put into something that hashes them.

        Raises:
            OverLimitError: Hashing or comparing them takes too long.
        """
        if not _TEXT.issuperset(map(type, keys)):
            self._taken.check_keys(keys)
            self.hashing[id(holder)] = holder
        if self.long_text:
            long = sum(len(key) for key in keys if type(key) is str and len(key) > LONG_TEXT)
            self._budget.spend(long, "Keys are too long to compare.")

    def give_arguments(self, made: ObjectToken, args: Token) -> None:
        """Note what an instance is made with: a named tuple, say, is hashed as a tuple is.

        Raises:
            OverLimitError: It, or what it is made with, is nested too deeply.
        """
        deepest = self._taken.take_whole(args)
        tuples = self.nest_tuple(args) if type(args) is tuple else 0
        self.nest(made, max(deepest, tuples))

    def nest_tuple(self, made: tuple[Token, ...]) -> int:
        """Note a tuple that has tuples in it, or named tuples: it is hashed by recursion.

        Returns:
            How deep it is.

        Raises:
            OverLimitError: Tuples are nested too deeply to be hashed.
        """
        depth = self._depth(made)
        if depth > self._limits.nesting:
            raise OverLimitError("Tuples are nested too deeply.", "nesting")
        if depth > _FLAT or len(made) > _NARROW:
            # A few bytes recall it as often as they like, so that it is not looked at again.
            self._deep[id(made)] = depth
            self._kept.append(made)
        return depth

    def _depth(self, made: tuple[Token, ...]) -> int:
        """How deep a tuple is; a few items that are no tuples are looked at anew."""
        deepest = 0
        if not _NESTING.isdisjoint(map(type, made)):
            for token in made:
                depth = 0
                if type(token) is tuple:
                    depth = self._deep.get(id(token)) or self._depth(token)
                elif type(token) is ObjectToken and token.use is Use.CONSTRUCT:
                    depth = token.depth
                deepest = max(deepest, depth)
        return 1 + deepest

    def put_into(self, target: ObjectToken, items: Iterable[Token]) -> None:
        """Note that items become part of what a call returned.

        Raises:
            OverLimitError: Results of calls are nested too deeply.
        """
        depth = 0
        for item in items:
            if type(item) is ObjectToken:
                item.nested = True
                depth = max(depth, item.depth)
        self.nest(target, depth)

    def nest(self, target: ObjectToken, depth: int) -> None:
        """Note how deep it is what is now within the result of a call.

        Raises:
            OverLimitError: Results of calls are nested too deeply.
        """
        deeper = depth + 1 - target.depth
        if deeper <= 0:
            return
        if target.nested:
            # What it is nested in has become deeper as well, by no more than this.
            self._late += deeper
        target.depth += deeper
        if target.depth + self._late > self._limits.nesting:
            raise OverLimitError("Results of calls are nested too deeply.", "nesting")

    def check(self, opcodes: int) -> None:
        """Bound what it costs to fill all dicts and sets, and to print what recurs.

        Args:
            opcodes: Of the whole stream.

        Raises:
            OverLimitError: It costs too much.
        """
        for holder in self.hashing.values():
            self._budget.check_time()
            check_collisions(holder, self._budget)
        most = self._limits.expansion * max(_OPCODES, opcodes)
        check_expansion(self.recurring.values(), most)
