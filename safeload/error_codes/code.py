"""One code as people see it.

Trust: not applicable; nothing from a file comes here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from safeload.errors import RefusedError, SafeloadError

__all__ = ["ErrorCode", "of"]


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """A code as people see it.

    Attributes:
        error: The class of the errors that have it.
        meaning: What went wrong, a sentence.
        remedy: What to do about it, a sentence.
    """

    error: type[SafeloadError]
    meaning: str
    remedy: str

    @property
    def exit_codes(self) -> tuple[int, ...]:
        """What the command line ends with: 1 refused, 2 usage, 3 could not decide."""
        return (1, 3) if self.error is RefusedError else (self.error.exit_code,)


def of(error: type[SafeloadError], rows: Mapping[str, tuple[str, str]]) -> dict[str, ErrorCode]:
    """The entries of codes that errors of one class have.

    Args:
        error: The class.
        rows: Meaning and remedy by code.
    """
    return {code: ErrorCode(error, *row) for code, row in rows.items()}
