"""By how much may what a model computes be longer than what it is given?

numpy's numbers keep their size, whatever is computed from them. Python's texts and whole numbers do
not: a product of a text repeats it, a square has twice the digits, and a power has as many as the
data say. Forty squares one after the other take three kilobytes, and more memory than there is. So
what the callables of a file make longer is bounded along the way that data take: the steps of a
pipeline follow each other, other parts stand side by side.

Whole numbers are Python's own in arrays of objects alone. Where a file has nothing that makes such
arrays of numbers, only texts can become longer.

Trust: tokens are hostile; policy and table are ours.
Source: the loops of numpy's universal functions over objects, which call Python's operators.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import inf, log2

from safeload.forks import IMPORTING
from safeload.limits import Limits
from safeload.policy.callables.combinators import is_combinator
from safeload.policy.policy import Policy
from safeload.policy.rules.plain import is_numpy
from safeload.scan.bounds.allowance import look_into
from safeload.scan.bounds.budget import OverLimitError
from safeload.scan.bounds.weight import size_of
from safeload.scan.program import (
    Array,
    Collection,
    Global,
    Mapping,
    ObjectToken,
    Program,
    Token,
    Use,
)

__all__ = ["Growth"]

_GROWING = frozenset(["methodcaller", "multiply", "power", "square", "sub"])
# Classes that put what their parts give side by side, which makes objects of texts and numbers.
_JOINING = frozenset(["ColumnTransformer", "FeatureUnion"])
# Libraries that make no arrays of objects of numbers that were none, beside those classes.
_OF_NUMBERS = frozenset(
    "_codecs builtins collections copyreg functools joblib numpy re scipy sklearn".split()
)
_OBJECTS = frozenset(["builtins.object", "numpy.object_"])
_KEEPING = frozenset(["array", "select"])
_PARTED = frozenset([Array, ObjectToken, Collection, Mapping, Global, list, tuple])
_NAMED = frozenset([Global, type(None)])
# One after the other; what other lists hold works side by side.
_STEPS = frozenset(["steps", "steps_"])
# What a search tried, and with what, is no part of what it found.
_TRIED = frozenset(["cv_results_", "param_distributions", "param_grid"])
# What makes numbers of its data first, of objects as well, or an error.
_VALIDATING = ("sklearn.preprocessing._function_transformer", "FunctionTransformer")
# What a model keeps of its callables for fitting only: it has a transformer that predicts.
_FITTING = ("sklearn.compose._target", "TransformedTargetRegressor")
_FUNCTIONS = frozenset(["func", "inverse_func"])
# Bits of a number of numpy's that is a whole one.
_BITS = 63.0


class Growth:
    """Looks for what makes texts and whole numbers of Python longer.

    Args:
        programs: All streams of the file.
        policy: The allow-list.
        limits: ``growth`` applies.
    """

    def __init__(self, programs: Sequence[Program], policy: Policy, limits: Limits) -> None:
        self._programs = programs
        self._policy = policy
        self._most = log2(max(limits.growth, 1))
        self._grows = any(
            use.name.rpartition(".")[2] in _GROWING
            for program in programs
            for use in program.globals
        )
        # Found out when it is first needed.
        self._numbers: bool | None = None

    def _of_numbers(self) -> bool:
        """Whether no whole numbers of Python come into arrays."""
        if self._numbers is None:
            self._numbers = self._find_numbers()
        return self._numbers

    def _find_numbers(self) -> bool:
        uses = (use for program in self._programs for use in program.globals)
        return not (
            any(_keeps_objects(use.module, use.name, use.uses, self._policy) for use in uses)
            or any(map(_has_objects, self._programs))
        )

    def problem(self, program: Program) -> str | None:
        """Why nothing bounds what the callables in a stream make longer, or None.

        Args:
            program: One of the streams.

        Raises:
            OverLimitError: There is a bound, and it is higher than it may be.
        """
        if not self._grows:
            return None
        totals: dict[int, float] = {}
        for token in _inner_first(program.root):
            totals[id(token)] = self._total(token, totals)
        total = totals.get(id(program.root), 0.0)
        if total == inf:
            return "A power of a whole number is as long as the data say; one of 2.0 is not."
        if total > self._most:
            raise OverLimitError(
                "What it computes from whole numbers or texts gets too long", "growth"
            )
        return None

    def _total(self, token: Token, totals: dict[int, float]) -> float:
        """The logarithm of how much longer a token and what it holds make a text or number."""
        if type(token) is Global:
            return 0.0 if self._of_numbers() else float(_is_numpys(token, "square"))
        if type(token) is ObjectToken:
            own = self._of_combinator(token, totals) if is_combinator(token) else 0.0
            return own + _of_object(token, totals)
        return _highest(_parts(token), totals)

    def _of_combinator(self, built: ObjectToken, totals: dict[int, float]) -> float:
        if built.is_of("operator", "methodcaller"):
            return _of_texts(built.args)
        state = built.states[0] if len(built.states) == 1 else None
        if not built.is_of("functools", "partial") or type(state) is not tuple or len(state) < 2:
            return 0.0
        function, given = state[0], state[1]
        if type(function) is not Global or type(given) is not tuple or not given:
            return 0.0
        if function.path == "re.sub":
            # Each character of the template may stand for all that was found.
            return log2(1 + max(map(_length, given)))
        if _is_numpys(function, "multiply"):
            return _bits(given[0])
        is_power = _is_numpys(function, "power") and not self._of_numbers()
        return inf if is_power and _bits(given[0]) else 0.0


def _is_numpys(token: Global, name: str) -> bool:
    return token.module.partition(".")[0] == "numpy" and token.name == name


def _of_texts(args: Token) -> float:
    """What ``replace(old, new)`` makes of a text."""
    if type(args) is not tuple or len(args) < len(("replace", "old", "new")):
        return 0.0
    if args[0] != "replace":
        return 0.0
    old, new = _length(args[1]), _length(args[2])
    return log2(max(1.0, new / old)) if old else log2(1 + new)


def _length(token: Token) -> int:
    return len(token) if type(token) is str else 0


def _bits(operand: Token) -> float:
    """The digits that a product with a number has in addition, or times that it repeats a text."""
    if type(operand) is int:
        return log2(max(abs(operand), 1))
    if operand is None or type(operand) in (bool, float):
        return 0.0
    # It needs numpy, which is not imported before a model keeps such a thing.
    with IMPORTING:
        from safeload.soundness.values import scalar

    number = scalar(operand)
    return 0.0 if getattr(getattr(number, "dtype", None), "kind", "") in ("b", "c", "f") else _BITS


def _of_object(token: ObjectToken, totals: dict[int, float]) -> float:
    """What an object does with what it holds: what its attributes do, one after the other."""
    found = _highest([token.args, token.kwargs, *token.items], totals)
    for state in token.states:
        for part in state if type(state) is tuple else (state,):
            if type(part) is not Mapping:
                found = max(found, totals.get(id(part), 0.0))
                continue
            if token.is_of(*_VALIDATING) and part.get("validate") is True:
                continue
            passed_over = _TRIED | _FUNCTIONS if token.is_of(*_FITTING) else _TRIED
            growing = [
                (key, value)
                for key, value in zip(part.keys, part.values, strict=True)
                if type(key) is str and key not in passed_over and totals.get(id(value))
            ]
            for key, value in growing:
                if f"{key}_" in part.form:
                    # The fitted one is what works.
                    continue
                items = value if key in _STEPS and type(value) in (list, tuple) else (value,)
                found += sum(totals.get(id(item), 0.0) for item in items)
    return found


def _highest(tokens: Iterable[Token], totals: dict[int, float]) -> float:
    return max((totals.get(id(token), 0.0) for token in tokens), default=0.0)


def _inner_first(root: Token) -> Iterator[Token]:
    """A token and all that it holds, each behind what it holds itself."""
    seen: set[int] = set()
    pending = [(root, False)]
    while pending:
        token, is_walked = pending.pop()
        if is_walked:
            yield token
        elif id(token) not in seen:
            seen.add(id(token))
            pending.append((token, True))
            pending += [(part, False) for part in _parts(token) if type(part) in _PARTED]


def _parts(token: Token) -> Iterable[Token]:
    """What a token holds."""
    kind = type(token)
    if kind is Array:
        return [token.span.root] if type(token.span) is Program else ()
    if kind is ObjectToken:
        return [token.args, token.kwargs, *token.states, *token.items]
    if kind in (list, tuple, Collection, Mapping):
        look_into(token, size_of(token))
        items: Iterable[Token] = token.items if kind is Collection else token
        return items
    return ()


def _keeps_objects(module: str, name: str, uses: frozenset[Use], policy: Policy) -> bool:
    """Whether what has this name may make arrays of objects that hold numbers."""
    if f"{module}.{name}" in _OBJECTS or name in _JOINING:
        return True
    entry = policy.entries.get((module, name))
    signature = entry.signature if entry is not None and Use.REFERENCE in uses else None
    if signature is not None and signature.kinds & _KEEPING:
        return True
    return module == "operator" or module.partition(".")[0] not in _OF_NUMBERS


def _has_objects(program: Program) -> bool:
    """Whether a stream has an array of objects in which whole numbers are, or sets such a dtype."""
    if _has_whole(program.root):
        return True
    for built in program.built:
        for state in built.states:
            if is_numpy(built) and type(state) is tuple and _has_whole(state[-1:]):
                return True
            if type(state) is Mapping and (
                type(state.get("dtype")) not in _NAMED or any(map(_has_whole, state.values))
            ):
                return True
    return False


def _has_whole(token: Token) -> bool:
    """Whether a list has whole numbers in it, or in lists within it: an array's items, perhaps."""
    pending = [token]
    while pending:
        part = pending.pop()
        if type(part) is list or part is token:
            items = part if type(part) in (list, tuple) else ()
            look_into(part, len(items))
            if type(part) is list and int in map(type, items):
                return True
            pending += [item for item in items if type(item) is list]
    return False
