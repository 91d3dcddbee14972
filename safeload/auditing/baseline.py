"""What did people look at and accept, although an audit speaks against it?

A baseline is a TOML file with one table for each file and rule::

    [[accepted]]
    sha256 = "54fc…"                # exactly these bytes
    rule = "SL101"                  # the findings of this rule in them, and of no other
    reason = "our own class, reviewed"
    author = "maria"
    until = 2027-03-31              # the last day on which it counts
    path = "models/churn.pkl"       # where it lay; for people, nothing rests on it

Nothing is accepted by a rule alone, or by a path: another file in the same place is another file.

Trust: a baseline decides what counts. So it is the caller's own, and one that somebody else could
have written is refused (:mod:`safeload.owners.judge`).
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from safeload.arguments import as_path
from safeload.errors import UsageError, about, printable
from safeload.owners.reading import read_own
from safeload.rule_ids import RULE_IDS
from safeload.scan.companions import OLD_JOBLIB
from safeload.verdict import FileReport, Severity, Suppressed

__all__ = ["Acceptance", "Baseline", "baseline_text"]

# Tens of thousands of entries.
_BYTES = 16 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}")
_TEXTS = ("sha256", "rule", "reason", "author")
# A report that holds so many findings may hold no more, and says nothing of what it left out.
_CUT = 1_000


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One entry.

    Attributes:
        sha256: Of the bytes, 64 lower-case hex digits.
        rule: The rule whose findings are accepted.
        reason: Why.
        author: Who accepted it.
        until: The last day on which it counts.
        path: Where the file lay; empty if nobody said.
    """

    sha256: str
    rule: str
    reason: str
    author: str
    until: date
    path: str = ""

    def counts(self, today: date) -> bool:
        """Whether its time is not over."""
        return today <= self.until

    def shown(self) -> Suppressed:
        """What a report says of it, with nothing that a terminal obeys."""
        return Suppressed(
            self.rule,
            printable(self.reason, limit=_SHOWN),
            printable(self.author),
            self.until.isoformat(),
        )


_SHOWN = 1_000


@dataclass(frozen=True, slots=True)
class Baseline:
    """All entries of a file, by digest and rule."""

    entries: Mapping[tuple[str, str], Acceptance]

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Baseline:
        """Read a baseline.

        Args:
            path: A TOML file of the form in the module docstring.

        Raises:
            UsageError: It cannot be read (``baseline-unreadable``), somebody else could have
                written it (``baseline-writable``), or it is no baseline (``baseline-malformed``).
        """
        text = baseline_text(path)
        with about(path, given=True):
            return cls.parse(text)

    @classmethod
    def parse(cls, text: bytes) -> Baseline:
        """Take a baseline from its text.

        Args:
            text: TOML.

        Raises:
            UsageError: It is no baseline (``baseline-malformed``).
        """
        try:
            document = tomllib.loads(text.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise _malformed(f"it is not valid TOML: {error}") from error
        accepted = document.pop("accepted", [])
        if document:
            raise _malformed(f"there is no such key as {next(iter(document))!r}")
        if not isinstance(accepted, list):
            raise _malformed("'accepted' is not a list of tables")
        entries: dict[tuple[str, str], Acceptance] = {}
        for number, table in enumerate(accepted, 1):
            entry = _entry(table, f"entry {number}")
            if entries.setdefault((entry.sha256, entry.rule), entry) is not entry:
                raise _malformed(f"entry {number} is about the same file and rule as another")
        return cls(entries)

    def applied(self, report: FileReport, today: date) -> FileReport:
        """A report that says which of its findings were accepted.

        Args:
            report: What was found of a file.
            today: The day that entries have to reach.

        Returns:
            The report, with its verdict and findings as they were.
        """
        if len(report.findings) >= _CUT or report.format.startswith(OLD_JOBLIB):
            # Not all findings are there; or files beside it have a part in them, which may change.
            return report
        rules = sorted({f.rule for f in report.findings if f.severity is not Severity.NOTE})
        found = [self.entries.get((report.sha256, rule)) for rule in rules]
        matching = [entry for entry in found if entry is not None]
        return replace(
            report,
            suppressed=tuple(entry.shown() for entry in matching if entry.counts(today)),
            expired=tuple(entry.shown() for entry in matching if not entry.counts(today)),
        )


def baseline_text(path: str | os.PathLike[str]) -> bytes:
    """Read a baseline, without saying yet whether it is one.

    Args:
        path: The file.

    Raises:
        UsageError: It cannot be read (``baseline-unreadable``; ``baseline-missing`` if there is
            none), or somebody else could have written it (``baseline-writable``).
    """
    where = as_path(path, "baseline")
    try:
        # As with policies: teams keep it in a checkout.
        text, _ = read_own(
            where, noun="baseline", code="baseline-writable", limit=_BYTES, own_group=True
        )
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        raise UsageError(
            f"The baseline cannot be read: {error.strerror}.",
            code="baseline-missing" if missing else "baseline-unreadable",
            hint=f"Check {printable(os.fspath(where))!r}; 'safeload baseline add' makes one.",
            path=where,
        ) from error
    return text


def _entry(table: Any, where: str) -> Acceptance:
    if not isinstance(table, dict):
        raise _malformed(f"{where} is not a table")
    values: dict[str, Any] = {"path": "", **table}
    unknown = values.keys() - {*_TEXTS, "until", "path"}
    if unknown:
        raise _malformed(f"{where} has an unknown key, {min(unknown)!r}")
    for key in (*_TEXTS, "path"):
        if not isinstance(values.get(key), str) or (key != "path" and not values[key].strip()):
            raise _malformed(f"{where} has no text as its {key}")
    if not _DIGEST.fullmatch(values["sha256"]):
        raise _malformed(f"{where} has no SHA-256 of 64 lower-case hex digits")
    if values["rule"] not in RULE_IDS:
        raise _malformed(f"{where} names a rule that does not exist, {values['rule']!r}")
    until = values.get("until")
    if not isinstance(until, date) or isinstance(until, datetime):
        raise _malformed(f"{where} has no date as its until, as in until = 2027-03-31")
    return Acceptance(**values)


def _malformed(why: str) -> UsageError:
    return UsageError(
        f"The baseline cannot be used: {printable(why, limit=300)}.",
        code="baseline-malformed",
        hint="docs/auditing.md shows its form; 'safeload baseline add' writes it.",
    )
