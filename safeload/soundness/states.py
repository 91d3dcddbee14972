"""States as attributes, and what a check says of those that are not sound.

Trust: states are hostile; whatever is in another form than a legitimate writer gives it is an
:class:`UnsoundError`.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from functools import wraps
from typing import Any

from safeload.scan.bounds.allowance import look_into
from safeload.scan.bounds.weight import size_of
from safeload.scan.program import Mapping, ObjectToken, Token

__all__ = [
    "MISSING",
    "Attributes",
    "Unread",
    "UnreadError",
    "UnsoundError",
    "attributes",
    "each",
    "in_order",
    "unshadowed",
]

Attributes = dict[str, Token]

# Stands for an attribute that is not there, where None may be one that is.
MISSING: Any = type("Missing", (), {"__repr__": lambda _: "MISSING"})()

_STRINGS = frozenset([str])


class UnsoundError(Exception):
    """Native code must not be handed this state; the text says why, attribute first."""


class UnreadError(Exception):
    """The state is in a form that no check reads; the text says which, attribute first."""


class Unread(str):
    """What was not read, where a check gives the reason why something is not sound."""

    __slots__ = ()


def each(
    check: Callable[[ObjectToken], None],
) -> Callable[[Sequence[ObjectToken]], Iterator[tuple[ObjectToken, str]]]:
    """Make a check of all objects of a kind from the check of one.

    The check raises UnsoundError, or UnreadError where it cannot tell.
    """

    @wraps(check)
    def check_all(builts: Sequence[ObjectToken]) -> Iterator[tuple[ObjectToken, str]]:
        for built in builts:
            try:
                check(built)
            except UnsoundError as error:
                yield built, str(error)
            except UnreadError as error:
                yield built, Unread(error)

    return check_all


def attributes(built: ObjectToken) -> Attributes:
    """The attributes that an object's state sets, by name.

    Args:
        built: An object whose state is a dict, or a pair of dicts (the second for slots).

    Returns:
        The attributes; empty without a state.

    Raises:
        UnsoundError: The state has another form, or sets an attribute twice: it would be a matter
            of order which of the two is there when it counts.
    """
    found: Attributes = {}
    for state in built.states:
        parts = state if type(state) is tuple else (state,)
        look_into(parts, len(parts))
        for part in parts:
            if part is None:
                continue
            if not isinstance(part, Mapping):
                raise UnsoundError("its state is not a dict")
            look_into(part, size_of(part))
            keys = part.keys
            if not _STRINGS.issuperset(map(type, keys)):
                raise UnsoundError("an attribute's name is not a string")
            before = len(found)
            found.update(zip(keys, part.values, strict=True))
            if len(found) - before != len(keys):
                raise UnsoundError("an attribute is set twice")
    return found


def in_order(built: ObjectToken, names: list[str]) -> Sequence[Token]:
    """Some attributes of an object, without a look at each name where they stand as they should.

    Args:
        built: As :func:`attributes` takes it.
        names: The attributes, in the order in which a legitimate writer has them, and no others.

    Returns:
        A token for each name, :data:`MISSING` for one that is not set.

    Raises:
        UnsoundError: As :func:`attributes`.
    """
    if len(built.states) == 1:
        state = built.states[0]
        if type(state) is Mapping and state[::2] == names:
            return state[1::2]
    found = attributes(built)
    return [found.get(name, MISSING) for name in names]


def unshadowed(attributes: Container[str], names: Iterable[str]) -> None:
    """Refuse attributes that stand before what a class has under the same name.

    Args:
        attributes: What an object's state sets.
        names: Methods and constants of its class that native code relies on.

    Raises:
        UnsoundError: One of the names is set.
    """
    for name in names:
        if name in attributes:
            raise UnsoundError(f"{name} replaces a method of the class")
