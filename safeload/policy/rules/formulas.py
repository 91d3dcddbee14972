"""Formulas of models, such as ``y ~ a + np.log(b) + C(group)``: which do no more than compute.

statsmodels writes a formula into the pickle and has patsy evaluate it again while loading, as
Python, with the names of whoever calls it in reach. So every name in it has to be a column of the
data that come with it, and nothing may be called but a few functions of patsy and numpy. There are
no attributes, no items, no other calls; powers and products are bounded, because patsy writes them
out.

Trust: formulas are hostile; they are parsed here and never evaluated.
Source: the formula language in patsy's documentation; ``VarLookupDict`` in patsy ``eval.py``.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

__all__ = ["columns_of_formula", "is_factor"]

_LONGEST = 2_000
_DEEPEST = 30
# Terms that patsy would write a formula out into, and the highest power of a column.
_MOST_TERMS = 10_000
_HIGHEST = 32

_TOKEN = re.compile(
    r"(?P<number>\d{1,9}(?:\.\d{1,9})?(?:[eE]-?\d{1,2})?(?!\w))|(?P<name>[^\W\d]\w*)"
    r"""|(?P<text>"[^"\\\r\n]*"|'[^'\\\r\n]*')|(?P<sign>\*\*|[<>=!]=|[-+*/:|<>=~()\[\],.])|\s"""
)
_CONSTANTS = frozenset(["False", "None", "True"])
# What patsy calls instead of a function that remembers something of the data.
_REMEMBERING = re.compile(
    r"_patsy_stobj[0-9]{1,4}__(?P<function>[A-Za-z]{1,20})__\.(?:memorize_chunk|transform)\("
)
# What patsy itself offers, each from columns to columns or to a way of coding them.
_FUNCTIONS = frozenset(
    "C Diff Helmert I Poly Q Sum Treatment bs cc center cr scale standardize".split()
)
_NUMPY = frozenset(
    "abs arccos arcsin arctan cbrt ceil clip cos cosh exp exp2 expm1 floor isfinite isnan log "
    "log10 log1p log2 maximum minimum rint round sign sin sinh sqrt square tan tanh trunc "
    "where".split()
)
# Functions that make as many columns as they are told, and the most that they may be told.
_SPLINES = frozenset(["bs", "cc", "cr"])
_NUMBERED = frozenset(["degree", "df"])
_MOST_COLUMNS = 100
_SUMS = frozenset(["+", "-", "|"])
_PRODUCTS = frozenset(["*", "/", ":"])
_COMPARISONS = frozenset(["<", ">", "<=", ">=", "==", "!="])


class _OddError(ValueError):
    """The text is no formula of this kind."""


class _Size(NamedTuple):
    """What a part of a formula is written out into.

    Attributes:
        terms: How many terms.
        degree: The highest power of a column; 0 if there is no column in it.
        repeats: Whether it may be a text or a list, which Python repeats if they are multiplied.
    """

    terms: int
    degree: int
    repeats: bool = False


def columns_of_formula(text: str) -> frozenset[str] | None:
    """The columns that a formula names.

    Args:
        text: A formula, with or without a left side.

    Returns:
        The names, or None if it does more than compute with columns.
    """
    return _columns(text) if len(text) <= _LONGEST else None


# One formula may stand in many places of a file.
@lru_cache(maxsize=64)
def _columns(text: str) -> frozenset[str] | None:
    try:
        parser = _Parser(_tokens(text))
        parser.formula()
    except _OddError:
        return None
    return frozenset(parser.columns)


def is_factor(code: str) -> bool:
    """Whether a text is Python that patsy evaluates for a part of such a formula.

    Args:
        code: The text that it compiles.
    """
    try:
        tokens = _tokens(_REMEMBERING.sub(r"\g<function>(", code))
        _Parser(tokens, calls=1).expression()
    except _OddError:
        return False
    return True


def _tokens(text: str) -> list[tuple[str, str]]:
    if len(text) > _LONGEST:
        raise _OddError
    tokens, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _OddError
        if match.lastgroup is not None:
            tokens.append((match.lastgroup, match[0]))
        position = match.end()
    return tokens


@dataclass
class _Parser:
    """Reads tokens from the left to the right.

    Attributes:
        tokens: Kind and text of each.
        position: Of the next one.
        depth: Of parentheses.
        calls: Of calls, in whose arguments there is Python instead of terms.
    """

    tokens: list[tuple[str, str]]
    position: int = 0
    depth: int = 0
    calls: int = 0

    def __post_init__(self) -> None:
        self.columns: set[str] = set()

    def formula(self) -> None:
        """``left ~ right``, or the right side only."""
        if self._text() != "~":
            self._sum()
        if self._text() == "~":
            self.position += 1
            self._sum()
        if self.position != len(self.tokens):
            raise _OddError

    def expression(self) -> None:
        """Python, as in the arguments of a call."""
        self._sum()
        if self.position != len(self.tokens):
            raise _OddError

    # Each takes what binds as tightly as its name says, and all that binds tighter.

    def _sum(self) -> _Size:
        size = self._product()
        while self._text() in _SUMS or (self.calls and self._text() in _COMPARISONS):
            compared = self._text() in _COMPARISONS
            self.position += 1
            other = self._product()
            repeats = not compared and (size.repeats or other.repeats)
            degree = max(size.degree, other.degree)
            size = self._sized(size.terms + other.terms, degree, repeats=repeats)
        return size

    def _product(self) -> _Size:
        size = self._power()
        while self._text() in _PRODUCTS:
            if self._text() == ":" and self.calls:
                raise _OddError
            self.position += 1
            other = self._power()
            if self.calls and (size.repeats or other.repeats):
                raise _OddError
            terms = (size.terms + 1) * (other.terms + 1)
            size = self._sized(terms, size.degree + other.degree)
        return size

    def _power(self) -> _Size:
        while self._text() in ("+", "-"):
            self.position += 1
        size = self._item()
        if self._text() != "**":
            return size
        self.position += 1
        kind, text = self._next()
        # A power of a number may be a number of any size.
        if kind != "number" or not size.degree or self._text() == "**":
            raise _OddError
        power = float(text)
        if power > _HIGHEST or (power != int(power) and not self.calls):
            raise _OddError
        degree = max(1, int(power))
        return self._sized((size.terms + 1) ** min(degree, 8), size.degree * degree)

    def _item(self) -> _Size:
        kind, text = self._next()
        if kind == "number":
            return _Size(1, 0)
        if kind == "name":
            return self._name(text)
        if kind == "text" and self.calls:
            return _Size(1, 0, repeats=True)
        if text == "(":
            return self._enclosed(")")
        if text == "[" and self.calls:
            return self._enclosed("]")
        raise _OddError

    def _enclosed(self, end: str) -> _Size:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _OddError
        size = self._sum()
        while end == "]" and self._text() == ",":
            self.position += 1
            self._sum()
        self._expect(end)
        self.depth -= 1
        return size._replace(repeats=True) if end == "]" else size

    def _name(self, name: str) -> _Size:
        if name == "np" and self._text() == ".":
            self.position += 1
            kind, name = self._next()
            if kind != "name" or name not in _NUMPY or self._text() != "(":
                raise _OddError
            return self._call(name)
        if self._text() == "(":
            if name not in _FUNCTIONS:
                raise _OddError
            return self._call(name)
        if name in _CONSTANTS:
            return _Size(1, 0)
        self._column(name)
        return _Size(1, 1)

    def _column(self, name: str) -> None:
        # Python reads some letters as others, and patsy has names of its own.
        if keyword.iskeyword(name) or unicodedata.normalize("NFKC", name) != name:
            raise _OddError
        if name.startswith(("__", "_patsy")):
            raise _OddError
        self.columns.add(name)

    def _call(self, name: str) -> _Size:
        self._expect("(")
        self.depth += 1
        self.calls += 1
        if self.depth > _DEEPEST:
            raise _OddError
        if name == "Q":
            kind, text = self._next()
            if kind != "text":
                raise _OddError
            # It looks the name up where a bare name would be looked up.
            self.columns.add(text[1:-1])
            size = _Size(1, 1)
        else:
            size = self._arguments(is_spline=name in _SPLINES)
        self._expect(")")
        self.calls -= 1
        self.depth -= 1
        return _Size(1, size.degree, size.repeats)

    def _arguments(self, *, is_spline: bool) -> _Size:
        size, first = _Size(1, 0), True
        while self._text() != ")":
            keyword = ""
            if [kind for kind, _ in self.tokens[self.position :][:1]] == ["name"] and [
                text for _, text in self.tokens[self.position + 1 :][:1]
            ] == ["="]:
                keyword = self._text()
                self.position += 2
            if is_spline and (keyword in _NUMBERED or not (keyword or first)):
                self._number_of_columns()
            argument, first = self._sum(), False
            degree = max(size.degree, argument.degree)
            size = _Size(1, degree, size.repeats or argument.repeats)
            if self._text() != ",":
                break
            self.position += 1
        return size

    def _number_of_columns(self) -> None:
        """Look ahead: a small number and nothing more, or none, or a list of knots."""
        following = [text for _, text in self.tokens[self.position + 1 :][:1]]
        kinds = [kind for kind, _ in self.tokens[self.position :][:1]]
        if kinds == ["number"]:
            if following not in ([","], [")"]) or not float(self._text()) <= _MOST_COLUMNS:
                raise _OddError
        elif self._text() not in (*_CONSTANTS, "["):
            raise _OddError

    def _sized(self, terms: int, degree: int, *, repeats: bool = False) -> _Size:
        if terms > _MOST_TERMS or degree > _HIGHEST:
            raise _OddError
        # Within a call nothing is written out.
        return _Size(1 if self.calls else terms, degree, repeats)

    def _text(self) -> str:
        return self.tokens[self.position][1] if self.position < len(self.tokens) else ""

    def _next(self) -> tuple[str, str]:
        if self.position >= len(self.tokens):
            raise _OddError
        self.position += 1
        return self.tokens[self.position - 1]

    def _expect(self, text: str) -> None:
        if self._next() != ("sign", text):
            raise _OddError
