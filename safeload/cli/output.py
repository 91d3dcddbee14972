"""Lines for people: errors and notes on stderr, with nothing in them that a terminal obeys.

Trust: text may hold what a file or a file's name says. Whatever is not printable is escaped.
"""

from __future__ import annotations

import sys
import traceback
from typing import TextIO

from safeload.errors import SafeloadError, plain
from safeload.unruly import described

__all__ = ["is_terminal", "note", "plain", "show_error", "show_failure"]


def is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody sits at the other end of a standard stream, which may be closed."""
    return stream is not None and stream.isatty()


def note(text: str) -> None:
    """Write a line to stderr."""
    print(plain(text), file=sys.stderr)


def show_error(error: SafeloadError) -> None:
    """Write an error to stderr: the file, the code, the sentence, and what to do next."""
    print(error.line, file=sys.stderr)
    if error.hint:
        print(f"  hint: {plain(error.hint)}", file=sys.stderr)


def show_failure(error: BaseException, path: str | None = None) -> SafeloadError:
    """Write to stderr what ended some work; a bug with where it is, so that it is no answer.

    Args:
        error: What was raised.
        path: What was worked on, where that is known.

    Returns:
        The error itself, or the one that a bug is (``internal``).
    """
    if isinstance(error, SafeloadError):
        failure = error
    else:
        for line in "".join(traceback.format_exception(error)).splitlines():
            note(line)
        failure = SafeloadError(
            described(error),
            code="internal",
            hint="This is a bug in safeload; nothing was decided. Please report it.",
            path=path,
        )
    show_error(failure)
    return failure
