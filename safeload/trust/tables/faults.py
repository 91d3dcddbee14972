"""What is wrong with the text of a trust file becomes an error that names the line.

Trust: the text is the caller's own; what is quoted of it was escaped before.
"""

from __future__ import annotations

from safeload.errors import UsageError, printable
from safeload.trust.tables.toml_lines import Place, line_of

__all__ = ["Unfit", "as_error"]

_SOURCE_CHARACTERS = 300


class Unfit(Exception):  # noqa: N818  # becomes an error in as_error()
    """What is wrong with the text, and where in it.

    Args:
        why: The end of a sentence.
        *place: Keys and places in lists, from the top of the document.
        line: The line, counted from 1, where it is known already.
        code: Code of the error.
        hint: What the reader can do, or an empty string for where the form is described.
    """

    def __init__(
        self,
        why: str,
        *place: str | int,
        line: int | None = None,
        code: str = "trustfile-malformed",
        hint: str = "",
    ) -> None:
        super().__init__(why)
        self.why = why
        self.place: Place = place
        self.line = line
        self.code = code
        self.hint = hint


def as_error(unfit: Unfit, text: str, source: str | None) -> UsageError:
    """The error about a fault.

    Args:
        unfit: What is wrong.
        text: The document, as far as it could be decoded.
        source: What to call the file; None where it has no name.
    """
    line = unfit.line or line_of(text, unfit.place)
    named = "" if source is None else f" {printable(source, limit=_SOURCE_CHARACTERS)!r}"
    where = "" if line is None else f" at line {line}"
    return UsageError(
        f"The trust file{named} cannot be understood{where}: {unfit.why}.",
        code=unfit.code,
        hint=unfit.hint
        or "Its form is described in the documentation of the module safeload.trust.trustfile.",
    )
