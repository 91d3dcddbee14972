"""Programs described as plain values, so that two of them can be compared part by part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
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

__all__ = ["meaning", "picture"]


def picture(program: Program) -> dict[str, Any]:
    """Everything a program says, but for how many opcodes it took to know it."""
    return {
        "code": program.code,
        "globals": program.globals,
        "findings": program.findings,
        "size": program.size,
        "built": _tokens(program.built),
        **_common(program, picture),
    }


def meaning(program: Program) -> dict[str, Any]:
    """What a program says, but for the opcodes that say it and their places."""
    return {
        "globals": [use._replace(offset=0) for use in program.globals],
        "findings": [replace(finding, offset=None) for finding in program.findings],
        "built": _tokens(program.built, places=False),
        **_common(program, meaning),
    }


def _common(program: Program, of: Callable[[Program], Any]) -> dict[str, Any]:
    return {
        "member": program.member,
        "arrays": [of(array) if isinstance(array, Program) else array for array in program.arrays],
        "aliases": program.aliases,
    }


def _tokens(roots: list[ObjectToken], *, places: bool = True) -> list[Any]:
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
        head, inner = _parts(token, places=places)
        parts.append(head)
        pending += reversed(inner)
    return parts


def _parts(token: Token, *, places: bool) -> tuple[Any, list[Token]]:
    if isinstance(token, ObjectToken):
        inner = [token.callable, token.args, token.kwargs, *token.states, *token.items]
        offset = token.offset if places else None
        return ("ObjectToken", token.use, offset, len(token.states), len(token.items)), inner
    if isinstance(token, Global):
        return ("Global", token.path, token.raw, token.pushed, token.consumed), []
    if isinstance(token, Blob):
        offset = token.offset if places else None
        return ("Blob", token.kind, offset, token.size, token.head), []
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
