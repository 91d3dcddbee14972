"""What a person who looks into a file may want to know, although nothing of it decides.

Each note is a sign and no proof: legitimate models have none of them, or seldom. Keys of dicts are
not looked at, for a vocabulary may hold any word.

Trust: the program is hostile. What is looked at is bounded, and a note says so where it was too
much; streams within bytes are interpreted like any other, within the limits of the file.
"""

from __future__ import annotations

import base64
import binascii
import re
import sys
from collections.abc import Iterator, Sequence

from safeload.errors import printable
from safeload.policy.policy import Policy
from safeload.scan.pickle.interpreter import interpret
from safeload.scan.program import (
    Blob,
    Collection,
    Global,
    Mapping,
    ObjectToken,
    Program,
    Scan,
    Token,
    Use,
)
from safeload.verdict import Finding

__all__ = ["notes_on"]

# Parts of a program that are looked at, characters or bytes of one of them, and notes in all.
_PARTS, _LONGEST, _MOST = 200_000, 1 << 20, 20
_SHORTEST = 12
_PICKLE = re.compile(rb"\x80[\x02-\x05]|\(?[ci][A-Za-z_][\w.]*\n[A-Za-z_][\w.]*\n")
# PROTO of protocols 2 to 5 in base64.
_BASE64 = re.compile(r"gA[I-X][A-Za-z0-9+/\s_-]+=*\s*")
# Something of this is in all that the next two find.
_TELLING = re.compile(r"[(:!]|import")
_CODE = re.compile(
    r"__import__\s*\(|\b(?:exec|eval|compile)\s*\(\s*[\w'\"]"
    r"|\bos\.(?:system|popen|exec[lv]\w*|spawn\w*)\s*\(|\bsubprocess\.\w+\s*\("
    r"|^\s*import\s+(?:os|sys|subprocess|socket|ctypes|base64|pickle|marshal)\s*(?:[;,\n]|\Z)"
    r"|^\s*from\s+[\w.]+\s+import\s+\w+\s*(?:[;,(\n]|\Z)"
    r"|\blambda\s+[A-Za-z_]\w*(?:\s*,\s*\w+)*\s*:\s*\S|^\s*def\s+\w+\s*\([^)\n]*\)\s*:|\A#!\s*/",
    re.MULTILINE,
)
_ADDRESS = re.compile(r"\b(?:https?|ftp|file|s3|gs|hf)://[^\s'\"<>]{3,}")
# What others are mistaken for, or pass themselves off as.
_KNOWN = frozenset(
    "builtins catboost cloudpickle collections copyreg datetime fractions functools importlib "
    "itertools joblib keras lightgbm marshal numpy operator pandas pathlib pickle posixpath "
    "requests scipy shutil sklearn skops socket statsmodels subprocess tensorflow torch "
    "xgboost".split()
)


_PARTED = frozenset([str, Blob, list, tuple, Mapping, Collection, ObjectToken])


def notes_on(scan: Scan, policy: Policy) -> Iterator[Finding]:
    """What may be worth a look in the programs of a file.

    Args:
        scan: The file, without regard to its members.
        policy: The allow-list; names on it are no one's mistake.

    Yields:
        Notes, which leave the verdict as it is.
    """
    for program in scan.programs:
        found: dict[Finding, None] = {}
        for note in _on_program(program, scan, policy):
            found[note] = None
            if len(found) >= _MOST:
                break
        yield from found


def _on_program(program: Program, scan: Scan, policy: Policy) -> Iterator[Finding]:
    for use in program.globals:
        if policy.get(use.module, use.name) is not None:
            continue
        known = _nearly(use.module.partition(".")[0])
        if known is not None:
            message = f"{printable(use.path)} is one letter away from {known}."
            yield Finding("SL907", message, program.member, use.offset)
    walk = _Walk()
    for token in walk.below([program.root]):
        yield from _on_value(token, program, scan)
    if walk.left < 0:
        message = "It has too many objects to look through all of them for notes."
        yield Finding("SL909", message, program.member)
        return
    if program.segments:
        yield from _unused(program, walk.seen, policy)
    for token in walk.below(_parts_of(program.built)):
        yield from _on_value(token, program, scan)


def _parts_of(built: list[ObjectToken]) -> list[Token]:
    return list(built[:_PARTS])


class _Walk:
    """A walk over values, each of them once."""

    def __init__(self) -> None:
        self.left = _PARTS
        self.seen: set[int] = set()

    def below(self, tokens: list[Token]) -> Iterator[Token]:
        """The longer texts and the bytes below some tokens."""
        way = [token for token in tokens if type(token) in _PARTED]
        left, seen = self.left, self.seen
        while way and left >= 0:
            token = way.pop()
            left -= 1
            kind = type(token)
            if kind is str:
                if len(token) >= _SHORTEST:
                    yield token
            elif kind is Blob:
                yield token
            elif id(token) not in seen:
                seen.add(id(token))
                parts = _within(token)
                left -= len(parts)
                way += [part for part in parts if type(part) in _PARTED]
        self.left = left


def _is_distribution(token: ObjectToken) -> bool:
    """Whether an object is a distribution of scipy's, which keeps code and addresses of its own.

    The rules on states read what code that is.
    """
    target = token.callable
    return type(target) is Global and target.module.startswith("scipy.stats.")


def _within(token: Token) -> Sequence[Token]:
    kind = type(token)
    if kind is ObjectToken:
        if _is_distribution(token):
            return ()
        return [token.callable, token.args, token.kwargs, *token.states, *token.items]
    if kind is Mapping:
        # Keys are not looked at; those that are objects stand among what was built.
        values: Sequence[Token] = token[1::2] if len(token) % 2 == 0 else ()
        return values
    parts: Sequence[Token] = token.items if kind is Collection else token
    return parts


def _unused(program: Program, used: set[int], policy: Policy) -> Iterator[Finding]:
    """Calls whose result is no part of what the stream makes.

    Those of names on the list are none: joblib and old protocols make types and texts on the way.
    """
    for token in program.built:
        target = token.callable
        if id(token) in used or token.use is not Use.CALL or not isinstance(target, Global):
            continue
        if token.taken or token.nested or policy.get(target.module, target.name) is not None:
            continue
        message = f"{printable(target.path)} is called, and its result is not used."
        yield Finding("SL908", message, program.member, token.offset)


def _on_value(token: Token, program: Program, scan: Scan) -> Iterator[Finding]:
    if type(token) is Blob:
        if token.size < 4:
            return
        content = bytes(token.content[:_LONGEST])
        names = _names(content, scan)
        if names is not None:
            yield _pickle("Bytes in it are a pickle", names, program, token.offset)
            return
        if not content[:64].isascii():
            return
        text = content.decode("latin-1")
    else:
        text = token[:_LONGEST]
    if len(text) < _SHORTEST:
        return
    if _BASE64.fullmatch(text):
        names = _names(_decoded(text), scan)
        if names is not None:
            yield _pickle("A text in it is a pickle in base64", names, program, None)
    elif _PICKLE.match(text.encode("latin-1", "replace")):
        names = _names(text.encode("latin-1", "replace"), scan)
        if names is not None:
            yield _pickle("A text in it is a pickle", names, program, None)
    if _TELLING.search(text) is not None:
        yield from _on_text(text, program)


def _on_text(text: str, program: Program) -> Iterator[Finding]:
    code = _CODE.search(text)
    if code is not None:
        message = f"A text in it looks like code: {_around(text, code.start())}"
        yield Finding("SL905", message, program.member)
    address = _ADDRESS.search(text)
    if address is not None:
        message = f"A text in it is an address: {printable(address[0], limit=80)}"
        yield Finding("SL906", message, program.member)


def _pickle(what: str, names: list[str], program: Program, offset: int | None) -> Finding:
    naming = f" that names {', '.join(names)}" if names else ""
    return Finding("SL904", f"{what}{naming}.", program.member, offset)


def _names(content: bytes, scan: Scan) -> list[str] | None:
    """The first names of a pickle, or None for what is none."""
    if not _PICKLE.match(content):
        return None
    program = interpret(content, limits=scan.limits, budget=scan.budget, followed=True)
    if not program.segments and not program.globals:
        return None
    return [printable(use.path, limit=60) for use in program.globals[:3]]


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, altchars=b"-_" if re.search("[-_]", text) else None)
    except (binascii.Error, ValueError):
        return b""


def _around(text: str, start: int) -> str:
    return printable(text[start:].strip(), limit=60)


def _nearly(name: str) -> str | None:
    """The well-known name that a name is one letter away from, or None."""
    if name in _KNOWN or name in sys.stdlib_module_names or len(name) < 5:
        return None
    return next((known for known in sorted(_KNOWN) if _is_near(name, known)), None)


def _is_near(one: str, other: str) -> bool:
    """Whether a letter was added, left out or replaced, or two beside each other changed places.

    So it is where "rn" stands for "m", which hardly anybody sees.
    """
    if one.replace("rn", "m") == other.replace("rn", "m"):
        return True
    if abs(len(one) - len(other)) > 1 or len(other) < 5:
        return False
    place = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if place is None:
        return len(one) != len(other)
    rest, other_rest = one[place:], other[place:]
    return (
        rest[1:] == other_rest[1:]
        or rest[1:] == other_rest
        or rest == other_rest[1:]
        or (rest[:2] == other_rest[1::-1] and rest[2:] == other_rest[2:])
    )
