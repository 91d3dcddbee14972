"""Fields of a parsed file: is what a library asks for there, and of that kind?

A model in JSON and one in UBJSON come out alike: arrays are lists in the one and arrays of numpy in
the other.

Trust: the values are hostile.
"""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from safeload.soundness.states import UnsoundError

__all__ = ["Fields", "as_list", "as_object", "digits", "integers", "length", "text"]

Fields = dict[str, Any]

_DIGITS: Final = re.compile(r"[0-9]{1,10}", re.ASCII)
_WHOLE: Final = frozenset([int])
_NUMBERS: Final = frozenset([int, float, bool])


def as_object(value: Any, what: str) -> Fields:
    """The value, which is an object.

    Args:
        value: A value.
        what: What it is, for the error.

    Raises:
        UnsoundError: It is something else.
    """
    if type(value) is not dict:
        raise UnsoundError(f"{what} is not an object")
    return value


def as_list(value: Any, what: str) -> list[Any]:
    """The value, which is an array of values; an empty one may be one of numbers.

    Args:
        value: A value.
        what: What it is, for the error.

    Raises:
        UnsoundError: It is something else.
    """
    if type(value) is not list:
        raise UnsoundError(f"{what} is not a list")
    return value


def text(fields: Fields, key: str) -> str:
    """The text of a field.

    Raises:
        UnsoundError: The field is missing or no text.
    """
    if key not in fields:
        raise UnsoundError(f"{key} is missing")
    value = fields[key]
    if type(value) is not str:
        raise UnsoundError(f"{key} is not a text")
    return value


def digits(fields: Fields, key: str, most: int, *, missing: int | None = None) -> int:
    """The whole number that a field has as text.

    Args:
        fields: An object.
        key: Name of the field.
        most: The largest number that it may be.
        missing: What stands for a field that is not there; without it, it has to be.

    Raises:
        UnsoundError: It is no such number, or below zero.
    """
    if missing is not None and key not in fields:
        return missing
    value = text(fields, key)
    if not _DIGITS.fullmatch(value) or int(value) > most:
        raise UnsoundError(f"{key} is not a number up to {most}")
    return int(value)


def integers(fields: Fields, key: str) -> npt.NDArray[np.int64]:
    """The whole numbers of a field.

    Raises:
        UnsoundError: The field is missing, has anything else, or a number of more than 64 bits.
    """
    if key not in fields:
        raise UnsoundError(f"{key} is missing")
    value = fields[key]
    if isinstance(value, np.ndarray) and value.dtype.kind in "iu":
        return value.astype(np.int64)
    if type(value) is list and _WHOLE.issuperset(map(type, value)):
        try:
            return np.array(value, np.int64)
        except OverflowError as error:
            raise UnsoundError(f"{key} has a number that is out of range") from error
    raise UnsoundError(f"{key} has something that is not a whole number")


def length(fields: Fields, key: str) -> int:
    """How many numbers a field has.

    Raises:
        UnsoundError: The field is missing or has something else.
    """
    if key not in fields:
        raise UnsoundError(f"{key} is missing")
    value = fields[key]
    if isinstance(value, np.ndarray) or (
        type(value) is list and _NUMBERS.issuperset(map(type, value))
    ):
        return len(value)
    raise UnsoundError(f"{key} has something that is not a number")
