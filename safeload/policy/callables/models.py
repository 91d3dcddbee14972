"""Is what stands where a model asks another one for its answers a model at all?

A pipeline calls ``transform`` of its steps with whatever the step before made, a stack ``predict``
of its estimators. Paths, tables and arrays have methods that delete, write and evaluate, and a raw
booster takes a text for the name of a file. So in these attributes stand classes that the packs
know as estimators, the texts and numbers that scikit-learn takes in their place, and lists, dicts
and arrays of these. A class that a team lists itself may stand there, too.

No model stands within itself: whoever shows, copies or asks it would go round for ever. Nor do
models stand in many more places than the file writes down: thirty unions, each twice in the next,
would be shown for years.

Which attributes these are is derived from the sources, by ``tools/derive_holders.py``.

Trust: states are hostile; policy and tables are ours.
Source: scikit-learn ``pipeline.py``, ``_stacking.py``, ``_frozen.py`` (``__getattr__``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from safeload.forks import IMPORTING
from safeload.policy.callables.holders import called_as, is_estimator, models_of
from safeload.policy.packs import shipped_packs
from safeload.policy.policy import Policy
from safeload.policy.rules.plain import is_numpy
from safeload.scan.bounds.allowance import look_into
from safeload.scan.program import Array, Blob, Global, Mapping, ObjectToken, Program, Token

__all__ = ["ModelPlaces"]

_REASON = "something that is not a model is in the place of one"
_CIRCLE = "a model stands within itself"
_MANY = "its models are used in very many places"
# How many places models may stand in, for each place that is written; a few may stand in more.
_PLACES, _FEW = 16, 200
# "passthrough", "drop", None, a number of clusters: what stands for a model or for none.
_ATOMS = frozenset([type(None), bool, int, float, str, Blob])
# Of a column transformer: which columns come after the model.
_WITH_COLUMNS = frozenset(["transformers", "transformers_"])
_TRIPLE = 3
# A named tuple of columns, other columns, and the model that fills in the ones by the others.
_FILLED_IN = ("sklearn.impute._iterative", "_ImputerTriplet")


@dataclass(slots=True)
class _Visit:
    """What is being looked through.

    Attributes:
        key: Its identity, and whether columns stand beside the models in it.
        below: What it holds that was not looked at yet.
        size: How many models were found so far.
    """

    key: tuple[int, bool]
    below: Iterator[tuple[Token, bool]]
    size: int


class ModelPlaces:
    """Looks for other things than models where models belong.

    Args:
        policy: The allow-list.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._packs = {pack.source for pack in shipped_packs().values()}
        self._places: dict[tuple[str, tuple[Token, ...]], list[tuple[int, bool]]] = {}
        # What has been looked into, and how: more than one object may hold it.
        self._seen: set[tuple[int, bool]] = set()
        # How many models something holds, each counted wherever it stands, and itself.
        self._sizes: dict[tuple[int, bool], int] = {}
        # Places that the file writes down.
        self._written = 0

    def misplaced(self, built: ObjectToken) -> str | None:
        """Why an object may not hold what it holds, or None.

        Args:
            built: Any object.
        """
        held = self._held_by(built)
        for value, has_columns in held:
            if not self._are_models(value, has_columns=has_columns):
                return _REASON
        return self._entangled(built) if held or self._kept_by(built) else None

    def _held_by(self, built: ObjectToken) -> list[tuple[Token, bool]]:
        """What an object has in the places of models, and whether columns stand beside."""
        cls = built.callable
        if type(cls) is not Global:
            return []
        library = cls.module.partition(".")[0]
        found = []
        for part in built.dicts():
            where = self._where(library, part.form)
            if where:
                values = part.values
                found += [(values[index], has_columns) for index, has_columns in where]
        return found

    def _kept_by(self, built: ObjectToken) -> list[ObjectToken]:
        """The models that one of scikit-learn has in other places, where it shows them as well."""
        cls = built.callable
        if type(cls) is not Global or not cls.module.startswith("sklearn."):
            return []
        found: list[ObjectToken] = []
        for part in built.dicts():
            if ObjectToken in map(type, part.pairs):
                found += filter(_is_estimator, part.values)
        return found

    def _entangled(self, built: ObjectToken) -> str | None:
        """Why the models that an object holds may not hang together as they do, or None."""
        way = [self._visit((id(built), False), built)]
        on_way = {way[0].key}
        while way:
            visit = way[-1]
            for token, has_columns in visit.below:
                key = (id(token), has_columns)
                if key in on_way:
                    return _CIRCLE
                if type(token) in _ATOMS:
                    continue
                if key not in self._sizes:
                    way.append(self._visit(key, token))
                    on_way.add(key)
                    break
                visit.size += self._sizes[key]
                self._written += 1
            else:
                way.pop()
                on_way.remove(visit.key)
                self._sizes[visit.key] = visit.size
                if way:
                    way[-1].size += visit.size
        return _MANY if visit.size > _PLACES * self._written + _FEW else None

    def _visit(self, key: tuple[int, bool], token: Token) -> _Visit:
        is_model = type(token) is ObjectToken and not is_numpy(token)
        self._written += is_model
        return _Visit(key, iter(self._below(token, has_columns=key[1])), int(is_model))

    def _below(self, token: Token, *, has_columns: bool) -> list[tuple[Token, bool]]:
        if type(token) is ObjectToken and not is_numpy(token):
            if token.is_of(*_FILLED_IN) and type(token.args) is tuple and token.args:
                return [(token.args[-1], False)]
            held = self._held_by(token)
            counted = {id(model) for model, _ in held}
            kept = [model for model in self._kept_by(token) if id(model) not in counted]
            return [*held, *((model, False) for model in kept)]
        return [(part, has_columns) for part in _parts(token, has_columns=has_columns) or ()]

    def _where(self, library: str, form: tuple[Token, ...]) -> list[tuple[int, bool]]:
        """Where among the attributes of a state models stand, and whether columns stand beside."""
        try:
            known = self._places.get((library, form))
        except TypeError:
            # A list for the name of an attribute, which is refused for that.
            return []
        if known is None:
            names = models_of(library)
            known = self._places[library, form] = [
                (index, key in _WITH_COLUMNS)
                for index, key in enumerate(() if names.isdisjoint(form) else form)
                if type(key) is str and key in names
            ]
        return known

    def _are_models(self, value: Token, *, has_columns: bool) -> bool:
        pending = [value]
        while pending:
            token = pending.pop()
            kind = type(token)
            if kind in _ATOMS:
                continue
            if kind is ObjectToken and not is_numpy(token):
                if not self._is_model(token, pending):
                    return False
                continue
            if (id(token), has_columns) in self._seen:
                continue
            self._seen.add((id(token), has_columns))
            parts = _parts(token, has_columns=has_columns)
            if parts is None:
                return False
            look_into(token, len(parts))
            pending += parts
        return True

    def _is_model(self, token: ObjectToken, pending: list[Token]) -> bool:
        cls = token.callable
        if type(cls) is not Global:
            # Refused for that.
            return True
        name = (cls.module, cls.name)
        if name == _FILLED_IN and type(token.args) is tuple and len(token.args) == _TRIPLE:
            pending.append(token.args[-1])
            return True
        if cls.module == "numpy" and _is_number(token):
            return True
        entry = self._policy.get(*name)
        # What is on no list was refused for that; what a team lists is the team's to answer for.
        if entry is None or entry.source not in self._packs:
            return True
        # What compares samples by a kernel is a model of sktime, and answers to nothing else.
        return is_estimator(*name) or called_as(*name) == "gp_kernel"


def _is_estimator(token: Token) -> TypeGuard[ObjectToken]:
    if type(token) is not ObjectToken:
        return False
    cls = token.callable
    return type(cls) is Global and is_estimator(cls.module, cls.name)


def _is_number(token: ObjectToken) -> bool:
    """Whether a token is a number of numpy's as skops makes it, such as of clusters."""
    with IMPORTING:
        from safeload.soundness.values import scalar

    return isinstance(getattr(scalar(token), "item", lambda: None)(), int | float)


def _parts(token: Token, *, has_columns: bool) -> Sequence[Token] | None:
    """What a container holds models in, or None if it is none that may."""
    kind = type(token)
    if kind is tuple and has_columns and len(token) == _TRIPLE:
        return [token[1]]
    if isinstance(token, Mapping):
        return [*token.values]
    if isinstance(token, list | tuple) and kind in (list, tuple):
        return token
    if kind is Array and type(token.span) is Program:
        return [token.span.root]
    if kind is ObjectToken:
        return _of_numpy(token)
    return None


def _of_numpy(token: ObjectToken) -> list[Token] | None:
    """The objects of an array of objects; nothing of a number; None of any other array."""
    if token.callable.name == "scalar":
        return []
    state = token.states[-1] if token.states else None
    if type(state) is tuple and state and type(state[-1]) is list:
        return state[-1]
    return None
