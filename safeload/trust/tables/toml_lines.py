"""On which line of a TOML document does a value stand?

``tomllib`` gives values without positions. This reads the document once more for the lines alone,
and takes nothing else from it.

Trust: the document has been parsed by ``tomllib``, so its form is known to be right. Where this
reading falls short, the line of what lies around is given, or none; no value is ever wrong by it.

Source: TOML 1.0, toml.abnf.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from contextlib import suppress

__all__ = ["Place", "line_of", "reason_of"]

# Keys and places in lists from the top of the document: ("keys", "alice", "models", 2).
Place = tuple[str | int, ...]

_TOKEN = re.compile(
    r'''
    (?P<text> """(?:[^"\\]|\\[\s\S]|"(?!""))*"{3,5} | \'\'\'(?:[^']|'(?!''))*'{3,5}
            | "(?:[^"\\\n]|\\.)*" | '[^'\n]*' )
  | (?P<skipped> \#[^\n]* | [ \t\r]+ )
  | (?P<mark> [\n\[\]{}=,.] )
  | (?P<bare> [^\s\[\]{}=,.\#"']+ )
    ''',
    re.VERBOSE,
)
_AT = re.compile(r"\(at (?:line (\d+), column \d+|end of document)\)", re.ASCII)
_END = ("\n", "\n", 0)


def line_of(text: str, place: Place) -> int | None:
    """Find the line on which a value, or failing that what lies around it, begins.

    Args:
        text: A document that ``tomllib`` has parsed.
        place: Where the value is.

    Returns:
        The line, counted from 1; of a value with a key, that of the key. None if nothing of it is
        found.
    """
    lines: dict[Place, int] = {}
    # The reading ends with the document; whatever else ends it, what was found so far is right.
    with suppress(StopIteration, RecursionError, ValueError):
        _Reader(text, lines).read()
    return next((lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in lines), None)


def reason_of(error: ValueError, text: str) -> tuple[str, int | None]:
    """Say what ``tomllib`` has against a document, and where.

    Args:
        error: What it raised.
        text: The document.

    Returns:
        Its words without the place, and the line, counted from 1; None where it names none.
    """
    why = str(error)
    said = _AT.search(why)
    if said is None:
        return why, None
    line = int(said[1]) if said[1] else text.rstrip().count("\n") + 1
    return why[: said.start()].strip(), line


class _Reader:
    """Goes through the tokens of a document once."""

    def __init__(self, text: str, lines: dict[Place, int]) -> None:
        self._lines = lines
        self._tokens = _tokens(text)
        self._next = next(self._tokens)

    def read(self) -> None:
        table: Place = ()
        while True:
            _, mark, line = self._next
            if mark == "\n":
                self._take()
            elif mark == "[":
                self._take()
                # Of [[a]], each is a table of its own; the first gives the line.
                double = self._next[1] == "["
                if double:
                    self._take()
                table = self._key(())
                for length in range(1, len(table) + 1):
                    self._note(table[:length], line)
                self._take()
                if double:
                    self._take()
            else:
                self._pair(table)

    def _pair(self, table: Place) -> None:
        line = self._next[2]
        place = self._key(table)
        for length in range(len(table) + 1, len(place) + 1):
            self._note(place[:length], line)
        self._take()  # =
        self._value(place)

    def _value(self, place: Place) -> None:
        # A text begins with a quotation mark, so none is taken for a bracket or a comma.
        opening = self._next[1]
        if opening == "[":
            self._items(place)
        elif opening == "{":
            self._take()
            while self._next[1] != "}":
                if self._next[1] in (",", "\n"):
                    self._take()
                else:
                    self._pair(place)
            self._take()
        else:
            # A date with a blank, and a number with a point, are several tokens.
            while self._next[1] not in (",", "]", "}", "\n"):
                self._take()

    def _items(self, place: Place) -> None:
        self._take()
        index = 0
        while self._next[1] != "]":
            if self._next[1] in (",", "\n"):
                self._take()
                continue
            self._note((*place, index), self._next[2])
            self._value((*place, index))
            index += 1
        self._take()

    def _key(self, table: Place) -> Place:
        """The dotted key that comes next, after that of its table."""
        parts: list[str] = []
        while self._next[1] not in ("=", "]"):
            kind, token, _ = self._take()
            if kind == "text":
                parts.append(tomllib.loads(f"key = {token}")["key"])
            elif kind == "bare":
                parts.append(token)
        return (*table, *parts)

    def _note(self, place: Place, line: int) -> None:
        self._lines.setdefault(place, line)

    def _take(self) -> tuple[str, str, int]:
        taken = self._next
        self._next = next(self._tokens)
        return taken


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    """Kind, text and line of each token."""
    line, at = 1, 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError("no token of TOML")
        at = found.end()
        if found.lastgroup not in (None, "skipped"):
            yield str(found.lastgroup), found[0], line
        line += found[0].count("\n")
    yield _END
