"""Array element types: the tokens of a pickled ``numpy.dtype`` become a description of it.

A dtype is pickled as a call ``numpy.dtype("f8", False, True)`` and a state that repeats byte
order, fields, sizes and flags. numpy believes that state, so a forged one turns bytes of the file
into object pointers. Here every part of the state must be what numpy itself writes for the type
that the other parts describe.

Trust: the tokens are hostile; a returned :class:`DType` is consistent, hence harmless to build.
Source: numpy ``arraydescr_reduce`` and ``arraydescr_setstate``.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from safeload.scan.arrays.specs import RECORD
from safeload.scan.program import Blob, Global, Mapping, ObjectToken, Token, Use

__all__ = ["DType", "DTypeError", "describe"]

_SIMPLE = re.compile(r"(?:b1|[iu][1248]|f(?:2|4|8|12|16)|c(?:8|16|24|32)|M8|m8|O8?|O4)")
_SIZED = re.compile(r"([SUVa])(0|[1-9][0-9]{0,9})")
_UNITS = frozenset(
    ["generic", "Y", "M", "W", "D", "h", "m", "s", "ms", "us", "μs", "ns", "ps", "fs", "as"]
)
_DEPTH = 16
# Types within a type, written out: numpy copies, compares and hashes each of them each time.
_PARTS = 10_000
# What numpy keeps in 64 bits with a sign.
_NUMBERS = 2**63

# Flag bits of PyArray_Descr (numpy's ndarraytypes.h).
_NEEDS_INIT = 0x08
_NEEDS_PYAPI = 0x10
_OBJECT_FLAGS = 0x3F
_OBJECT_FIELD_FLAGS = 0x1B
_ALIGNED_STRUCT = 0x80
_LEAST_FLAGS = -0x80


class DTypeError(ValueError):
    """The tokens are not a dtype that numpy would write; the text says why."""


@dataclass(frozen=True, slots=True)
class DType:
    """An element type.

    Attributes:
        spec: What :func:`~safeload.scan.arrays.specs.dtype_of` takes to build it.
        itemsize: Bytes of one element.
        hasobject: Whether elements hold Python objects.
        parts: Types within it, written out, itself included.
    """

    spec: Any
    itemsize: int
    hasobject: bool
    parts: int = 1


# What was described before: types without fields, by all that they are made of, and the types of
# that, because to a dict True is one.
_PLAIN: dict[tuple[Token, ...], DType] = {}
_MOST_PLAIN = 256
_LONGEST = 12
_ATOMS = frozenset([str, int, bool, type(None)])
# Describes a dtype within the one at hand.
_Inner = Callable[[Token], DType]


def describe(token: Token) -> DType:
    """Describe the dtype that tokens stand for.

    Args:
        token: What the stream built.

    Returns:
        Its description.

    Raises:
        DTypeError: It is not a dtype in numpy's own form.
    """
    known = token.described if isinstance(token, ObjectToken) else None
    if known is not None and known[0] == len(token.states):
        said: DType = known[1]
        return said
    form = _plain_form(token)
    description = _PLAIN.get(form) if form is not None else None
    if description is None:
        description = _describe(token, {}, 0)
        if form is not None:
            if len(_PLAIN) >= _MOST_PLAIN:
                _PLAIN.clear()
            _PLAIN[form] = description
    token.described = len(token.states), description
    return description


def _plain_form(token: Token) -> tuple[Token, ...] | None:
    """All that a dtype without fields or metadata is made of, or None."""
    if type(token) is not ObjectToken or len(token.states) != 1 or token.kwargs is not None:
        return None
    args, state = token.args, token.states[0]
    if type(args) is not tuple or type(state) is not tuple or len(args) + len(state) > _LONGEST:
        return None
    kinds = (*map(type, args), *map(type, state))
    if not _ATOMS.issuperset(kinds) or not token.is_of("numpy", "dtype"):
        return None
    return token.use, args, state, kinds


def _describe(token: Token, known: dict[int, DType], depth: int) -> DType:
    """Describe a dtype within others; one that recurs is described once, in all of them.

    Containers that change after they were used are a finding of their own, so that stays true.
    """
    if id(token) not in known:
        if depth > _DEPTH:
            raise DTypeError("a dtype is nested too deeply")
        said = token.described if isinstance(token, ObjectToken) else None
        if said is not None and said[0] == len(token.states):
            known[id(token)] = said[1]
        else:
            known[id(token)] = described = _one(token, known, depth)
            token.described = len(token.states), described
    return known[id(token)]


def _one(token: Token, known: dict[int, DType], depth: int) -> DType:
    if isinstance(token, ObjectToken) and token.is_of(
        "numpy._core._internal", "_convert_to_stringdtype_kwargs"
    ):
        return DType("T", 16, hasobject=True)
    if not (
        isinstance(token, ObjectToken) and token.is_of("numpy", "dtype") and token.use is Use.CALL
    ):
        raise DTypeError("the dtype is not made by numpy.dtype")
    code = _code(token)
    if not token.states:
        # What it is used for now must still be what it is after its state.
        raise DTypeError("the dtype is used before it has its state")
    state = token.states[-1]
    _check_state(token, state)
    version, order, subdtype, names, fields, itemsize, alignment, flags = state[:8]
    if (
        type(version) is not int
        or version not in (3, 4)
        or type(order) is not str
        or order not in ("<", ">", "|", "=")
    ):
        raise DTypeError("the dtype's state has an unknown version or byte order")
    itemsize, alignment, flags = _numbers(itemsize, alignment, flags)
    by_attribute = code == RECORD
    if by_attribute:
        # Its class stands in the place of a code.
        code = f"V{itemsize}"
    extra = state[8] if len(state) == 9 else None
    if (version == 4) != (extra is not None):
        raise DTypeError("the dtype's state has metadata without saying so")
    metadata = extra[0] if code[0] in "Mm" and type(extra) is tuple and extra else extra
    if not (metadata is None or isinstance(metadata, Mapping)):
        raise DTypeError("the dtype's metadata are not a dict")

    def inner(part: Token) -> DType:
        return _describe(part, known, depth + 1)

    if subdtype is not None:
        return _subarray(code, (names, fields), subdtype, (itemsize, flags), inner)
    if names is not None or fields is not None or by_attribute:
        described = _record(code, names, fields, (itemsize, alignment, flags), inner)
        return replace(described, spec=(RECORD, described.spec)) if by_attribute else described
    described = _plain(code, order, (itemsize, alignment, extra))
    expected = _OBJECT_FLAGS if described.hasobject else (_NEEDS_INIT if code[0] == "U" else 0)
    if flags != expected:
        raise DTypeError(f"the dtype's flags {flags} belong to a different type from {code}")
    return described


def _numbers(itemsize: Token, alignment: Token, flags: Token) -> tuple[int, int, int]:
    """The numbers of a state, if they are some, as numpy reads them."""
    numbers = ((itemsize, -1), (alignment, -1), (flags, _LEAST_FLAGS))
    if not all(type(n) is int and least <= n < _NUMBERS for n, least in numbers):
        raise DTypeError("the dtype's state has numbers that are not valid")
    # numpy before 2 wrote one byte with a sign; numpy 2 adds what brings back all other bits.
    return itemsize, alignment, flags - _LEAST_FLAGS if flags < 0 else flags


def _check_state(token: ObjectToken, state: Token) -> None:
    if token.args[2:] not in ((True,), (1,)):
        # Without a copy it is the type that the whole process uses.
        raise DTypeError("the dtype is given a state although it is not a copy")
    if len(token.states) > 1 or type(state) is not tuple or len(state) not in (8, 9):
        raise DTypeError("the dtype's state does not have the form that numpy writes")


def _code(token: ObjectToken) -> str:
    args = token.args
    if type(args) is not tuple or not args or token.kwargs:
        raise DTypeError("numpy.dtype is not called with a type code")
    is_record = isinstance(args[0], Global) and args[0].path == "numpy.record"
    if not is_record and type(args[0]) is not str:
        raise DTypeError("numpy.dtype is not called with a type code")
    if len(args) > 3 or any(
        type(flag) not in (bool, int) or flag not in (0, 1) for flag in args[1:]
    ):
        raise DTypeError("numpy.dtype is called with unknown arguments")
    code: str = RECORD if is_record else args[0]
    if not is_record and not _SIMPLE.fullmatch(code) and not _SIZED.fullmatch(code):
        raise DTypeError("numpy.dtype is called with an unknown type code")
    return code


def _plain(code: str, order: str, rest: tuple[int, int, Token]) -> DType:
    itemsize, alignment, extra = rest
    sized = _SIZED.fullmatch(code)
    if sized is None:
        if (itemsize, alignment) != (-1, -1):
            raise DTypeError(f"the dtype {code} claims a different size")
        if code[0] == "O":
            return DType("O", 8, hasobject=True)
        size = int(code[1:])
        unit = _unit(extra) if code[0] in "Mm" else ""
        return DType(f"{'|' if size == 1 else order}{code}{unit}", size, hasobject=False)
    length = int(sized[2])
    kind = "S" if sized[1] == "a" else sized[1]
    size = length * 4 if kind == "U" else length
    if (itemsize, alignment) not in ((-1, -1), (size, 4 if kind == "U" else 1)):
        raise DTypeError(f"the dtype {code} claims a different size")
    if size > 2**31 - 1:
        raise DTypeError(f"the dtype {code} is larger than numpy allows")
    return DType(f"{order if kind == 'U' else '|'}{kind}{length}", size, hasobject=False)


def _unit(extra: Token) -> str:
    # Without one numpy reads from where nothing is.
    if type(extra) is not tuple or len(extra) != 2 or type(extra[1]) is not tuple:
        raise DTypeError("a datetime's unit does not have the form that numpy writes")
    unit, *numbers = extra[1]
    name = _text(unit)
    if name not in _UNITS or not numbers or not all(type(n) is int and n >= 1 for n in numbers):
        raise DTypeError("a datetime's unit is unknown")
    if name == "generic":
        return ""
    multiple = numbers[0]
    if multiple > 2**31 - 1 or any(number != 1 for number in numbers[1:]):
        raise DTypeError("a datetime's unit is unknown")
    return f"[{multiple if multiple != 1 else ''}{name}]"


def _text(token: Token) -> str | None:
    if type(token) is str:
        return token
    if isinstance(token, Blob) and token.size == len(token.head):
        return token.head.decode("utf-8", "replace")
    return None


def _subarray(
    code: str, fields: tuple[Token, Token], subdtype: Token, sizes: tuple[int, int], inner: _Inner
) -> DType:
    if fields != (None, None) or type(subdtype) is not tuple or len(subdtype) != 2:
        raise DTypeError("a subarray's dtype does not have the form that numpy writes")
    base = inner(subdtype[0])
    shape = subdtype[1] if type(subdtype[1]) is tuple else (subdtype[1],)
    if len(shape) > 64 or not all(type(n) is int and 0 <= n < _NUMBERS for n in shape):
        raise DTypeError("a subarray's shape is not valid")
    size = base.itemsize
    for length in shape:
        size *= length
    itemsize, flags = sizes
    if code != f"V{size}" or itemsize not in (-1, size) or size > 2**31 - 1:
        raise DTypeError("a subarray claims a different size from that of its elements")
    # Its flags are those of its elements.
    bits = flags & ~_ALIGNED_STRUCT
    if bits != _object_flags(base) if base.hasobject else flags & ~(_NEEDS_INIT | _NEEDS_PYAPI):
        raise DTypeError("a subarray's flags belong to another type")
    return DType((base.spec, shape), size, base.hasobject, parts=1 + base.parts)


def _object_flags(described: DType) -> int | None:
    """The flags of a type that holds objects; None for texts of any length, which numpy refuses."""
    spec = described.spec
    while isinstance(spec, tuple) and spec[0] != RECORD:
        spec = spec[0]
    if spec == "T":
        return None
    return _OBJECT_FLAGS if spec == "O" else _OBJECT_FIELD_FLAGS


def _has_title(field: Token) -> bool:
    return type(field) is tuple and len(field) == 3 and type(field[2]) is str


def _fields(names: tuple[str, ...], fields: Mapping) -> dict[str, Token]:
    """The fields of a record by name and by title."""
    if not {str}.issuperset(map(type, fields.keys)):
        raise DTypeError("a record's fields do not match their names")
    by_name = dict(zip(fields.keys, fields.values, strict=True))
    # A field with a title stands under both.
    titles = {field[2] for field in by_name.values() if _has_title(field)}
    if len(by_name) * 2 != len(fields) or set(by_name) != titles | set(names):
        raise DTypeError("a record's fields do not match their names")
    return by_name


def _record(
    code: str, names: Token, fields: Token, sizes: tuple[int, int, int], inner: _Inner
) -> DType:
    itemsize, alignment, flags = sizes
    if type(names) is not tuple or not isinstance(fields, Mapping):
        raise DTypeError("a record's fields do not have the form that numpy writes")
    if not all(type(name) is str for name in names) or len(set(names)) != len(names):
        raise DTypeError("a record's field names are not distinct strings")
    if code != f"V{itemsize}" or not 0 <= itemsize < 2**31 or alignment not in (1, 2, 4, 8, 16):
        raise DTypeError("a record claims a different size from that of its code")
    by_name = _fields(names, fields)
    formats, offsets, spans, titled = [], [], [], []
    parts = 1
    for name in names:
        field = by_name.get(name)
        if type(field) is not tuple or len(field) not in (2, 3) or type(field[1]) is not int:
            raise DTypeError("a record's field is not a dtype and an offset")
        described = inner(field[0])
        parts += described.parts
        if parts > _PARTS:
            raise DTypeError("a record has more fields than any table")
        start, stop = field[1], field[1] + described.itemsize
        if not 0 <= start <= stop <= itemsize:
            raise DTypeError("a record's field lies outside the record")
        spans.append((start, stop, described.hasobject))
        formats.append(described.spec)
        offsets.append(start)
        title = field[2] if len(field) == 3 else None
        if title is not None and (type(title) is not str or by_name.get(title) is not field):
            raise DTypeError("a record's field is another one under its title")
        titled.append(title)
    hasobject = any(o for _, _, o in spans)
    spans.sort()
    if hasobject and any(a[1] > b[0] for a, b in itertools.pairwise(spans)):
        raise DTypeError("fields of a record with objects overlap")
    bits = flags & ~_ALIGNED_STRUCT
    if bits != _OBJECT_FIELD_FLAGS if hasobject else bits & ~(_NEEDS_INIT | _NEEDS_PYAPI):
        raise DTypeError(f"a record's flags {flags} do not match its fields")
    spec = {
        "names": list(names),
        "formats": formats,
        "offsets": offsets,
        "itemsize": itemsize,
        "aligned": bool(flags & _ALIGNED_STRUCT),
    }
    if any(title is not None for title in titled):
        spec["titles"] = titled
    return DType(spec, itemsize, hasobject, parts)
