"""What a token weighs: the work that hashing it, or handing it to a call, may ask for.

A few bytes recall a container as often as they like, so that its weight counts each time.

Trust: tokens are hostile; nothing here walks further than one level.
"""

from __future__ import annotations

from collections.abc import Sequence

from safeload.scan.program import (
    Array,
    ArraySpan,
    Blob,
    Collection,
    Global,
    Mapping,
    ObjectToken,
    Token,
)
from safeload.scan.runs import Run

__all__ = ["ATOMS", "FEW", "parts_of", "size_of"]

# A tuple of no more than these costs about as much as the opcodes that take it.
FEW = 16
# Whose hash costs no more than its bytes, or is not made from its parts.
ATOMS = frozenset([str, int, float, bool, type(None), Blob, Global])


def size_of(container: Token) -> int:
    """Items of a container, bytes of a blob or array, characters of text; 0 for an object."""
    kind = type(container)
    if kind is Blob:
        size: int = container.size
        return size
    if kind is ObjectToken:
        return 0
    if kind is Array:
        span = container.span
        return span.nbytes if isinstance(span, ArraySpan) else span.size
    if kind is Collection:
        return len(container.items)
    length = len(container)
    if kind is Mapping and Run in map(type, container):
        length += sum(2 * item.count for item in container if type(item) is Run)
    return length


def parts_of(key: Token) -> Sequence[Token]:
    """What is hashed, as far as anybody can tell, when a key is."""
    kind = type(key)
    if kind is tuple or kind is list:
        parts: Sequence[Token] = key
        return parts
    if kind is Collection:
        return list(key.items)
    return key.args if kind is ObjectToken and type(key.args) is tuple else ()
