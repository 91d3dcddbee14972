"""Objects that share one large part, made from legitimate ones.

A few bytes recall a part as often as they like: so each part of a legitimate object, however deep
it lies, gives way to a large one, which many copies of that object share; or it is put many times
into the list, tuple or dict that it is in.

Trust: not applicable; the tokens are made here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from safeload.scan.program import (
    Blob,
    Collection,
    Global,
    Mapping,
    ObjectToken,
    Token,
    Use,
)

__all__ = ["LARGE", "OFTEN", "Step", "Way", "part_at", "repeated", "shared", "ways"]

# Places that are tried of a list or set, and how deep they may lie.
_PLACES, _DEEPEST = 3, 7
# The same of a tuple, each of whose parts is something else.
_LONGEST = 9
# Bytes or characters that are one step to read.
_BYTES = 16


class Step(NamedTuple):
    """From a token to a part of it.

    Attributes:
        kind: ``"args"``, ``"kwargs"``, ``"states"``, ``"items"`` or ``"part"`` of a container.
        place: Which of several.
    """

    kind: str
    place: int = 0


Way = tuple[Step, ...]


def ways(token: Token, depth: int = 0, seen: frozenset[int] = frozenset()) -> Iterator[Way]:
    """The ways from a token to the parts of it, those of its parts included.

    Args:
        token: Where they begin.
        depth: How deep that lies already.
        seen: What it lies in, by identity.
    """
    if depth >= _DEEPEST or id(token) in seen:
        return
    for step in _steps(token):
        part = _part(token, step)
        yield (step,)
        for way in ways(part, depth + 1, seen | {id(token)}):
            yield (step, *way)


def _steps(token: Token) -> list[Step]:
    kind = type(token)
    if kind is ObjectToken:
        steps = [Step("args"), Step("kwargs"), Step("items")]
        return steps + [Step("states", index) for index in range(max(1, len(token.states)))]
    if kind is Mapping:
        values = [Step("part", index) for index in range(1, len(token), 2)]
        return [Step("part", 0)][: len(token)] + values
    if kind is list or kind is tuple:
        most = _PLACES if kind is list else _LONGEST
        return [Step("part", index) for index in range(len(token))[:most]]
    if kind is Collection:
        return [Step("part", index) for index in range(len(token.items))[:_PLACES]]
    return []


def _part(token: Token, step: Step) -> Token:
    if step.kind == "part":
        return (token.items if type(token) is Collection else token)[step.place]
    if step.kind == "states":
        return token.states[step.place] if token.states else None
    return getattr(token, step.kind)


def part_at(token: Token, way: Way) -> Token:
    """What stands at the end of a way."""
    for step in way:
        token = _part(token, step)
    return token


def _with(token: Token, step: Step, part: Token) -> Token:
    """A copy of a token with another part."""
    if step.kind != "part":
        made = ObjectToken(token.callable, token.use, token.args, token.offset)
        made.kwargs, made.states, made.items = token.kwargs, token.states, token.items
        if step.kind == "states":
            states = [*token.states] or [None]
            states[step.place] = part
            made.states = tuple(states)
        else:
            setattr(made, step.kind, part)
        return made
    if type(token) is Collection:
        return Collection(token.kind, _with([*token.items], step, part))
    items = [*token]
    items[step.place] = part
    return type(token)(items)


def shared(token: Token, way: Way, large: Token) -> Token:
    """A copy of a token in which something large stands at the end of a way.

    Args:
        token: What is copied, as far as the way leads.
        way: Where it stands.
        large: What it is; the same for all copies.
    """
    if not way:
        return large
    return _with(token, way[0], shared(_part(token, way[0]), way[1:], large))


def repeated(token: Token, way: Way, large: Token, count: int) -> Token | None:
    """A copy of a token in which something large stands many times in one container.

    Args:
        token: As for :func:`shared`.
        way: As for :func:`shared`.
        large: As for :func:`shared`.
        count: How many times.

    Returns:
        The copy; None if the way leads through no list, tuple or dict.
    """
    for end in range(len(way) - 1, -1, -1):
        holder = part_at(token, way[:end])
        kind = type(holder)
        if way[end].kind != "part" or kind is Collection:
            continue
        parts = [shared(_part(holder, way[end]), way[end + 1 :], large) for _ in range(count)]
        if kind is Mapping:
            key = "key" if way[end].place % 2 else 0
            pairs = ((f"{key}{n}", part) if key else (part, n) for n, part in enumerate(parts))
            parts = [item for pair in pairs for item in pair]
        return shared(token, way[:end], kind([*holder, *parts]))
    return None


# -- what is large ---------------------------------------------------------------------------------


def _grown(part: Token, size: int) -> Token | None:
    """More of what is there."""
    kind = type(part)
    if kind is str:
        return (part or "a") * (size * _BYTES // max(1, len(part)))
    if kind in (list, tuple):
        return kind([*part] * (size // len(part))) if part else None
    if kind is Mapping:
        return Mapping([*part] * (size // len(part))) if part else None
    if kind is Collection:
        return Collection(part.kind, part.items * (size // max(1, len(part.items))))
    if kind is Blob:
        return _bytes(size, part.kind)
    return None


def _with_more(part: Token, size: int) -> Token | None:
    """A dict of what is there and of more, each under a name of its own."""
    return Mapping([*part, *_pairs(size)]) if type(part) is Mapping else None


def _pairs(size: int) -> list[Token]:
    return [item for number in range(size // 2) for item in (f"name{number}", number)]


def _bytes(size: int, kind: str) -> Blob:
    return Blob.within(b"1" * (size * _BYTES), kind, 0, size * _BYTES)


def _global(module: str, name: str) -> Global:
    return Global(module, name, (module, name), 0)


def _dtype(code: str, state: tuple[Token, ...]) -> ObjectToken:
    made = ObjectToken(_global("numpy", "dtype"), Use.CALL, (code, False, True), 0)
    made.states = (state,)
    return made


_OBJECTS = ("O8", (3, "|", None, None, None, -1, -1, 63))
_NUMBERS = ("f8", (3, "<", None, None, None, -1, -1, 0))
_INTEGERS = ("i8", (3, "<", None, None, None, -1, -1, 0))


def _array(dtype: ObjectToken, data: Token, length: int) -> ObjectToken:
    make = _global("numpy._core.multiarray", "_reconstruct")
    kind = Blob.within(b"b", "bytes", 0, 1)
    made = ObjectToken(make, Use.CALL, (_global("numpy", "ndarray"), (0,), kind), 0)
    made.states = ((1, (length,), dtype, False, data),)
    return made


def _text_of_numpy(size: int) -> ObjectToken:
    length = size * _BYTES // 4
    dtype = _dtype(f"U{length}", (3, "<", None, None, None, length * 4, 4, 8))
    data = Blob.within(b"a\0\0\0" * length, "bytes", 0, length * 4)
    target = _global("numpy._core.multiarray", "scalar")
    return ObjectToken(target, Use.CALL, (dtype, data), 0)


def _numbers(dtype: tuple[str, tuple[Token, ...]], size: int) -> ObjectToken:
    content = bytes(size * _BYTES)
    return _array(_dtype(*dtype), Blob.within(content, "bytes", 0, len(content)), len(content) // 8)


def _record(size: int) -> ObjectToken:
    """A type of many fields."""
    names = tuple(f"f{number}" for number in range(size // 2))
    inner = _dtype("i1", (3, "|", None, None, None, -1, -1, 0))
    fields = Mapping(item for place, name in enumerate(names) for item in (name, (inner, place)))
    return _dtype(f"V{len(names)}", (3, "|", None, names, fields, len(names), 1, 0))


def _holding(name: str, part: Callable[[int], Token]) -> Callable[[Token, int], Token]:
    """An object of a class that holds something large in its arguments or its state."""

    def make(_: Token, size: int) -> ObjectToken:
        made = ObjectToken(_global(*name.rsplit(".", 1)), Use.CALL, (part(size),), 0)
        made.states = (Mapping(["data", part(size)]),)
        return made

    return make


# What is tried many times in one container as well.
OFTEN = frozenset(["dict", "more of it", "nested", "text", "text of numpy", "tuple of numbers"])

# From what stands there and a number of steps to something that takes about so many to walk, or
# None if it does not apply. No number is among them: the scan lets none pass that is large.
LARGE: dict[str, Callable[[Token, int], Token | None]] = {
    "more of it": _grown,
    "more names": _with_more,
    "list of numbers": lambda _, size: [1] * size,
    "list of texts": lambda _, size: ["a"] * size,
    "tuple of numbers": lambda _, size: (1,) * size,
    "tuple of nothing": lambda _, size: (None,) * size,
    "dict": lambda _, size: Mapping(_pairs(size)),
    "set": lambda _, size: Collection("frozenset", list(range(size))),
    "nested": lambda _, size: tuple(tuple([1] * 20) for _ in range(size // 20)),
    "text": lambda _, size: "a" * (size * _BYTES),
    "bytes": lambda _, size: _bytes(size, "bytes"),
    "text of numpy": lambda _, size: _text_of_numpy(size),
    "array": lambda _, size: _numbers(_NUMBERS, size),
    "array of integers": lambda _, size: _numbers(_INTEGERS, size),
    "array of objects": lambda _, size: _array(_dtype(*_OBJECTS), ["a"] * size, size),
    "type of many fields": lambda _, size: _record(size),
    "list of a library": _holding("pandas.core.indexes.frozen.FrozenList", lambda s: ["a"] * s),
    "frozen set": _holding("builtins.frozenset", lambda size: [*range(size)]),
    "wrapped dict": _holding("collections.OrderedDict", lambda size: Mapping(_pairs(size))),
}
