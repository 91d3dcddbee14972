"""Argument rules for a team's own classes, whose pickled form Python's own helpers decide.

The same contract as :mod:`safeload.policy.arguments`. A policy file names these rules for classes
that are built on dataclasses or on the containers of ``collections``.

Trust: all arguments and states are hostile.
Source: ``_dataclass_setstate`` of CPython's ``dataclasses.py``; ``__reduce__`` of ``collections``.
"""

from __future__ import annotations

from collections.abc import Callable

from safeload.scan.program import Built, Collection, Global, Mapping

__all__ = ["CLASS_RULES", "LIST_STATES"]

Rule = Callable[[Built], str | None]

# Rules of classes whose state is a list; anywhere else a list could be one of names and values.
LIST_STATES = frozenset(["dataclass"])

_LISTED = frozenset([tuple, list, Mapping, Collection])


def _dataclass(built: Built) -> str | None:
    """No arguments; a state that is the list of the values of a frozen dataclass with slots.

    The class itself knows the names of its fields, and their order.
    """
    if built.args != () or built.kwargs or built.items:
        return "it is constructed with arguments"
    if all(type(state) is list for state in built.states):
        return None
    return "its state is no list of the values of its fields"


def _subclass_of_container(built: Built) -> str | None:
    """What the file itself lists, after the factory of a ``defaultdict``; attributes may follow.

    For subclasses of ``Counter``, ``OrderedDict``, ``defaultdict`` and ``deque``. Made from any
    other object they would iterate over it, or call its methods, while loading.
    """
    args = built.args
    if type(args) is not tuple or built.kwargs:
        return "a container is made in another way than pickle does"
    factory = args[0] if args else None
    if isinstance(factory, Global) or factory is None:
        args = args[1:]
    if all(type(part) in _LISTED or part is None or type(part) is int for part in args):
        return None
    return "a container is made from something that the stream does not list"


CLASS_RULES: dict[str, Rule] = {
    "dataclass": _dataclass,
    "subclass_of_container": _subclass_of_container,
}
