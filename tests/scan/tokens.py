"""Tokens described in the very words in which ``stubs.describe`` describes objects.

Where the scan understood a stream, its tokens and what an unpickler makes on stubs come out as one
text, sharing and cycles included.
"""

from __future__ import annotations

from typing import Any

from safeload.scan.program import (
    Array,
    Blob,
    Collection,
    Global,
    Mapping,
    ObjectToken,
    Token,
)

__all__ = ["IncomparableError", "describe_tokens"]

_STEPS = 20_000


class IncomparableError(Exception):
    """Tokens keep more than objects do, so that the two cannot be held against each other."""


def describe_tokens(*tokens: Token) -> str:
    """Text that is equal to that of the objects that the tokens stand for.

    Args:
        tokens: Tokens of one program.

    Raises:
        IncomparableError: A key is none that can be compared by its token.
    """
    parts: list[str] = []
    seen: dict[int, int] = {}
    kept = []
    pending = list(reversed(tokens))
    while pending and len(parts) < _STEPS:
        token = pending.pop()
        if isinstance(token, Global):
            parts.append(f"class {token.path}")
            continue
        if token is None or type(token) in (bool, int, float, str) or token == ():
            parts.append(hex(token) if type(token) is int else repr(token))
            continue
        if isinstance(token, Blob):
            content = token.content.tobytes()
            parts.append(repr(content if token.kind == "bytes" else bytearray(content)))
            continue
        if id(token) in seen:
            parts.append(f"#{seen[id(token)]}")
            continue
        seen[id(token)] = len(seen)
        kept.append(token)
        head, inner = _parts(token)
        parts += head
        pending += inner
    return " ".join(parts)


def _parts(token: Token) -> tuple[list[str], list[Token]]:
    if isinstance(token, ObjectToken):
        inner = [token.callable, *_arguments(token), _keywords(token)]
        return ["Inert:", token.use.value], [*inner, *token.states, *_items(token)]
    if isinstance(token, Mapping):
        return ["dict:"], _pairs(token)
    if isinstance(token, Collection):
        return [f"{token.kind}:", _members(token)], []
    if isinstance(token, Array):
        return ["_Bytes:", hex(id(token.span))], []
    if isinstance(token, list | tuple):
        return [f"{type(token).__name__}:"], list(token)
    raise IncomparableError(type(token).__name__)


def _arguments(token: ObjectToken) -> list[Token]:
    if type(token.args) is not tuple:
        raise IncomparableError("arguments that are not a tuple")
    return list(token.args)


def _keywords(token: ObjectToken) -> Token:
    if token.kwargs is None:
        return Mapping()
    if not isinstance(token.kwargs, Mapping):
        raise IncomparableError("keywords that are not a dict")
    return token.kwargs


def _items(token: ObjectToken) -> list[Token]:
    return list(token.items)


def _pairs(mapping: Mapping) -> list[Token]:
    """Keys and values as a dict holds them: the last value of each key, where the first stood."""
    pairs = mapping.pairs
    last: dict[Any, tuple[Token, Token]] = {}
    for key, value in zip(pairs[::2], pairs[1::2], strict=True):
        known = _key(key)
        last[known] = (last[known][0] if known in last else key, value)
    return [part for pair in last.values() for part in pair]


def _key(key: Token) -> Any:
    """What a key is in a dict or set."""
    if key is None or type(key) in (str, bool, int) or (type(key) is float and key == key):
        return key
    if isinstance(key, Blob) and key.kind == "bytes":
        return key.content.tobytes()
    if isinstance(key, Global):
        return id(key)
    raise IncomparableError("a key that is no atom")


def _members(collection: Collection) -> str:
    known: dict[Any, Token] = {}
    for item in collection.items:
        known.setdefault(_key(item), item)
    if any(isinstance(item, Global) for item in known.values()):
        raise IncomparableError("a set of classes")
    return ",".join(sorted(map(repr, known)))
