"""One object of a stream: what it is made with and what its state may be.

A call or construction must pass the argument rule of its entry; every state must be plain
attributes, none of which changes what Python or a notebook asks of the object.

Trust: objects are hostile, the policy is ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from safeload.errors import printable
from safeload.policy.callables.models import ModelPlaces
from safeload.policy.policy import Entry, Policy
from safeload.policy.rules import RULES, Rule
from safeload.policy.rules.attributes import (
    LONGEST_NAME,
    looked_at,
    resource_problem,
    value_problems,
)
from safeload.policy.rules.attributes import Places as ValuePlaces
from safeload.policy.rules.classes import FILLED_BY_CALL, OWN_STATES
from safeload.policy.rules.refitting import keeps_pickles
from safeload.scan.bounds.given import pay_for_parts
from safeload.scan.program import Global, Mapping, ObjectToken, Token, Use
from safeload.scan.texts import text_of

__all__ = ["Inspector"]

_STRINGS = frozenset([str])
# Of how many states the names are remembered from one file to the next, and of how many attributes.
_FORMS, _ATTRIBUTES = 1_024, 64
# What looks into the parts of objects that have no rule.
_WITHOUT_RULE = "without a rule"
# What notebooks ask an object for, and what scikit-learn and sktime put into their pages as it is.
_SHOWN = (
    "_doc_link_", "_get_doc_link", "_get_fitted_attr_html", "_get_params_html", "_html_repr",
    "_ipython_", "_repr_", "_sk_visual_block_",
)  # fmt: skip
# Texts that scipy and numpy set on instances: distributions and vectorised functions.
_LABELS = frozenset(["__doc__", "__name__"])


# What is constructed and takes a tuple for its state.
_TUPLES = frozenset(
    [
        ("numpy.ma", "MaskedArray"),
        ("numpy.ma.core", "MaskedArray"),
        ("pandas.core.internals.managers", "BlockManager"),
        ("pandas.core.internals.managers", "SingleBlockManager"),
        ("scipy.interpolate._bsplines", "BSpline"),
        ("sklearn.neighbors._ball_tree", "BallTree"),
        ("sklearn.neighbors._ball_tree", "BallTree32"),
        ("sklearn.neighbors._ball_tree", "BallTree64"),
        ("sklearn.neighbors._kd_tree", "KDTree"),
        ("sklearn.neighbors._kd_tree", "KDTree32"),
        ("sklearn.neighbors._kd_tree", "KDTree64"),
    ]
)
# Nothing that begins with one of these can be read as names and values.
_NUMBERS = frozenset([int, float, bool, type(None)])
_DICTS = frozenset([Mapping, type(None)])
_KEYWORDS = frozenset([ObjectToken, Mapping])


class Inspector:
    """Judges objects one by one and remembers what it knows of their classes and keys.

    Args:
        policy: The allow-list.
        refitting: Whether the file has what fits while it predicts.
        resources: Whether it has a path or a logger.

    Attributes:
        native: Objects whose native state is to be checked, by the name of the check.
    """

    def __init__(self, policy: Policy, *, refitting: bool, resources: bool) -> None:
        self.native: dict[str, list[ObjectToken]] = {}
        self._policy = policy
        self._refitting = refitting
        self._resources = resources
        self._models = ModelPlaces(policy)
        self._entries: dict[Global, tuple[Entry | None, Rule]] = {}
        # Keys of states that are plain attributes, and where among them those are whose values
        # are looked at.
        self._plain: dict[tuple[str, ...], ValuePlaces] = {}

    def __call__(self, built: ObjectToken) -> list[tuple[str, str]]:
        """What is wrong with an object, as rules and reasons.

        Args:
            built: Any object of the stream.
        """
        target = built.callable
        if not isinstance(target, Global):
            return [
                (
                    "SL107",
                    "the file makes it itself, so that no name tells what it does",
                )
            ]
        known = self._entries.get(target)
        if known is None:
            known = self._entries[target] = self._look_up(target)
        entry, rule = known
        if entry is None:
            # Already refused by name; whatever it is given does not matter any more.
            return []
        if entry.native is not None:
            self.native.setdefault(entry.native, []).append(built)
        problems = []
        reason = rule(built)
        if reason is not None:
            problems.append(("SL103", reason))
        if built.items and target.module != "collections":
            # Some dictionaries answer for attributes with their items.
            reasons = map(_dunder, map(text_of, built.items))
            problems += [("SL105", reason) for reason in reasons if reason]
        if built.states:
            # Most states have the keys of one before, and many have none whose value matters.
            places = self._known(built.states[0]) if len(built.states) == 1 else None
            if places is None:
                problems += [("SL105", reason) for reason in self._states(built, entry)]
            # What has no dict for a state has no attributes, such as arrays and dtypes.
            if dicts := built.dicts():
                if places != []:
                    problems += value_problems(built, target, dicts, self._known)
                problems += [("SL103", reason) for reason in self._held(built, entry) if reason]
        return problems

    def _held(self, built: ObjectToken, entry: Entry) -> list[str | None]:
        """What more is asked of a state, whatever the class."""
        reasons = [self._models.misplaced(built)]
        if self._resources:
            reasons.append(resource_problem(built, entry.resources))
        if self._refitting:
            reasons.append(keeps_pickles(built))
        return reasons

    def _look_up(self, target: Global) -> tuple[Entry | None, Rule]:
        entry = self._policy.get(target.module, target.name)
        return entry, RULES[entry.rule] if entry is not None and entry.rule else _without_rule

    def _states(self, built: ObjectToken, entry: Entry) -> Iterator[str]:
        if len(built.states) > 1:
            yield "it is given a state twice"
        for state in built.states:
            if type(state) is not Mapping and entry.rule in OWN_STATES:
                # The rule has judged it.
                continue
            reason = self._state(built, state)
            if reason is not None:
                yield reason

    def _state(self, built: ObjectToken, state: Token) -> str | None:
        """Why a state may not be given, or None.

        A dict becomes attributes, and so do the two dicts of a pair (the second through
        ``setattr``). Any other form goes to ``__setstate__``, which may make attributes of a list
        of pairs or call the methods of an object in the place of a dict: only code that was
        written for what it is given gets that.
        """
        if type(state) is Mapping:
            return self._keys(state)
        if type(state) is tuple and (
            _takes_tuple(built)
            or (len(state) == 2 and _DICTS.issuperset(map(type, state)))
            or type(next(iter(state), None)) in _NUMBERS
        ):
            if ObjectToken in map(type, state) and any(map(self._is_dict, state)):
                return "its state has a dictionary of another class in the place of a dict"
            # The fields of a dtype are no attributes, whatever their names are.
            dicts = () if built.is_of("numpy", "dtype") else state
            reasons = (self._keys(part) for part in dicts if type(part) is Mapping)
            return next(filter(None, reasons), None)
        return "its state is not a dict"

    def _is_dict(self, part: Token) -> bool:
        """Whether an object may be of a class of dicts, whose items Python takes for attributes."""
        target = part.callable if type(part) is ObjectToken else None
        if type(target) is not Global:
            return False
        entry = self._policy.get(target.module, target.name)
        return entry is not None and (Use.FILL in entry.uses or entry.rule in FILLED_BY_CALL)

    def _known(self, state: Token) -> ValuePlaces | None:
        """Where a state of plain attributes has values to look at; None for any other."""
        try:
            return self._plain.get(state.form) if type(state) is Mapping else None
        except TypeError:
            # No dict has a list for a key, but the file may say so.
            return None

    def _keys(self, state: Mapping) -> str | None:
        keys = state.form
        if not _STRINGS.issuperset(map(type, keys)):
            return "an attribute's name is not a string"
        if keys in self._plain:
            return None
        if max(map(len, keys), default=0) > LONGEST_NAME:
            return "an attribute's name is too long"
        if not _LABELS.isdisjoint(keys):
            return _problem_of(keys, state.values)
        # The next file has classes of the same names as this one.
        names = _of_names if len(keys) <= _ATTRIBUTES else _of_names.__wrapped__
        problem, places = names(keys)
        if problem is None:
            self._plain[keys] = places
        return problem


@lru_cache(maxsize=_FORMS)
def _of_names(keys: tuple[str, ...]) -> tuple[str | None, ValuePlaces]:
    """Why attributes may not have these names, or None; and which of them are looked at."""
    return _problem_of(keys, ()), looked_at(keys)


def _problem_of(keys: tuple[str, ...], values: Sequence[Token]) -> str | None:
    """Why attributes of these names may not be set together, or None.

    Args:
        keys: Their names, none of them very long.
        values: Their values, if there are labels among them.
    """
    if len(set(keys)) < len(keys):
        # Which of the two counts, and when, nobody has to find out: no writer does this.
        return "an attribute is set twice"
    for place in [place for place, key in enumerate(keys) if key.startswith("_")]:
        key = keys[place]
        if key in _LABELS and (values[place] is None or type(values[place]) is str):
            continue
        reason = _dunder(key)
        if reason is not None:
            return reason
    return None


def _dunder(key: Token) -> str | None:
    """Why an attribute of this name may not be set, or None.

    Names with double underscores are Python's own; the others are run by notebooks to show an
    object.
    """
    if type(key) is not str or not key.startswith("_"):
        return None
    if (key.startswith("__") and key.endswith("__")) or key.startswith(_SHOWN):
        return f"it sets {printable(key)}"
    return None


def _takes_tuple(built: ObjectToken) -> bool:
    """Whether the state of an object may be a tuple of anything: its class looks into it."""
    target = built.callable
    return built.use is Use.CALL or (target.module, target.name) in _TUPLES


def _without_rule(built: ObjectToken) -> str | None:
    """What is asked of an object whose entry has no rule."""
    pay_for_parts(built, _WITHOUT_RULE)
    if built.use is Use.CONSTRUCT and (built.args != () or not _is_empty(built.kwargs)):
        return "it is constructed with arguments"
    return None


def _is_empty(kwargs: Token) -> bool:
    return kwargs is None or (isinstance(kwargs, Mapping) and not kwargs)
