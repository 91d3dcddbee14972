"""Where does an audit's report go, and in which formats?

``--format`` and ``--output`` say what becomes of the one report that is the result; each ``--report
FORMAT=FILE`` writes it once more. All places are looked at before the work, and all texts are made
before the first is written, so that there is no run whose reports are of different ages.

Trust: the options are the user's own.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from safeload.cli.destination import Destination, add_output_option, candidates_beside
from safeload.cli.output import note
from safeload.errors import UsageError
from safeload.limits import Limits
from safeload.report.detail import Detail
from safeload.report.formats import FORMATS, format_of, render
from safeload.report.invocation import Invocation

if TYPE_CHECKING:
    from safeload.auditing.run import AuditReport
    from safeload.auditing.walk import Candidate

__all__ = ["Outputs", "add_report_options"]

_FOR_PEOPLE = "console"


def add_report_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--format``, ``--output``, ``--report``, ``--quiet`` and ``--summary``."""
    parser.add_argument(
        "--format",
        choices=[*FORMATS],
        default=_FOR_PEOPLE,
        help=f"what to write (default: {_FOR_PEOPLE})",
    )
    add_output_option(parser, "-o", what="report")
    parser.add_argument(
        "--report",
        action="append",
        default=[],
        metavar="FORMAT=FILE",
        help="write the report there as well, as in sarif=audit.sarif; may be given again",
    )
    details = parser.add_mutually_exclusive_group()
    details.add_argument(
        "-q",
        "--quiet",
        dest="detail",
        action="store_const",
        const=Detail.QUIET,
        default=Detail.ALL,
        help=f"{_FOR_PEOPLE}: show files that are not accepted, and nothing where there are none",
    )
    details.add_argument(
        "--summary",
        dest="detail",
        action="store_const",
        const=Detail.SUMMARY,
        help=f"{_FOR_PEOPLE}: show how many files there are of each verdict, and under which rules",
    )


class Outputs:
    """The places that a report goes to, looked at before there is one.

    Args:
        options: What the parser made of the options of :func:`add_report_options`.

    Raises:
        UsageError: A format is none (``format-unknown``), an option names no file
            (``report-malformed``), two name the same (``output-twice``), less is asked for of a
            report that is for programs (``report-is-whole``), or it is plain that nothing can be
            written there (``output-unwritable``).
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self._form: str = options.format
        self._detail: Detail = options.detail
        if self._detail is not Detail.ALL and self._form != _FOR_PEOPLE:
            raise UsageError(
                f"A report in the format {self._form} is always whole.",
                code="report-is-whole",
                hint=f"Leave --{self._detail} out, or let the format be {_FOR_PEOPLE}.",
            )
        self._files: list[tuple[str, Destination]] = []
        given = [_parts(text) for text in options.report]
        if options.output is not None:
            given.insert(0, (options.format, options.output))
        for number, (form, path) in enumerate(given):
            destination = Destination(path, noun="report")
            if any(destination.is_file(other) for _, other in given[:number]):
                raise UsageError(
                    f"Two reports would be written to {path!r}.",
                    code="output-twice",
                    hint="Give each report a file of its own.",
                )
            self._files.append((form, destination))
        self._shown = options.output is None

    @property
    def replace_files(self) -> bool:
        """Whether a file that is there already will be written over."""
        return any(destination.exists for _, destination in self._files)

    def require_none_of(self, paths: Iterable[str | os.PathLike[str] | None]) -> None:
        """Require that none of the files that the verb reads is written over.

        Args:
            paths: The files; None for one that was not given.

        Raises:
            UsageError: One of them is (``output-is-input``).
        """
        read = list(paths)
        for _, destination in self._files:
            destination.require_none_of(read)

    def beside(self, candidates: Iterable[Candidate], limits: Limits) -> list[Candidate]:
        """List the files to audit, of which none is a model that a report is written over.

        Args:
            candidates: What a walk comes upon.
            limits: Bounds on each file.

        Raises:
            UsageError: One of them is (``output-is-input``).
        """
        found = list(candidates)
        for _, destination in self._files:
            candidates_beside(destination, found, limits)
        return found

    def deliver(self, report: AuditReport, invocation: Invocation) -> None:
        """Write the report everywhere, last to standard output.

        Args:
            report: An audit's report.
            invocation: The run that it comes from.

        Raises:
            UsageError: A file cannot be written (``output-unwritable``); it is then as it was.
        """
        texts = [self._text(report, form, invocation) for form, _ in self._files]
        for text, (_, destination) in zip(texts, self._files, strict=True):
            destination.write(text.encode())
        self._show(report, invocation)

    def deliver_part(self, report: AuditReport, invocation: Invocation) -> None:
        """Print what an audit found before it was ended; half a report replaces no file.

        Args:
            report: The report, as far as it goes.
            invocation: The run that it comes from.
        """
        if self._files:
            note("The report is not complete, and was written to no file.")
        self._show(report, invocation)

    def _show(self, report: AuditReport, invocation: Invocation) -> None:
        if not self._shown:
            return
        if self._form == _FOR_PEOPLE:
            from safeload.report.console import print_report

            print_report(report, detail=self._detail)
        else:
            sys.stdout.write(render(report, self._form, invocation))

    def _text(self, report: AuditReport, form: str, invocation: Invocation) -> str:
        if form == _FOR_PEOPLE:
            from safeload.report.console import as_text

            return as_text(report, detail=self._detail)
        return render(report, form, invocation)


def _parts(text: str) -> tuple[str, str]:
    """The format and the path of ``FORMAT=FILE``."""
    form, _, path = text.partition("=")
    format_of(form)
    if not path:
        raise UsageError(
            f"{text!r} names no file.",
            code="report-malformed",
            hint=f"Write --report {form}=FILE.",
        )
    return form, path
