"""Lines for people: errors and notes on stderr, with nothing in them that a terminal obeys.

Trust: text may hold what a file or a file's name says. Whatever is not printable is escaped.
"""

from __future__ import annotations

import sys
from typing import TextIO

from safeload.errors import SafeloadError, plain

__all__ = ["is_terminal", "note", "plain", "show_error"]


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
