"""Show what a file's program does as readable Python, without running it; or what a rule means.

What is shown is the program as safeload understood it, which is exactly what it would run. A skops
file has no program; its objects are shown as a tree. The name of a rule, such as SL101, in the
place of a file shows what a finding under that rule means.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from typing import TYPE_CHECKING, Any

from safeload.cli.answer import Answer, add_answer_option, status_of
from safeload.cli.limits import add_limit_option, limits_of
from safeload.cli.output import is_terminal, note
from safeload.cli.policy_options import add_policy_options
from safeload.cli.progress import shown
from safeload.errors import about

if TYPE_CHECKING:
    from safeload.report.programs import Listing

__all__ = ["add_arguments", "run"]

_LINES = 400
# What somebody means who names a rule, perhaps one that there is not.
_RULE = re.compile(r"SL[-_ ]?\d\w{0,4}", re.IGNORECASE | re.ASCII)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``explain`` takes."""
    parser.add_argument("file", metavar="FILE", help="the file to explain, or a rule such as SL101")
    add_answer_option(parser, "explain")
    add_policy_options(parser)
    add_limit_option(parser)
    parser.add_argument(
        "--lines",
        type=_lines,
        default=_LINES,
        metavar="N",
        help=f"lines to show of each program, at most (default: {_LINES})",
    )


def _lines(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of lines")
    return int(text)


def _show_rule(rule: str, answer: Answer) -> int:
    from safeload.report.rule_pages import page

    text = page(rule)
    answer.add(None, "shown", rule=rule, page=text)
    if answer.as_json:
        return 0
    if is_terminal(sys.stdout):
        from rich.markdown import Markdown

        from safeload.report.console import PlainConsole

        PlainConsole().print(Markdown(text))
    else:
        print(text, end="")
    return 0


def run(options: argparse.Namespace) -> int:
    """Scan the file, show its programs, and say what the policy says of it."""
    answer: Answer = options.answer
    if _RULE.fullmatch(options.file) and not os.path.lexists(options.file):
        return _show_rule(options.file, answer)
    with answer.about(options.file):
        _explain(options, answer)
    return answer.exit_code


def _explain(options: argparse.Namespace, answer: Answer) -> None:
    from dataclasses import replace

    from safeload.artefact import Artefact
    from safeload.auditing.run import AuditReport
    from safeload.beside import Beside
    from safeload.policy.judge import judge
    from safeload.policy.policy import Policy
    from safeload.report.console import print_report
    from safeload.report.json import file_document
    from safeload.report.programs import listings
    from safeload.scan.scan import scan

    policy = Policy.of(options.policy, packs=options.packs)
    limits = limits_of(options)
    with shown("Reading the program"), about(options.file):
        artefact = Artefact.read(options.file, limits=limits)
        scanned = scan(artefact.data, limits, Beside(artefact, limits))
        report = judge(scanned, policy).report(
            str(artefact.path), artefact.sha256, artefact.size, scanned.format
        )
        allowed = frozenset(item.name for item in report.globals if item.allowed)
        programs = list(listings(scanned, allowed=allowed, lines=options.lines))
    if not programs:
        note("There is no program to show.")
    doubts = tuple(doubt for program in programs for doubt in program.doubts)
    full = AuditReport((replace(report, findings=(*report.findings, *doubts)),))
    fields = {**file_document(full.files[0]), "programs": [_document(each) for each in programs]}
    del fields["path"]
    answer.add(options.file, status_of(full.exit_code), **fields)
    if not answer.as_json:
        _show(programs)
        print_report(full)


def _show(programs: list[Listing]) -> None:
    for program in programs:
        if program.title:
            print(f"# {program.title}")
        for line in program.lines:
            print(line)
        if program.left_out:
            print(f"# ... {program.left_out} more lines (--lines N shows more)")
        if program.problem:
            print(f"# not shown: {program.problem}")
        print()


def _document(program: Listing) -> dict[str, Any]:
    """One program as JSON types; what is noted of it stands among the findings."""
    return {
        "title": program.title,
        "lines": list(program.lines),
        "left_out": program.left_out,
        "problem": program.problem,
    }
