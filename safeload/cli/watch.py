"""Audit each file that is dropped into a folder, and move it: accepted, or into quarantine.

Files are taken when they have been written and closed, or moved in; hidden and partial ones
(.part, .crdownload, ...) are left alone until they have another name. What is moved is what was
audited. Beside each file in quarantine lie its reports, NAME.report.txt and NAME.report.json.

Trust: the drop folder is hostile, the two others are the user's own.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from typing import TYPE_CHECKING

from safeload.arguments import as_path
from safeload.cli.limits import add_limit_option, limits_of
from safeload.cli.output import note
from safeload.cli.policy_options import add_policy_options
from safeload.errors import printable

if TYPE_CHECKING:
    from safeload.watching.watch import Moved

__all__ = ["add_arguments", "run"]

# As much of a path as a line of a log may hold.
_PATH = 4096


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``watch`` takes."""
    parser.add_argument("drop", metavar="DIR", help="the folder that files are dropped into")
    parser.add_argument("--accepted", metavar="DIR", required=True, help="where accepted files go")
    parser.add_argument(
        "--quarantine",
        metavar="DIR",
        required=True,
        help="where all others go, with their reports",
    )
    parser.add_argument(
        "--once", action="store_true", help="end when all that lies there has been handled"
    )
    parser.add_argument(
        "--format",
        choices=["console", "json"],
        default="console",
        help="what to write of each file: a line for people, or of JSON (default: console)",
    )
    add_policy_options(parser)
    add_limit_option(parser)


def run(options: argparse.Namespace) -> int:
    """Handle files as they come."""
    from safeload.auditing.judging import Judging
    from safeload.auditing.run import AuditReport
    from safeload.watching.watch import watch

    if hasattr(signal, "SIGIO"):
        # The kernel tells of those who wait to write to what we read. They may wait.
        signal.signal(signal.SIGIO, signal.SIG_IGN)
    reports = []

    def moved(one: Moved) -> None:
        if options.once and one.report is not None:
            reports.append(one.report)
        print(_line(one) if options.format == "console" else _json(one))
        sys.stdout.flush()

    watch(
        as_path(options.drop, "drop"),
        accepted=as_path(options.accepted, "accepted"),
        quarantine=as_path(options.quarantine, "quarantine"),
        judging=Judging.of(options.policy, options.packs, limits_of(options)),
        moved=moved,
        note=note,
        once=options.once,
    )
    return AuditReport(tuple(reports)).exit_code


def _line(one: Moved) -> str:
    verdict = "signature" if one.report is None else one.report.verdict.upper()
    path, to = (printable(text, limit=_PATH) for text in (one.path, os.fspath(one.to)))
    return f"{verdict:<10} {path} -> {to}"


def _json(one: Moved) -> str:
    return json.dumps(
        {
            "path": one.path,
            "verdict": None if one.report is None else one.report.verdict,
            "sha256": None if one.report is None else one.report.sha256,
            "to": os.fspath(one.to),
            "accepted": one.accepted,
        }
    )
