"""Programs described as plain values, so that two of them can be compared part by part."""

from __future__ import annotations

from typing import Any

from safeload.scan.program import (
    Array,
    Blob,
    Collection,
    Global,
    Mapping,
    ObjectToken,
    Program,
    Token,
)

__all__ = ["picture"]


def picture(program: Program) -> dict[str, Any]:
    """Everything a program says, but for how many opcodes it took to know it."""
    return {
        "member": program.member,
        "code": program.code,
        "arrays": [
            picture(array) if isinstance(array, Program) else array for array in program.arrays
        ],
        "globals": program.globals,
        "aliases": program.aliases,
        "findings": program.findings,
        "size": program.size,
        "built": _tokens(program.built),
    }


def _tokens(roots: list[ObjectToken]) -> list[Any]:
    """The graph of tokens, flat: sharing and cycles become numbers."""
    numbers: dict[int, int] = {}
    kept: list[Token] = []
    parts: list[Any] = []
    pending: list[Token] = list(reversed(roots))
    while pending:
        token = pending.pop()
        if token is None or type(token) in (bool, int, float, str):
            parts.append((type(token).__name__, repr(token)))
            continue
        if id(token) in numbers:
            parts.append(numbers[id(token)])
            continue
        numbers[id(token)] = len(numbers)
        kept.append(token)
        head, inner = _parts(token)
        parts.append(head)
        pending += reversed(inner)
    return parts


def _parts(token: Token) -> tuple[Any, list[Token]]:
    if isinstance(token, ObjectToken):
        inner = [token.callable, token.args, token.kwargs, *token.states, *token.items]
        return ("ObjectToken", token.use, token.offset, len(token.states), len(token.items)), inner
    if isinstance(token, Global):
        return ("Global", token.path, token.raw, token.pushed, token.consumed), []
    if isinstance(token, Blob):
        return ("Blob", token.kind, token.offset, token.size, token.head), []
    if isinstance(token, Array):
        if isinstance(token.span, Program):
            return ("Array", picture(token.span)), []
        return ("Array", token.span), []
    if isinstance(token, Mapping):
        return ("Mapping", len(token.pairs)), list(token.pairs)
    if isinstance(token, Collection):
        return ("Collection", token.kind, len(token.items)), list(token.items)
    if isinstance(token, list | tuple):
        return (type(token).__name__, len(token)), list(token)
    return ("unknown", type(token).__name__), []
