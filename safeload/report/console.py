"""The audit's report for people at a terminal, or for whatever reads what they would.

What does not fit into a terminal's line goes on below where it began; a pipe gets each line whole,
and no control characters.

Trust: what the lines say of files was made printable, and is not read as markup.
"""

from __future__ import annotations

import io
import sys
from typing import TextIO

from rich.console import Console
from rich.text import Text

from safeload.auditing.run import AuditReport
from safeload.report.detail import Detail
from safeload.report.outline import Line, outline

__all__ = ["PlainConsole", "as_text", "print_report"]

# Columns that text has beside a label at least, before a terminal breaks it as it likes.
_NARROWEST = 24


class PlainConsole(Console):
    """A console that adds nothing to what it prints, and lets a closed pipe be an error.

    Args:
        file: What to write to; standard output by default.
    """

    def __init__(self, file: TextIO | None = None) -> None:
        super().__init__(file=file or sys.stdout, highlight=False, emoji=False, markup=False)

    def on_broken_pipe(self) -> None:
        """Leave the exit code to the command line; rich would end the process with 1, refused."""
        raise BrokenPipeError


def print_report(
    report: AuditReport, *, file: TextIO | None = None, detail: Detail = Detail.ALL
) -> None:
    """Write a report.

    Args:
        report: An audit's report.
        file: Where to; standard output by default.
        detail: How much of it.
    """
    console = PlainConsole(file)
    for line in outline(report, detail):
        if console.is_terminal:
            _wrap(console, line)
        else:
            console.file.write(f"{line.plain}\n")


def as_text(report: AuditReport, *, detail: Detail = Detail.ALL) -> str:
    """The report as plain text, as a pipe gets it.

    Args:
        report: An audit's report.
        detail: How much of it.
    """
    text = io.StringIO()
    print_report(report, file=text, detail=detail)
    return text.getvalue()


def _wrap(console: Console, line: Line) -> None:
    """Print a line with what does not fit beside its label below, indented as far."""
    columns = line.indent + len(line.label.plain)
    if console.width - columns < _NARROWEST:
        console.print(Text.assemble(" " * line.indent, line.label, line.text), overflow="fold")
        return
    first, *others = line.text.wrap(console, console.width - columns) or [Text()]
    first.rstrip()
    console.print(Text.assemble(" " * line.indent, line.label, first), soft_wrap=True)
    for other in others:
        console.print(Text.assemble(" " * columns, other), soft_wrap=True)
