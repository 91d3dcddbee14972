"""How does what was found of a file become a line of text, and come back exactly as it was?

The cache keeps such lines, and workers send them. A dataclass is the list of its fields, in order;
what is read back has to be of the types that the dataclasses say, to the last item.

Trust: a line may have been damaged. It becomes a whole report or an error, and never another type
of object than those that a report is made of.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache, partial
from itertools import product
from typing import Any, Union, get_args, get_origin, get_type_hints

from safeload.verdict import FileReport, Skipped, verdict_of

__all__ = ["as_row", "from_row"]

# What JSON and Python write alike.
_PLAIN = frozenset([str, int, bool, type(None)])
_KINDS: dict[str, type[FileReport | Skipped]] = {"file": FileReport, "skipped": Skipped}


def as_row(found: FileReport | Skipped) -> str:
    """Write a report as a line of ASCII, without its path.

    Args:
        found: What was found of a file.
    """
    kind = next(kind for kind, cls in _KINDS.items() if type(found) is cls)
    # The path comes first, and is another one wherever the same bytes lie.
    return json.dumps([kind, *_values(found)[1:]], separators=(",", ":"))


def from_row(row: str, path: str) -> FileReport | Skipped:
    """Read a report back.

    Args:
        row: What :func:`as_row` wrote.
        path: Where the file lies.

    Returns:
        The report.

    Raises:
        ValueError: It is no such line.
    """
    try:
        value = json.loads(row, parse_constant=_refuse, parse_float=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if type(value) is not list or not value or value[0] not in tuple(_KINDS):
        raise ValueError("no report")
    of: Any = _KINDS[value[0]]
    found: FileReport | Skipped = _reader(of)([path, *value[1:]])
    if isinstance(found, FileReport) and found.verdict is not verdict_of(found.findings):
        raise ValueError("a verdict that does not follow from its findings")
    return found


def _values(value: Any) -> Any:
    kind: type = type(value)
    if kind in _PLAIN:
        return value
    if kind is tuple:
        return [_values(item) for item in value]
    names = _names(kind)
    return [_values(getattr(value, name)) for name in names] if names else str(value)


@cache
def _names(kind: type) -> tuple[str, ...]:
    """The fields of a dataclass; none of an enumeration, which is a text."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


def _refuse(text: str) -> object:
    raise ValueError("no number of a report")


# -- one reader for each type ----------------------------------------------------------------------


@cache
def _reader(of: Any) -> Callable[[Any], Any]:
    """What makes a value of a type from JSON's, or raises ValueError."""
    if get_origin(of) is tuple and get_args(of)[1:] == (...,):
        item = get_args(of)[0]
        if _is_plain(item):
            return partial(_plain_tuple, frozenset(_written_as(item)))
        return partial(_tuple, _reader(item))
    if isinstance(of, type) and issubclass(of, StrEnum):
        return of
    if isinstance(of, type) and is_dataclass(of):
        hints = get_type_hints(of)
        declared = [hints[field.name] for field in fields(of)]
        made = [(n, _reader(each)) for n, each in enumerate(declared) if not _is_plain(each)]
        return partial(_fields, of, frozenset(product(*map(_written_as, declared))), made)
    if _is_plain(of):
        return partial(_plain, frozenset(_written_as(of)))
    raise TypeError(f"no reader for {of}")


def _is_plain(of: Any) -> bool:
    return _PLAIN.issuperset(get_args(of) or (of,))


def _written_as(of: Any) -> tuple[Any, ...]:
    """The types of JSON, as Python has them, that a value of a type is written as."""
    if get_origin(of) in (Union, types.UnionType):
        return get_args(of)
    if isinstance(of, type) and issubclass(of, StrEnum):
        return (str,)
    return (of,) if of in _PLAIN else (list,)


def _plain(wanted: frozenset[type], value: Any) -> Any:
    # Not isinstance: True is not a number here.
    if type(value) not in wanted:
        raise ValueError("of another type")
    return value


def _tuple(read: Callable[[Any], Any], value: Any) -> tuple[Any, ...]:
    if type(value) is not list:
        raise ValueError("not a list")
    return tuple([read(item) for item in value])


def _plain_tuple(wanted: frozenset[type], value: Any) -> tuple[Any, ...]:
    if type(value) is not list:
        raise ValueError("not a list")
    if not wanted.issuperset(map(type, value)):
        raise ValueError("of another type")
    return tuple(value)


def _fields(
    of: Callable[..., Any],
    wanted: frozenset[tuple[type, ...]],
    made: list[tuple[int, Callable[[Any], Any]]],
    value: Any,
) -> Any:
    """A dataclass from the list of its fields, of which there are very many.

    Args:
        of: The dataclass.
        wanted: The types that its fields may be written as together.
        made: Those of its fields that are no plain values, and what makes each.
        value: The list.
    """
    if type(value) is not list or tuple(map(type, value)) not in wanted:
        raise ValueError("other fields")
    for place, read in made:
        value[place] = read(value[place])
    return of(*value)
