"""Say which findings were looked at and accepted, why, by whom and until when.

An entry is about exactly the bytes of a file and one rule: another file in its place is another
file, and another finding in it counts. 'safeload audit --baseline FILE' shows accepted findings,
and they do not count for its exit code. Accepting never makes a file load: 'safeload load' and
safeload.load_unsigned refuse it as before.

Trust: models are not run. The baseline decides what counts, so it is read only if nobody else could
have written it.
"""

from __future__ import annotations

import argparse
import getpass
import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from safeload.cli.limits import add_limit_option, limits_of
from safeload.cli.output import note, plain
from safeload.cli.policy_options import add_policy_options
from safeload.cli.progress import shown
from safeload.errors import UsageError

if TYPE_CHECKING:
    from safeload.auditing.baseline import Acceptance
    from safeload.verdict import FileReport

__all__ = ["add_arguments", "run"]

_NAME = "safeload-baseline.toml"
_ADD = """\
Audit files, and accept what is found: all findings, or those of the rules that are named. What the
file is refused for now is accepted, and nothing else; some rules look at a file only if others had
nothing to say, so read it with 'safeload explain' first.

exit codes: 0 it was added, 2 usage"""
_SHOW = """\
List what is accepted.

exit codes: 0 always, 2 usage"""
_REMOVE = """\
Take entries out: of a file, by its path or its SHA-256, and if rules are named, of those alone.

exit codes: 0 it was removed, 2 usage"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``baseline`` takes."""
    verbs = parser.add_subparsers(
        title="verbs", metavar="VERB", dest="baseline_verb", required=True
    )

    def verb(name: str, summary: str, described: str) -> argparse.ArgumentParser:
        added = verbs.add_parser(
            name,
            help=summary,
            description=described,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        added.add_argument(
            "--baseline", metavar="FILE", default=_NAME, help=f"the baseline (default: {_NAME})"
        )
        return added

    add = verb("add", "accept what is found in files", _ADD)
    add.add_argument("files", nargs="+", metavar="FILE", help="files, no folders")
    add.add_argument("--reason", metavar="TEXT", required=True, help="why it is accepted")
    add.add_argument("--until", metavar="DATE", required=True, help="last day, as in 2027-03-31")
    add.add_argument("--author", metavar="NAME", help="who accepts it (default: this user)")
    _add_rules(add, "a rule whose findings are accepted; may be repeated (default: all there are)")
    add_policy_options(add)
    add_limit_option(add)

    show = verb("show", "list what is accepted", _SHOW)
    show.add_argument("--format", choices=["console", "json"], default="console")

    remove = verb("remove", "take entries out", _REMOVE)
    remove.add_argument("files", nargs="+", metavar="FILE", help="files, or SHA-256 digests")
    _add_rules(remove, "a rule; may be repeated (default: all)")


def run(options: argparse.Namespace) -> int:
    """Add, show or remove entries."""
    return {"add": _add, "show": _show, "remove": _remove}[options.baseline_verb](options)


def _add_rules(parser: argparse.ArgumentParser, described: str) -> None:
    parser.add_argument(
        "--rule", action="append", default=[], metavar="SLnnn", dest="rules", help=described
    )


# -- add -------------------------------------------------------------------------------------------


def _add(options: argparse.Namespace) -> int:
    from safeload.auditing.accepting import add_entries
    from safeload.auditing.run import audit

    until = _day(options.until)
    author = options.author or _user()
    with shown("Auditing"):
        report = audit(
            *options.files,
            policy=options.policy,
            packs=options.packs,
            limits=limits_of(options),
        )
    entries = [
        entry
        for file in report.files
        for entry in _entries(file, options.rules, options.reason, author, until)
    ]
    add_entries(options.baseline, entries)
    for entry in entries:
        note(f"accepted until {entry.until}: {entry.rule} in {entry.path} ({entry.sha256[:12]})")
    return 0


def _entries(
    file: FileReport, rules: list[str], reason: str, author: str, until: date
) -> list[Acceptance]:
    from safeload.auditing.baseline import Acceptance
    from safeload.verdict import Severity

    found = {finding.rule for finding in file.findings if finding.severity is not Severity.NOTE}
    chosen = found if not rules else set(rules)
    if not found or not chosen <= found or not file.sha256:
        lacking = ", ".join(sorted(chosen - found))
        raise UsageError(
            f"In {file.path} there is nothing to accept{f' under {lacking}' if lacking else ''}.",
            code="baseline-nothing",
            hint="'safeload audit' shows what is found in a file; what could not be read at all "
            "cannot be accepted.",
        )
    return [
        Acceptance(file.sha256, rule, reason, author, until, file.path) for rule in sorted(chosen)
    ]


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day < datetime.now(UTC).date():
        raise UsageError(
            f"{text!r} is not a day to come.",
            code="baseline-date",
            hint="Give --until a date, as in 2027-03-31: the last day on which the entry counts.",
        )
    return day


def _user() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError) as error:
        raise UsageError(
            "Cannot determine the user name for the baseline.",
            code="baseline-author",
            hint="Give --author NAME.",
        ) from error


# -- show ------------------------------------------------------------------------------------------


def _show(options: argparse.Namespace) -> int:
    from safeload.auditing.baseline import Baseline

    today = datetime.now(UTC).date()
    entries = list(Baseline.read(options.baseline).entries.values())
    if options.format == "json":
        print(json.dumps({"schema": 1, "accepted": [_fields(each, today) for each in entries]}))
        return 0
    for entry in entries:
        ended = "" if entry.counts(today) else " (over)"
        where = entry.path or "-"
        print(plain(f"{entry.rule}  {entry.sha256}  until {entry.until}{ended}  {where}"))
        print(plain(f"    {entry.author}: {entry.reason}"))
    over = sum(not entry.counts(today) for entry in entries)
    print(f"{len(entries):,} accepted, {over:,} of them over")
    return 0


def _fields(entry: Acceptance, today: date) -> dict[str, Any]:
    return {
        "sha256": entry.sha256,
        "rule": entry.rule,
        "reason": entry.reason,
        "author": entry.author,
        "until": entry.until.isoformat(),
        "path": entry.path,
        "counts": entry.counts(today),
    }


# -- remove ----------------------------------------------------------------------------------------


def _remove(options: argparse.Namespace) -> int:
    from safeload.auditing.accepting import remove_entries
    from safeload.auditing.baseline import Baseline

    entries = Baseline.read(options.baseline).entries
    gone = set()
    with shown("Reading"):
        digests = {text: _digest(text) for text in options.files}
    for text, digest in digests.items():
        found = {key for key in entries if key[0] == digest}
        chosen = {key for key in found if not options.rules or key[1] in options.rules}
        if not chosen:
            raise UsageError(
                f"The baseline has no such entry of {text}.",
                code="baseline-nothing",
                hint="'safeload baseline show' lists its entries; a file that was changed since is "
                "named by the SHA-256 that it had.",
            )
        gone |= chosen
    remove_entries(options.baseline, gone)
    note(f"removed: {len(gone):,}")
    return 0


def _digest(text: str) -> str:
    from safeload.artefact import Artefact

    if len(text) == 64 and set(text) <= set("0123456789abcdef"):
        return text
    return Artefact.read(text).sha256
