"""The audit's report for people at a terminal, or for whatever reads what they would.

What does not fit into a terminal's line goes on below where it began; a pipe gets each line whole,
and no control characters.

Trust: what the lines say of files was made printable, and is not read as markup.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TextIO

from rich.console import Console
from rich.text import Text

from safeload.auditing.run import AuditReport
from safeload.report.detail import Detail
from safeload.report.outline import Line, outline

__all__ = ["PlainConsole", "as_text", "print_lines", "print_report"]

# Columns that text has beside a label at least, before a terminal breaks it as it likes.
_NARROWEST = 24
# Columns by which a line without a label goes on further in.
_FURTHER = 2
# Lines that a terminal gets at once; what to do with each takes far longer one by one.
_AT_ONCE = 100


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
    print_lines(outline(report, detail), file=file)


def print_lines(lines: Iterable[Line], *, file: TextIO | None = None) -> None:
    """Write lines, as wide as the terminal if it is one.

    Args:
        lines: The lines, in which nothing is left that a terminal obeys.
        file: Where to; standard output by default.
    """
    console = PlainConsole(file)
    if not console.is_terminal:
        for line in lines:
            console.file.write(f"{line.plain}\n")
        return
    wrapped = chain.from_iterable(_wrapped(console, line) for line in lines)
    while part := list(islice(wrapped, _AT_ONCE)):
        console.print(Text("\n").join(part), soft_wrap=True)


def as_text(report: AuditReport, *, detail: Detail = Detail.ALL) -> str:
    """The report as plain text, as a pipe gets it.

    Args:
        report: An audit's report.
        detail: How much of it.
    """
    text = io.StringIO()
    print_report(report, file=text, detail=detail)
    return text.getvalue()


def _wrapped(console: Console, line: Line) -> Iterator[Text]:
    """A line, and what does not fit beside its label as lines below it that are indented as far."""
    columns = line.indent + len(line.label.plain)
    room = console.width - columns
    whole = Text.assemble(" " * line.indent, line.label, line.text)
    if len(line.text.plain) <= room:
        yield whole
    elif room < _NARROWEST:
        yield from whole.wrap(console, console.width)
    else:
        first, *others = line.text.wrap(console, room)
        if not line.label.plain:
            # What has no label goes on a little further in than it began.
            columns += _FURTHER
            rest = line.text.plain[len(first.plain) :]
            others = [*line.text[-len(rest.lstrip()) :].wrap(console, room - _FURTHER)]
        first.rstrip()
        yield Text.assemble(" " * line.indent, line.label, first)
        for other in others:
            other.rstrip()
            yield Text.assemble(" " * columns, other)
