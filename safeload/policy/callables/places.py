"""Where does a callable stand, and may one of its kind stand there?

A model calls what its attributes hold. The table of holders says which attributes are called, and
which kinds each of them takes; any other attribute takes types at most, which nothing calls. Lists,
dicts and arrays of objects pass on what may stand in them. Where no object holds them, anything may
lie: only the program that loads the file could call it.

What a search over parameters tries is set on the estimators that it fits: it may be what the
attribute of that name takes.

Trust: tokens are hostile; policy and table are ours.
Source: ``_parameter_constraints`` of scikit-learn's estimators; ``ParameterGrid``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from safeload.errors import printable
from safeload.policy.callables.combinators import (
    COMBINATORS,
    UntypedError,
    is_combinator,
    is_passing,
    may_give_text,
    owner_of,
    signature_of,
)
from safeload.policy.callables.holders import (
    Attributes,
    Holder,
    called_as,
    holder,
    kinds_of_attribute,
)
from safeload.policy.policy import Policy
from safeload.policy.rules.plain import is_container
from safeload.scan.bounds.allowance import look_into
from safeload.scan.program import (
    Array,
    Blob,
    Collection,
    Global,
    GlobalUse,
    Mapping,
    ObjectToken,
    Program,
    Token,
    Use,
)
from safeload.scan.runs import Run
from safeload.scan.storage import Storage

__all__ = ["Place", "Places"]

_TYPE = "type"
# Attributes that hold parameters of other estimators, by their names.
_OF_PARAMETERS = frozenset(["best_params_", "cv_results_", "param_distributions", "param_grid"])
_ATOMS = frozenset([type(None), bool, int, float, str, Blob, Run, Storage])
_DICTS = frozenset([Mapping, type(None)])
# Libraries whose models read the file of that name where they are given a text.
_TAKE_PATHS = frozenset(["catboost", "xgboost"])
# Functions that make an object of the class that they are given first.
_MAKERS = ("__pyx_unpickle_", "newObj")
_OF_ARRAYS = frozenset(["_mareconstruct", "_reconstruct"])
# numpy 1.24 to 1.26 gives them the function that makes their parts; their own rule says which.
_OF_PARTS = frozenset(
    [("numpy.random._pickle", f"__{name}_ctor") for name in ("generator", "randomstate")]
)


@dataclass(frozen=True, slots=True)
class Place:
    """What may stand somewhere.

    Attributes:
        kinds: The kinds of callables, and ``"type"``.
        called: Whether something calls what stands there.
        by_name: Whether it is a dict whose keys name the attributes that its values are set on.
    """

    kinds: frozenset[str]
    called: bool = False
    by_name: bool = False


# What the parts of a state are called that is a tuple of no more than these.
_NUMBERED = tuple([f"[{index}]" for index in range(16)])

_TYPES = Place(frozenset([_TYPE]))
_PARAMETERS = Place(frozenset([_TYPE]), by_name=True)
_FACTORY = Place(frozenset(["factory"]), called=True)
_PARTS = Place(frozenset([_TYPE, "own"]))


class Places:
    """Looks at where the callables of a file stand.

    Args:
        programs: All streams of the file.
        policy: The allow-list.
    """

    def __init__(self, programs: Sequence[Program], policy: Policy) -> None:
        self._policy = policy
        # Without any, nothing but a type can stand in the wrong place.
        self._has_callables = any(
            _may_be_called(use, policy) for program in programs for use in program.globals
        )
        libraries = {
            use.module.partition(".")[0] for program in programs for use in program.globals
        }
        # A library of this file whose models read a file where they are given a text for data.
        self._takes_paths = min(libraries & _TAKE_PATHS, default=None)
        self._places: dict[tuple[int, tuple[Token, ...]], list[tuple[int, str, Place]]] = {}
        self._seen: set[tuple[int, Place]] = set()

    def misplaced(self, program: Program) -> Iterator[tuple[str, ObjectToken, str]]:
        """Every object that is a callable of no kind, or holds one of a kind that it may not hold.

        Args:
            program: One of the streams. What an array of objects holds is looked at where the array
                stands.

        Returns:
            The rule that says so, the object, and the reason.
        """
        roles: dict[int, _Role] = {}
        for built in program.built:
            cls = built.callable
            role = roles.get(id(cls))
            if role is None:
                role = roles[id(cls)] = _role_of(built)
            if role is _Role.PASSED_OVER or (
                role is _Role.OBJECT and not built.states and not self._has_callables
            ):
                continue
            if role is _Role.COMBINATOR:
                reason = None if is_passing(built) else self._untyped(built)
                if reason is not None:
                    yield "SL103", built, reason
                if not built.states or built.is_of("functools", "partial"):
                    continue
            if role is _Role.FACTORY:
                reason = self._visit(next(iter(built.args), None), _FACTORY, built)
            else:
                reason = self._object(built, _class_of(built, cls))
            if reason is not None:
                yield "SL110", built, reason

    def _untyped(self, built: ObjectToken) -> str | None:
        try:
            signature_of(built, self._policy)
        except UntypedError as error:
            return f"it {error}"
        return None

    def _object(self, built: ObjectToken, cls: Global) -> str | None:
        """Why an object may not hold what it holds, or None."""
        row = holder(cls.module, cls.name)
        for state in built.states:
            reason = self._state(built, cls, row, state)
            if reason is not None:
                return reason
        if not self._has_callables:
            return None
        given = (built.args, built.kwargs, built.items)
        place = _PARTS if (cls.module, cls.name) in _OF_PARTS else _TYPES
        return next(filter(None, (self._visit(part, place, built) for part in given)), None)

    def _state(self, built: ObjectToken, cls: Global, row: Attributes, state: Token) -> str | None:
        if type(state) is Mapping:
            return self._attributes(built, cls, row, [state])
        if type(state) is not tuple:
            return self._visit(state, _TYPES, built) if self._has_callables else None
        if len(state) == 2 and _DICTS.issuperset(map(type, state)):
            return self._attributes(built, cls, row, [part for part in state if part is not None])
        # The parts of a tuple have their places for names.
        names = _numbered(len(state))
        if not self._to_look_at(cls, row, names):
            return None
        named = Mapping(item for pair in zip(names, state, strict=True) for item in pair)
        return self._attributes(built, cls, row, [named])

    def _attributes(
        self, built: ObjectToken, cls: Global, row: Attributes, parts: list[Mapping]
    ) -> str | None:
        """Why what the dicts of a state set may not stand there, or None."""
        for part in parts:
            found = self._to_look_at(cls, row, part.form)
            values = part.values if found else ()
            for index, key, place in found:
                value = values[index]
                if type(value) in _ATOMS:
                    continue
                reason = self._visit(value, place, built)
                if reason is None and "array" in place.kinds:
                    reason = self._text_for_a_path(value)
                beside = row[key].keywords if key in row else None
                if reason is None and beside is not None:
                    keywords = (other.get(beside) for other in parts)
                    reasons = (self._keywords(value, each) for each in keywords)
                    reason = next(filter(None, reasons), None)
                if reason is not None:
                    return f"{printable(key)}: {reason}"
        return None

    def _to_look_at(
        self, cls: Global, row: Attributes, form: tuple[Token, ...]
    ) -> list[tuple[int, str, Place]]:
        """Where among the attributes of a state those are that matter, and what may stand there."""
        try:
            known = self._places.get((id(cls), form))
        except TypeError:
            # A list for the name of an attribute, which is refused for that.
            return []
        if known is None:
            matters = self._has_callables or not (
                row.keys().isdisjoint(form) and _OF_PARAMETERS.isdisjoint(form)
            )
            known = self._places[id(cls), form] = [
                (index, key, _place_of(row.get(key), key))
                for index, key in enumerate(form if matters else ())
                if type(key) is str and (self._has_callables or key in row or key in _OF_PARAMETERS)
            ]
        return known

    def _keywords(self, function: Token, keywords: Token) -> str | None:
        """Why a callable may not be given the keyword arguments kept beside it, or None."""
        if keywords is None or type(keywords) in _ATOMS:
            return None
        try:
            signature = signature_of(function, self._policy)
        except UntypedError:
            # Said of the callable itself.
            return None
        if signature is None:
            return None
        if type(keywords) is not Mapping:
            return "its keyword arguments are not a dict"
        look_into(keywords, len(keywords))
        pairs = zip(keywords.keys, keywords.values, strict=True)
        return next(filter(None, (signature.refuses(*pair) for pair in pairs)), None)

    def _visit(self, value: Token, place: Place, held_by: ObjectToken | None) -> str | None:
        """Why something in a value may not stand in a place, or None."""
        pending = [value]
        while pending:
            token = pending.pop()
            kind = type(token)
            if kind in _ATOMS:
                continue
            if kind is Array:
                if type(token.span) is Program:
                    pending.append(token.span.root)
                continue
            reason = None
            if kind is Global:
                reason = self._global(token, place)
            elif kind is ObjectToken and not is_container(token):
                reason = self._instance(token, place, held_by)
            elif (id(token), place) not in self._seen:
                self._seen.add((id(token), place))
                reason = self._open(token, place, held_by, pending)
            if reason is not None:
                return reason
        return None

    def _open(
        self, token: Token, place: Place, held_by: ObjectToken | None, pending: list[Token]
    ) -> str | None:
        """Put the parts of a container among what is still to be looked at."""
        if type(token) is Mapping:
            look_into(token, len(token))
            if not place.by_name:
                # As they lie there: what stands for many pairs at once is texts and numbers.
                pending += [item for item in token if type(item) not in _ATOMS]
                return None
            for key, value in zip(token.keys, token.values, strict=True):
                reason = self._visit(value, _named(key), held_by)
                if reason is not None:
                    return reason
            return None
        if type(token) is Collection:
            parts = token.items
        elif type(token) is ObjectToken:
            parts = [token.args, token.kwargs, token.items, *token.states]
            if token.is_of("collections", "defaultdict"):
                # Its factory was looked at where it was made.
                parts[0] = token.args[1:]
            elif token.callable.name in _OF_ARRAYS:
                # The others are the classes that numpy makes it of.
                parts = [*token.states]
        else:
            parts = token
        look_into(token, len(parts))
        pending += [part for part in parts if type(part) not in _ATOMS]
        return None

    def _global(self, token: Global, place: Place) -> str | None:
        entry = self._policy.entries.get((token.module, token.name))
        if entry is None:
            return f"{printable(token.path)} is a method without its object"
        kinds = entry.signature.kinds if entry.signature is not None else frozenset()
        # A class that may be no value at all was refused for that.
        is_type = entry.is_type or not kinds
        if kinds & place.kinds or (is_type and _TYPE in place.kinds):
            return None
        what = ", ".join(sorted(kinds)) or _TYPE
        return f"{printable(token.path)} ({what}) stands where {_wanted(place)}"

    def _text_for_a_path(self, function: Token) -> str | None:
        """Why what may give a single text may be no step before a model of the file, or None."""
        if self._takes_paths is None:
            return None
        try:
            signature = signature_of(function, self._policy)
        except UntypedError:
            # Said of the callable itself.
            return None
        if signature is None or not may_give_text(function, signature):
            return None
        return f"returns text, which {self._takes_paths} takes for the path of a file"

    def _instance(
        self, token: ObjectToken, place: Place, held_by: ObjectToken | None
    ) -> str | None:
        cls = token.callable
        if is_combinator(token):
            try:
                signature = signature_of(token, self._policy)
            except UntypedError:
                # Said of the callable itself.
                return None
            kinds = signature.kinds if signature is not None else frozenset()
            if "own" in kinds & place.kinds and not _is_own(token, held_by):
                return "a method of another object stands where its own is called"
            if kinds & place.kinds:
                return None
            what = ", ".join(sorted(kinds))
            return f"{printable(cls.path)} ({what}) stands where {_wanted(place)}"
        if not place.called or type(cls) is not Global:
            return None
        kind = called_as(cls.module, cls.name)
        if kind is None or kind in place.kinds:
            return None
        return f"{printable(cls.path)}, which can be called, stands where {_wanted(place)}"


class _Role(Enum):
    """What an object is to be looked at as."""

    COMBINATOR = auto()
    FACTORY = auto()
    OBJECT = auto()
    PASSED_OVER = auto()


def _role_of(built: ObjectToken) -> _Role:
    if type(built.callable) is not Global:
        # Refused for that.
        return _Role.PASSED_OVER
    if is_combinator(built):
        return _Role.COMBINATOR
    if built.is_of("collections", "defaultdict"):
        return _Role.FACTORY
    # What is in a container is looked at where that stands.
    return _Role.PASSED_OVER if is_container(built) else _Role.OBJECT


def _is_own(token: ObjectToken, held_by: ObjectToken | None) -> bool:
    """Whether a bound method belongs to what keeps it, or to whatever keeps that."""
    return held_by is None or is_combinator(held_by) or owner_of(token) is held_by


def _class_of(built: ObjectToken, made_by: Global) -> Global:
    """The class of an object: what makes objects of compiled classes is given it."""
    first = built.args[0] if type(built.args) is tuple and built.args else None
    if type(first) is Global and made_by.name.startswith(_MAKERS):
        return first
    return made_by


def _numbered(length: int) -> tuple[str, ...]:
    """The names of the parts of a state that is a tuple."""
    if length <= len(_NUMBERED):
        return _NUMBERED[:length]
    return tuple([f"[{index}]" for index in range(length)])


def _place_of(held: Holder | None, key: str) -> Place:
    if held is not None:
        return Place(held.kinds, called=True)
    return _PARAMETERS if key in _OF_PARAMETERS else _TYPES


def _named(key: Token) -> Place:
    """What the attribute takes whose name is the last part of ``step__parameter``."""
    name = key.rpartition("__")[2].removeprefix("param_") if type(key) is str else ""
    if name == "params":
        return _PARAMETERS
    kinds = kinds_of_attribute(name)
    return Place(kinds, called=True) if kinds else _TYPES


def _wanted(place: Place) -> str:
    kinds = sorted(place.kinds - {_TYPE})
    if kinds:
        return f"only {', '.join(kinds)} may be called"
    return "nothing may be called" if place.called else "no callable may be kept"


def _may_be_called(use: GlobalUse, policy: Policy) -> bool:
    """Whether a name, or what is made by it, may stand somewhere and be more than a type."""
    name = use.module, use.name
    entry = policy.entries.get(name)
    if entry is None or name in COMBINATORS or name == ("collections", "defaultdict"):
        return True
    # What the stream itself calls, and leaves nowhere, nobody calls later.
    return entry.signature is not None and not entry.is_type and Use.REFERENCE in use.uses
