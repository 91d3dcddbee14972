"""Show what was loaded here and what was refused, as far as a ledger was kept.

A trust file names a ledger (ledger = "FILE"), or 'load' is given one (--ledger FILE). Each record
says when and where, which release of which model, by whose signature, how it ended and how long it
took. Texts are escaped; in CSV, those that a spreadsheet would take for a formula begin with '.

Trust: records hold what files that were refused said of themselves.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

from safeload.arguments import as_path
from safeload.cli.progress import shown
from safeload.errors import UsageError

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``ledger`` takes."""
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", dest="ledger_verb", required=True)
    show = verbs.add_parser(
        "show",
        help="show the records, the oldest first",
        description=__doc__.split("\n\nTrust:")[0],
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    show.add_argument(
        "--ledger", metavar="FILE", help="the ledger (default: the one that the trust file names)"
    )
    show.add_argument(
        "--trust",
        metavar="FILE",
        help="the trust file that names it (default: the one in your configuration directory)",
    )
    show.add_argument("--model", metavar="NAME", help="only records about the model of this name")
    show.add_argument(
        "--format",
        choices=["table", "json", "csv"],
        default="table",
        help="for people, for programs, or for spreadsheets (default: table)",
    )


def run(options: argparse.Namespace) -> int:
    """Print the records."""
    from safeload.ledger.database import Ledger
    from safeload.report.ledger import write_csv, write_json, write_table

    with shown("Reading the ledger"):
        records = Ledger(_path(options)).records(model=options.model)
    if options.format == "table":
        write_table(records, sys.stdout)
        return 0
    # A program gets all of it or, if a row is none, nothing.
    whole = io.StringIO()
    with shown("Reading the ledger"):
        {"json": write_json, "csv": write_csv}[options.format](records, whole)
    sys.stdout.write(whole.getvalue())
    return 0


def _path(options: argparse.Namespace) -> Path:
    if options.ledger is not None:
        return as_path(options.ledger, "ledger")
    from safeload.trust.trustfile import TrustFile

    path = TrustFile.read(options.trust).ledger
    if path is None:
        raise UsageError(
            "The trust file names no ledger.",
            code="no-ledger",
            hint="Say which one to show: --ledger FILE.",
        )
    return path
