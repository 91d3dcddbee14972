"""Say what files would do when they are loaded, without loading them.

Folders are searched for models by name and by content, whatever the files are called.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from safeload.cli.limits import add_limit_option, limits_of
from safeload.cli.output import note
from safeload.cli.policy_options import add_policy_options
from safeload.cli.progress import shown
from safeload.errors import UsageError

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
    parser.add_argument("--output", metavar="FILE", help="write the report there, not to stdout")
    add_limit_option(parser)


def run(options: argparse.Namespace) -> int:
    """Audit the files and write the report."""
    from safeload.auditing.run import audit

    limits = limits_of(options)
    if options.output is not None:
        _check_folder(Path(options.output))
    report = audit(
        *options.paths,
        policy=options.policy,
        packs=options.packs,
        limits=limits,
        progress=_with_bar,
    )
    if not report.files:
        note("No model was found.")
    if options.output is not None:
        _write(Path(options.output), _text(report, options.format))
    elif options.format == "json":
        print(_text(report, options.format), end="")
    else:
        _show(report)
    return report.exit_code


def _with_bar(candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    found = list(candidates)
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


def _check_folder(path: Path) -> None:
    """Say before the work, not after it, that its result has no place."""
    from safeload.trust.files import has_place

    if not has_place(path):
        raise UsageError(
            "The report cannot be written there.",
            code="output-unwritable",
            hint="Give --output the name of a file in a folder that exists.",
        )


def _write(path: Path, text: str) -> None:
    from safeload.writing.files import replace_file

    try:
        if path.exists() and not path.is_file():
            # A pipe or a device, which cannot be replaced.
            path.write_text(text, encoding="utf-8")
        else:
            replace_file(path, text.encode(), mode=0o644, follow=True)
    except OSError as error:
        raise UsageError(
            f"The report cannot be written: {error.strerror}.",
            code="output-unwritable",
            hint="Check the path given with --output.",
        ) from error
