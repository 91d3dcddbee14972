"""Say what a guarded program loaded, what would be refused, and what to do about it.

A program runs under the guard by 'python -m safeload.serving.guard --report FILE -- SCRIPT ...', or
by safeload.serving.guard.install(mode="report", log=FILE), and writes a line for each load.

Trust: a report quotes what hostile files said; it is escaped.
"""

from __future__ import annotations

import argparse
from collections import Counter
from typing import TYPE_CHECKING

from safeload.cli.destination import Destination, add_output_option
from safeload.cli.output import note, plain
from safeload.cli.policy_options import add_policy_options
from safeload.cli.progress import shown

if TYPE_CHECKING:
    from safeload.serving.guard.summary import Summary

__all__ = ["add_arguments", "run"]

_SUMMARISE = """\
Read a guard's report: which places of the program load models, and with which function; which
files the policy does not accept, and why; and the entries that those files need beyond the packs,
as 'policy learn' proposes them. Files are scanned again where they still are; none is loaded.

exit codes: 0 everything was accepted, 1 something was not, 2 usage, 3 there was nothing to read"""
# Names that are shown where no file is left to learn from.
_NAMES = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``guard`` takes."""
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", dest="guard_verb", required=True)
    summarise = verbs.add_parser(
        "summarise",
        help="say what a guarded program loaded, and what would be refused",
        description=_SUMMARISE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    summarise.add_argument("report", metavar="FILE", help="what --report or log= named")
    add_policy_options(summarise, policy_help="a policy file that is in use already")
    add_output_option(summarise, "-o", what="draft of a policy file")
    summarise.add_argument("--force", action="store_true", help="replace the draft if it exists")


def run(options: argparse.Namespace) -> int:
    """Print the summary, and write the draft if asked to."""
    from safeload.serving.guard.summary import summarise

    destination = None
    if options.output is not None:
        destination = Destination(options.output, noun="draft", replacing=options.force)
        destination.require_none_of([options.report])
        destination.require_replaceable()
    with shown("Reading the report"):
        summary = summarise(options.report)
    if summary.damaged:
        note(f"{summary.damaged} lines are not records, and were left out")
    if not summary.loads:
        note("The report holds no loads.")
        return 3
    print(f"{summary.loads} loads, {summary.refused} not accepted")
    _print_places(summary)
    _print_refused(summary)
    if summary.refused:
        _draft(options, summary, destination)
    return 1 if summary.refused else 0


def _print_places(summary: Summary) -> None:
    print("\nloaders to put behind safeload.load, once their models are signed:")
    for place, counts in sorted(summary.places.items(), key=lambda each: -each[1].total()):
        print(f"  {plain(place.loader)} at {plain(place.where)}: {_counts(counts)}")


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {plain(verdict)}" for verdict, count in sorted(counts.items()))


def _print_refused(summary: Summary) -> None:
    if summary.paths:
        print("\nfiles that are not accepted:")
    for path, why in summary.paths.items():
        print(f"  {plain(path)}: {plain(why)}")
    if summary.unread:
        print("\nwhat was not a file and is not accepted:")
    for why, count in summary.unread.most_common():
        print(f"  {count} times: {plain(why)}")


def _draft(options: argparse.Namespace, summary: Summary, destination: Destination | None) -> None:
    """Propose entries for the files that are still there."""
    from pathlib import Path

    from safeload.auditing.learning import learn
    from safeload.report.proposal import as_toml

    there = [path for path in summary.paths if Path(path).is_file()]
    if not there:
        print("\nnames that are not allowed, with no file left to learn from:")
        for name, count in summary.names.most_common(_NAMES):
            print(f"  {plain(name)}, {count} times")
        return
    with shown("Learning"):
        text = as_toml(learn(*there, policy=options.policy, packs=options.packs))
    if destination is None:
        print(f"\n{text}", end="")
    else:
        destination.write(text.encode("ascii"))
        note("Read every line of the draft before you use it.")
