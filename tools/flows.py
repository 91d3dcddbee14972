"""Where may a value in a source come from? Attributes of parameters, known functions, and parts.

An origin is a parameter of a function and a path from it: ``("self", (".metric",))`` is what
``self.metric`` gives, ``("steps", ("[]",))`` any item of ``steps``. Paths are cut after three
steps, and items of items are items, so that there are finitely many.

Trust: the sources are those of the installed libraries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import FunctionType

__all__ = [
    "ITEM",
    "Argument",
    "Known",
    "Origin",
    "Path",
    "Summary",
    "Value",
    "extend",
    "given_to",
    "spread",
]

Path = tuple[str, ...]
Origin = tuple[str, Path]
ITEM = "[]"
# Steps of a path: an attribute, an item or attribute of it, and a method of that.
_LONGEST = 3
# How deep parts within parts are looked at.
_DEEPEST = 5


@dataclass(frozen=True)
class Known:
    """A function or class that a name stands for.

    Attributes:
        kind: ``"global"``, ``"method"``, ``"local"`` or ``"super"``.
        thing: The object; of a method and of ``super()`` the class that has it.
        name: Of a method or a local function.
    """

    kind: str
    thing: object = None
    name: str = ""

    def __hash__(self) -> int:
        return hash((self.kind, id(self.thing), self.name))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Known)
            and self.thing is other.thing
            and (self.kind, self.name) == (other.kind, other.name)
        )


@dataclass
class Value:
    """Where a value may come from.

    Attributes:
        origins: Parameters and what is reached from them.
        functions: What it may be besides.
        parts: Of a container that the source spells out, its items by ``"[key]"``, and by ``"[]"``
            where their keys are not known.
    """

    origins: set[Origin] = field(default_factory=set)
    functions: set[Known] = field(default_factory=set)
    parts: dict[str, Value] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.origins or self.functions or self.parts)

    @classmethod
    def of(cls, *values: Value) -> Value:
        """What is one of some values."""
        found = cls()
        for value in values:
            found.join(value)
        return found

    @classmethod
    def items(cls, *values: Value) -> Value:
        """A container whose items are some values."""
        return cls(parts={ITEM: cls.of(*values)})

    def join(self, other: Value) -> bool:
        """Take in another value; whether that was news."""
        if other is self:
            return False
        news = not (other.origins <= self.origins and other.functions <= self.functions)
        self.origins |= other.origins
        self.functions |= other.functions
        for key, part in other.parts.items():
            news |= key not in self.parts
            news |= self.parts.setdefault(key, Value()).join(part)
        return news

    def step(self, step: str) -> Value:
        """What an attribute ``".name"`` or an item ``"[key]"`` of it is."""
        found = Value({(root, extend(path, step)) for root, path in self.origins})
        if step in self.parts:
            found.join(self.parts[step])
        elif step == ITEM:
            for part in self.parts.values():
                found.join(part)
        elif step[0] == "[" and ITEM in self.parts:
            found.join(self.parts[ITEM])
        return found

    def every_origin(self, depth: int = _DEEPEST) -> set[Origin]:
        """Its origins and those of its parts."""
        found = set(self.origins)
        if depth:
            for part in self.parts.values():
                found |= part.every_origin(depth - 1)
        return found


def extend(path: Path, step: str) -> Path:
    """A path with one more step."""
    if step[0] == "[":
        step = ITEM
        if path and path[-1] == ITEM:
            return path
    return (*path, step)[:_LONGEST]


@dataclass
class Summary:
    """What calling a function does, in terms of its parameters.

    Attributes:
        called: What is called.
        returns: What it returns.
        stores: What it stores in attributes of its first parameter.
    """

    called: set[Origin] = field(default_factory=set)
    returns: Value = field(default_factory=Value)
    stores: dict[str, Value] = field(default_factory=dict)

    def called_of(self, given: Mapping[str, Value]) -> Iterator[Origin]:
        """What is called, where the parameters are given values."""
        for root, path in self.called:
            if root in given:
                yield from _follow(given[root], path)

    def returned(self, given: Mapping[str, Value]) -> Value:
        """What is returned, where the parameters are given values."""
        return _replaced(self.returns, given)

    def stored(self, given: Mapping[str, Value]) -> Iterator[tuple[str, Value]]:
        """What is stored by attribute, where the parameters are given values."""
        for name, value in self.stores.items():
            yield name, _replaced(value, given)


def _follow(value: Value, path: Path, depth: int = _DEEPEST) -> Iterator[Origin]:
    """What is at the end of a path that begins at a value."""
    for root, begun in value.origins:
        whole = begun
        for step in path:
            whole = extend(whole, step)
        yield root, whole
    if path and path[0] == ITEM and depth:
        for part in value.parts.values():
            yield from _follow(part, path[1:], depth - 1)
            yield from _follow(part, path, depth - 1)


def _replaced(value: Value, given: Mapping[str, Value], depth: int = _DEEPEST) -> Value:
    """A value in terms of what is given, instead of parameters."""
    found = Value(functions={known for known in value.functions if known.kind == "global"})
    for root, path in value.origins:
        base = given.get(root)
        if base is not None:
            for step in path:
                base = base.step(step)
            found.join(base)
    if depth:
        for key, part in value.parts.items():
            found.parts.setdefault(key, Value()).join(_replaced(part, given, depth - 1))
    return found


@dataclass
class Argument:
    """An argument of a call.

    Attributes:
        key: A keyword, ``"*"``, ``"**"``, or None for a positional one.
        value: What is given.
    """

    key: str | None
    value: Value


def given_to(function: FunctionType, arguments: Iterable[Argument]) -> dict[str, Value]:
    """The values of a function's parameters; what fits none is under ``"*"`` and ``"**"``."""
    code = function.__code__
    positional = code.co_varnames[: code.co_argcount]
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return spread(positional, names, arguments)


def spread(
    positional: tuple[str, ...], names: tuple[str, ...], arguments: Iterable[Argument]
) -> dict[str, Value]:
    """Arguments by parameter, where those that can be given by position are a part of all."""
    given: dict[str, Value] = {}
    place = 0

    def give(name: str, value: Value) -> None:
        given.setdefault(name, Value()).join(value)

    for argument in arguments:
        key, value = argument.key, argument.value
        if key == "*":
            for name in positional[place:]:
                give(name, value.step(ITEM))
            give("*", value)
        elif key == "**":
            unnamed = Value(set(value.origins), parts={ITEM: value.parts.get(ITEM, Value())})
            for name in names[place:]:
                give(name, value.parts.get(f"[{name}]", Value()))
                give(name, unnamed.step(ITEM))
            give("**", value)
        elif key is not None:
            give(*(key, value) if key in names else ("**", Value(parts={f"[{key}]": value})))
        elif place < len(positional):
            give(positional[place], value)
            place += 1
        else:
            give("*", Value.items(value))
    return given
