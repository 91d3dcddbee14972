"""What may a file set a parameter of a kept callable to? A type and its bounds.

A policy says so in a table such as ``{ type = "int", least = 0, most = 20 }``.

Trust: the table is the policy's own; the values are hostile.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from safeload.forks import IMPORTING
from safeload.policy.rules.plain import is_numpy, is_plain
from safeload.scan.arrays.dtypes import DTypeError, describe
from safeload.scan.bounds.allowance import look_into
from safeload.scan.program import Array, Global, Mapping, ObjectToken, Token

__all__ = ["KEYS", "TYPES", "MalformedSignatureError", "Parameter"]

# What a table says of a parameter.
KEYS = frozenset({"type", "or", "least", "most", "one_of", "optional", "keyword"})
# Bounds of a number that a file sets, unless its parameter says others.
_NUMBER = 1e300
_INTEGER = 1 << 31
# Items of a list or array that a file sets, unless its parameter says others.
_ITEMS = 10_000
# Types that data may be turned into at choice.
_TYPES_LISTED = 10

_FLAT = frozenset([type(None), bool, int, float, str])
_LISTED = frozenset([list, tuple])
_NUMBERS = frozenset([bool, int, float])


class MalformedSignatureError(ValueError):
    """A table of a policy describes no callable; the text says why, in a clause."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter that a file may set.

    Attributes:
        kind: A key of :data:`TYPES`.
        otherwise: Another key of :data:`TYPES`, where it may be of a second type as well.
        least: Smallest number; a ``bool`` with ``least = 1`` is true.
        most: Largest number; for lists and arrays, how many items, too.
        one_of: The texts that are allowed.
        optional: Whether it may be None.
        keyword: Whether it can be set by its name only.
    """

    kind: str
    least: float = -math.inf
    most: float = math.inf
    one_of: frozenset[str] = frozenset()
    optional: bool = False
    keyword: bool = False
    otherwise: str | None = None

    @classmethod
    def parse(cls, table: Any) -> Parameter:
        """Read the table of a parameter.

        Args:
            table: With the key ``type``, and as fits ``or``, ``least``, ``most``, ``one_of``,
                ``optional``, ``keyword``.

        Raises:
            MalformedSignatureError: It is not of this form.
        """
        given = table if isinstance(table, dict) else {}
        types = [given.get("type"), given.get("or", given.get("type"))]
        if not all(isinstance(name, str) and name in TYPES for name in types):
            raise MalformedSignatureError(f"a parameter has none of the types {', '.join(TYPES)}")
        unknown = set(table) - KEYS
        if unknown:
            raise MalformedSignatureError(f"unknown key {min(unknown)!r} in a parameter")
        least, most = table.get("least", -math.inf), table.get("most", math.inf)
        if not all(type(bound) in (int, float) for bound in (least, most)):
            raise MalformedSignatureError("a bound of a parameter is not a number")
        one_of = table.get("one_of", [])
        if not isinstance(one_of, list) or not all(isinstance(text, str) for text in one_of):
            raise MalformedSignatureError("one_of is not a list of texts")
        if ("text" in types) != bool(one_of):
            raise MalformedSignatureError("a text has to be one of those that one_of lists")
        flags = table.get("optional", False), table.get("keyword", False)
        if not all(type(flag) is bool for flag in flags):
            raise MalformedSignatureError("optional or keyword is neither true nor false")
        return cls(table["type"], least, most, frozenset(one_of), *flags, table.get("or"))

    def admits(self, value: Token) -> bool:
        """Whether a file may set the parameter to this value."""
        if value is None and self.optional:
            return True
        kinds = (self.kind, self.otherwise)
        return any(TYPES[kind](self, value) for kind in kinds if kind is not None)


def _is_bool(parameter: Parameter, value: Token) -> bool:
    return type(value) is bool and value >= parameter.least


def _is_integer(parameter: Parameter, value: Token) -> bool:
    number = _number_of(value)
    if type(number) is not int:
        return False
    return max(parameter.least, -_INTEGER) <= number <= min(parameter.most, _INTEGER)


def _is_number(parameter: Parameter, value: Token) -> bool:
    number = _number_of(value)
    if number is None:
        return False
    if type(number) is float and not math.isfinite(number):
        return math.isinf(parameter.least) and math.isinf(parameter.most)
    return max(parameter.least, -_NUMBER) <= number <= min(parameter.most, _NUMBER)


def _is_text(parameter: Parameter, value: Token) -> bool:
    return type(value) is str and value in parameter.one_of


def _is_string(_: Parameter, value: Token) -> bool:
    return type(value) is str and _is_flat(value)


def _is_plain(_: Parameter, value: Token) -> bool:
    return _is_flat(value) or _number_of(value) is not None


def _is_flat(value: Token) -> bool:
    """Whether a token is a single value; a text must be none that Python asks an object for.

    As the label of a column ``__array_interface__`` would answer numpy with what the file says.
    """
    return type(value) in _FLAT and not (type(value) is str and value.startswith("__"))


def _are_numbers(parameter: Parameter, value: Token) -> bool:
    if type(value) in _LISTED:
        return _are(parameter, value, _is_bare_number)
    return _is_number(parameter, value) or 0 <= _length(value) <= min(parameter.most, _ITEMS)


def _are_labels(parameter: Parameter, value: Token) -> bool:
    return _is_flat(value) or _are(parameter, value, _is_flat)


def _is_bare_number(value: Token) -> bool:
    return type(value) in _NUMBERS


def _are(parameter: Parameter, value: Token, is_item: Callable[[Token], bool]) -> bool:
    """Whether a token lists such items, or lists of them."""
    most = min(parameter.most, _ITEMS)
    if type(value) not in _LISTED or len(value) > most:
        return False
    look_into(value, len(value))
    inner = [item for item in value if type(item) in _LISTED]
    if sum(map(len, inner)) > most:
        return False
    parts = [part for item in inner for part in item]
    outer = (item for item in value if type(item) not in _LISTED)
    return all(map(is_item, outer)) and all(map(is_item, parts))


def _is_mapping(_: Parameter, value: Token) -> bool:
    """Whether a token is a single value, or dicts and lists of these."""
    if not is_plain(value, arrays=False):
        return False
    pending: list[Token] = [value]
    while pending:
        token = pending.pop()
        if type(token) is Mapping:
            pending += token.pairs
        elif type(token) in _LISTED:
            pending += token
        elif not _is_flat(token):
            return False
    return True


def _is_dtype(_: Parameter, value: Token) -> bool:
    """Whether a token is a type, a list of a few types, or a dict of them by label."""
    if type(value) is Mapping:
        look_into(value, len(value))
        return all(map(_is_flat, value.keys)) and all(map(_is_type, value.values))
    if type(value) in _LISTED:
        return len(value) <= _TYPES_LISTED and all(map(_is_type, value))
    return _is_type(value)


def _is_type(value: Token) -> bool:
    """Whether a token is a type that data are turned into, or the name of one."""
    if isinstance(value, Global):
        return value.path in _DTYPES
    if type(value) is str:
        return value in _DTYPE_NAMES
    try:
        return not describe(value).hasobject
    except DTypeError:
        return False


def _number_of(token: Token) -> int | float | None:
    """A number of Python's, or one of numpy's as such; None for anything else."""
    if type(token) is bool:
        return int(token)
    if type(token) is int or type(token) is float:
        number: int | float = token
        return number
    if type(token) is not ObjectToken:
        return None
    with IMPORTING:
        from safeload.soundness.values import scalar

    value = scalar(token)
    made = value.item() if hasattr(value, "item") else None
    return made if isinstance(made, int | float) else None


def _length(token: Token) -> int:
    """How many elements an array of numbers has; -1 for anything else."""
    if type(token) is not Array and not is_numpy(token):
        return -1
    with IMPORTING:
        from safeload.soundness.states import UnsoundError
        from safeload.soundness.values import array

    try:
        found = array(token, "it")
    except UnsoundError:
        return -1
    return int(found.size) if found.dtype.kind in "biuf" else -1


TYPES: dict[str, Callable[[Parameter, Token], bool]] = {
    "bool": _is_bool,
    "int": _is_integer,
    "number": _is_number,
    "text": _is_text,
    "string": _is_string,
    "plain": _is_plain,
    "numbers": _are_numbers,
    "labels": _are_labels,
    "mapping": _is_mapping,
    "dtype": _is_dtype,
}

_SCALARS = (
    "bool_ complex64 complex128 float16 float32 float64 int8 int16 int32 int64 str_ uint8 uint16 "
    "uint32 uint64"
).split()
# Types that data are turned into, or told apart by; numpy 2 has bool_ by the name of bool, too.
_DTYPES = frozenset(
    [f"numpy.{name}" for name in ("bool", "floating", "integer", "number", "object_", *_SCALARS)]
    + [f"builtins.{name}" for name in ("bool", "complex", "float", "int", "str", "object")]
)
_DTYPE_NAMES = frozenset(
    "bool boolean category complex datetime datetime64[ns] f4 f8 float floating i4 i8 int integer "
    "number numeric object str string timedelta Float32 Float64 Int8 Int16 Int32 Int64 UInt8 "
    "UInt16 UInt32 UInt64".split()
).union(_SCALARS)
