"""Say what files would do when they are loaded, without loading them.

Folders are searched for models by name and by content, whatever the files are called.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from safeload.cli.destination import Destination, add_output_option, candidates_beside
from safeload.cli.limits import add_limit_option, limits_of
from safeload.cli.output import note
from safeload.cli.policy_options import add_policy_options
from safeload.cli.progress import shown

if TYPE_CHECKING:
    from safeload.auditing.run import AuditReport
    from safeload.auditing.walk import Candidate

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``audit`` takes."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files and folders")
    parser.add_argument(
        "--format",
        choices=["console", "json"],
        default="console",
        help="for people, or for programs (default: console)",
    )
    add_policy_options(parser)
    add_output_option(parser, what="report")
    add_limit_option(parser)


def run(options: argparse.Namespace) -> int:
    """Audit the files and write the report."""
    from safeload.auditing.run import audit

    limits = limits_of(options)
    destination = None if options.output is None else Destination(options.output, noun="report")
    if destination is not None:
        destination.require_none_of([*options.paths, options.policy])
    report = audit(
        *options.paths,
        policy=options.policy,
        packs=options.packs,
        limits=limits,
        progress=lambda candidates: _with_bar(candidates_beside(destination, candidates, limits)),
    )
    if not report.files:
        note("No model was found.")
    if destination is not None:
        destination.write(_text(report, options.format).encode())
    elif options.format == "json":
        print(_text(report, options.format), end="")
    else:
        _show(report)
    return report.exit_code


def _with_bar(found: list[Candidate]) -> Iterator[Candidate]:
    with shown("Auditing", total=len(found)) as advance:
        for candidate in found:
            yield candidate
            advance(1)


def _show(report: AuditReport) -> None:
    from safeload.report.console import print_report

    print_report(report)


def _text(report: AuditReport, form: str) -> str:
    if form == "json":
        from safeload.report.json import as_json

        return as_json(report) + "\n"
    from safeload.report.console import print_report

    text = io.StringIO()
    print_report(report, file=text)
    return text.getvalue()
