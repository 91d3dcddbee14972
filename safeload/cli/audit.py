"""Say what files would do when they are loaded, without loading them.

Folders are searched for models by name and by content, whatever the files are called.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from safeload.cli.limits import add_limit_option, limits_of
from safeload.cli.output import note
from safeload.cli.policy_options import add_policy_options
from safeload.cli.progress import shown
from safeload.cli.reports import Outputs, add_report_options
from safeload.report.invocation import Invocation

if TYPE_CHECKING:
    from safeload.auditing.walk import Candidate

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``audit`` takes."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files and folders")
    add_report_options(parser)
    add_policy_options(parser)
    add_limit_option(parser)


def run(options: argparse.Namespace) -> int:
    """Audit the files and write the report."""
    from safeload.auditing.run import audit

    limits = limits_of(options)
    outputs = Outputs(options)
    outputs.require_none_of([*options.paths, options.policy])
    started = datetime.now(UTC)
    report = audit(
        *options.paths,
        policy=options.policy,
        packs=options.packs,
        limits=limits,
        progress=lambda candidates: _with_bar(outputs.beside(candidates, limits)),
    )
    if not report.files:
        note("No model was found.")
    outputs.deliver(
        report, Invocation(started, datetime.now(UTC), report.exit_code, root=Path.cwd())
    )
    return report.exit_code


def _with_bar(found: list[Candidate]) -> Iterator[Candidate]:
    with shown("Auditing", total=len(found)) as advance:
        for candidate in found:
            yield candidate
            advance(1)
