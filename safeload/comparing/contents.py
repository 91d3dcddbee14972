"""An accepted program becomes the parts of a model by where they are, without making any of them.

A part is a plain value, an array, or the name of what an object is made by. Where it is says how a
person would get to it: ``.steps[1][1].C``. scikit-learn's own convention tells what a person set
from what fitting found: the names of the latter begin or end with an underscore, and so does all
that lies within them.

Trust: tokens are hostile, but judged. Each is visited once, and places have a bound all together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from safeload.errors import ArtefactError
from safeload.scan.program import Blob, Collection, Global, Mapping, ObjectToken, Token
from safeload.soundness.states import UnsoundError
from safeload.soundness.values import NDArray, array, is_array, objects, scalar

__all__ = ["Made", "Part", "Plain", "parts_of"]

# Characters of all places together; legitimate models have some thousand parts of some dozen each.
_PLACES = 100_000_000
_SCALARS = frozenset([str, int, float, bool, type(None)])
# What scikit-learn writes into the state of every estimator; the releases are compared once.
_RELEASE = "_sklearn_version"


@dataclass(frozen=True, slots=True)
class Made:
    """What an object is made by, or which object it is once more.

    Attributes:
        name: Its class or the function that makes it, ``module.name``; or a phrase.
    """

    name: str


@dataclass(frozen=True, slots=True)
class Plain:
    """A value: a scalar, or a list, tuple, dict or set of scalars."""

    value: Any


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a model.

    Attributes:
        place: Where it is, such as ``.steps[1][1].coef_``; empty for the model itself.
        fitted: Whether it is what fitting found, as far as names tell.
        content: What it is.
    """

    place: str
    fitted: bool
    content: Made | Plain | NDArray


def parts_of(root: Token) -> dict[str, Part]:
    """List the parts of a model.

    Args:
        root: The token of the object that an accepted program makes.

    Returns:
        Each part by its place, in the order in which a person would read them.

    Raises:
        ArtefactError: Their places are too long, all together (``compare-limit``).
    """
    found: dict[str, Part] = {}
    seen: dict[int, tuple[Token, str]] = {}
    todo: list[tuple[Token, str, bool]] = [(root, "", False)]
    characters = 0
    while todo:
        token, place, fitted = todo.pop()
        characters += len(place) + 1
        if characters > _PLACES:
            raise ArtefactError(
                "The model has too many parts to compare.",
                code="compare-limit",
                hint="Compare what it predicts instead.",
            )
        content, inner = _read(token)
        if inner and id(token) in seen:
            content, inner = Made(f"the same object as {seen[id(token)][1] or 'the model'}"), []
        elif inner:
            # Kept, so that nothing else gets its identity.
            seen[id(token)] = token, place
        if content is not None:
            found[place] = Part(place, fitted, content)
        todo += [(part, place + step, fitted or _is_fitted(step)) for step, part in reversed(inner)]
    return found


def _is_fitted(step: str) -> bool:
    name = step[1:]
    return step.startswith(".") and (name.startswith("_") or name.endswith("_"))


def _read(token: Token) -> tuple[Made | Plain | NDArray | None, list[tuple[str, Token]]]:
    """What a token is, and what is in it: the step to each part, and the part."""
    kind = type(token)
    if kind in _SCALARS:
        return Plain(token), []
    if kind is Global:
        return Made(f"{token.path} itself"), []
    if kind is Blob:
        digest = hashlib.sha256(token.content).hexdigest()
        return Made(f"{token.size} {token.kind}, sha256 {digest}"), []
    if is_array(token):
        return _array(token)
    if kind is ObjectToken:
        return _object(token)
    if kind is Mapping:
        return _mapping(token)
    if kind is Collection:
        return _items(token.items, frozenset if token.kind == "frozenset" else set)
    if kind is list or kind is tuple:
        return _items(token, kind)
    return Made(f"a token of type {kind.__name__}"), []


def _array(token: Token) -> tuple[Made | Plain | NDArray | None, list[tuple[str, Token]]]:
    try:
        return array(token, "an array"), []
    except UnsoundError:
        pass
    try:
        held = objects(token, "an array")
    except UnsoundError:
        return _object(token) if type(token) is ObjectToken else (Made("an array"), [])
    shape = "x".join(map(str, held.shape))
    inner = [("[" + ", ".join(map(str, at)) + "]", item) for at, item in np.ndenumerate(held)]
    return Made(f"an array of {shape} objects"), inner


def _object(token: ObjectToken) -> tuple[Made | Plain, list[tuple[str, Token]]]:
    number = scalar(token)
    if isinstance(number, str | int | float | bool):
        return Plain(number), []
    if isinstance(number, np.generic):
        value = number.item()
        return Plain(value if type(value) in _SCALARS else str(number)), []
    made_by = token.callable
    name = made_by.path if type(made_by) is Global else "something that is computed"
    arguments = token.args if type(token.args) is tuple else (token.args,)
    inner = [(f"({place})", part) for place, part in enumerate(arguments)]
    if token.kwargs is not None:
        inner.append(("(**)", token.kwargs))
    for state in token.states:
        for part in state if type(state) is tuple else (state,):
            inner += _attributes(part) if type(part) is Mapping else [("!", part)]
    inner += [(f"[{place}]", part) for place, part in enumerate(token.items)]
    return Made(name), inner


def _attributes(state: Mapping) -> Iterator[tuple[str, Token]]:
    pairs = state.pairs
    for name, part in dict(zip(map(_key, pairs[::2]), pairs[1::2], strict=True)).items():
        if name != _RELEASE:
            yield f".{name}", part


def _mapping(token: Mapping) -> tuple[Made | Plain, list[tuple[str, Token]]]:
    pairs = token.pairs
    if _are_scalars(pairs):
        return Plain(dict(zip(pairs[::2], pairs[1::2], strict=True))), []
    steps = (f"[{_key(key)!r}]" for key in pairs[::2])
    inner = dict(zip(steps, pairs[1::2], strict=True))
    return Made(f"a dict of {len(inner)}"), list(inner.items())


def _items(items: Any, kind: Any) -> tuple[Made | Plain, list[tuple[str, Token]]]:
    if _are_scalars(items):
        return Plain(kind(items)), []
    return Made(f"a {kind.__name__} of {len(items)}"), [
        (f"[{place}]", part) for place, part in enumerate(items)
    ]


def _are_scalars(tokens: Any) -> bool:
    return set(map(type, tokens)) <= _SCALARS


def _key(token: Token) -> Any:
    """A key as something that is shown and told from others."""
    if type(token) in _SCALARS:
        return token
    content, _ = _read(token)
    if isinstance(content, Plain):
        return content.value if type(content.value) in _SCALARS else repr(content.value)
    return content.name if isinstance(content, Made) else "an array"
