"""Argument rules for a team's own classes, whose pickled form Python's own helpers decide.

The same contract as :mod:`safeload.policy.rules`. A policy file names these rules for classes
that are built on dataclasses or on the containers of ``collections``.

Trust: all arguments and states are hostile.
Source: ``_dataclass_setstate`` of CPython's ``dataclasses.py``; ``__reduce__`` of ``collections``.
"""

from __future__ import annotations

from safeload.policy.rules.rule import Rule
from safeload.scan.program import Collection, Global, Mapping, ObjectToken
from safeload.soundness.keys import is_key

__all__ = ["CLASS_RULES", "FILLED_BY_CALL", "LIST_STATES", "OWN_STATES"]


# Rules of classes whose state is a list; anywhere else a list could be one of names and values.
LIST_STATES = frozenset(["dataclass"])
# Rules that judge states of a form that is allowed nowhere else.
OWN_STATES = LIST_STATES | {"attribute_dict", "scipy_distribution"}
# Rules of classes that are given their items by a call, so that no use says that they have some.
FILLED_BY_CALL = frozenset(["subclass_of_container"])

_LISTED = frozenset([tuple, list, Mapping, Collection])


def _dataclass(built: ObjectToken) -> str | None:
    """No arguments; a state that is the list of the values of a frozen dataclass with slots.

    The class itself knows the names of its fields, and their order.
    """
    if built.args != () or built.kwargs or built.items:
        return "it is constructed with arguments"
    if all(type(state) is list for state in built.states):
        return None
    return "its state is not a list of the values of its fields"


def _subclass_of_container(built: ObjectToken) -> str | None:
    """What the file itself lists, after the factory of a ``defaultdict``; attributes may follow.

    For subclasses of ``Counter``, ``OrderedDict``, ``defaultdict`` and ``deque``. Made from any
    other object they would iterate over it, or call its methods, while loading.
    """
    args = built.args
    if built.kwargs:
        return "a container is not made the way pickle makes it"
    factory = args[0] if args else None
    if isinstance(factory, Global) or factory is None:
        args = args[1:]
    if all(type(part) in _LISTED or part is None or type(part) is int for part in args):
        return None
    return "a container is not made from items that the file lists"


def _slice_bounds(built: ObjectToken) -> str | None:
    """Three bounds: numbers of Python's or numpy's, names of columns, dates, or None.

    ``slice(start, stop, step)``.
    """
    args = built.args
    if len(args) != 3 or built.kwargs or built.states:
        return "a slice is not made the way pickle makes it"
    return None if all(map(is_key, args)) else "its bounds are neither numbers nor names"


def _attribute_dict(built: ObjectToken) -> str | None:
    """A dict whose items are its attributes: a state that is the dict itself, or none."""
    if built.args != () or built.kwargs:
        return "it is constructed with arguments"
    if any(state is not built for state in built.states):
        return "its attributes are something other than its items"
    keys = Mapping(built.items).keys
    if all(type(key) is str for key in keys):
        return None
    return "an attribute's name is not a string"


CLASS_RULES: dict[str, Rule] = {
    "attribute_dict": _attribute_dict,
    "dataclass": _dataclass,
    "slice_bounds": _slice_bounds,
    "subclass_of_container": _subclass_of_container,
}
