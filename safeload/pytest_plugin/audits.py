"""Which tests are there for the files that a run of pytest audits, and when does one fail?

A test is called after its file, in characters that a terminal shows and does not obey.

Trust: options and the ini-file are the user's own; names and bytes of files are hostile.
"""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from safeload.auditing.baseline import Baseline
from safeload.auditing.judging import Judging
from safeload.auditing.one import answer
from safeload.auditing.opening import open_candidate
from safeload.auditing.run import AuditReport, FailOn
from safeload.auditing.sources.gather import Place, as_place, gather
from safeload.auditing.walk import Candidate
from safeload.cli.limits import limits_of
from safeload.errors import SafeloadError, plain
from safeload.report.console import as_text
from safeload.report.words import count
from safeload.verdict import FileReport, Skipped, Verdict

__all__ = ["AuditItem", "Settings", "audits", "candidates_of", "failure", "settings_of"]

_NOTHING = "No model was found in {}."


@dataclass(slots=True)
class Settings:
    """What a run audits, and by which rules.

    Attributes:
        places: Paths and addresses, those of the command line first.
        judging: Policy, packs and limits.
        baseline: Findings that were accepted, or None.
        fail_on: From which verdict on an audit fails.
        notes: What is to be said of the files once all are listed, a line each.
    """

    places: list[Place]
    judging: Judging
    baseline: Baseline | None
    fail_on: FailOn
    notes: list[str] = field(default_factory=list)

    def report(self, candidates: Iterable[Candidate]) -> AuditReport:
        """Audit files.

        Args:
            candidates: The files, in the order of the report.
        """
        found = [answer(candidate, self.judging).found for candidate in candidates]
        files = [each for each in found if isinstance(each, FileReport)]
        if self.baseline is not None:
            today = datetime.now(UTC).date()
            files = [self.baseline.applied(file, today) for file in files]
        return AuditReport(tuple(files), tuple(e for e in found if isinstance(e, Skipped)))


_SETTINGS = pytest.StashKey[Settings]()


def settings_of(config: pytest.Config) -> Settings:
    """The settings of a run, which are read once.

    Raises:
        pytest.UsageError: An option or a key of the ini-file cannot be used.
    """
    if _SETTINGS not in config.stash:
        try:
            config.stash[_SETTINGS] = _read(config)
        except SafeloadError as error:
            raise pytest.UsageError(f"{plain(error.message)}\n  {plain(error.hint)}") from error
    return config.stash[_SETTINGS]


def _read(config: pytest.Config) -> Settings:
    beside = config.rootpath if config.inipath is None else config.inipath.parent
    wanted = config.getoption("safeload_fail_on") or config.getini("safeload_fail_on")
    if wanted not in ("", None, FailOn.REFUSE, FailOn.INCOMPLETE):
        raise pytest.UsageError(f"safeload_fail_on is refuse or incomplete, not {wanted!r}")
    policy, baseline = (_file(config, beside, key) for key in ("policy", "baseline"))
    judging = Judging.of(
        policy,
        config.getini("safeload_packs"),
        limits_of(Namespace(limit=config.getini("safeload_limits"))),
    )
    # One that cannot be used is an error of the run, and not of each test.
    judging.policy()
    invoked = config.invocation_params.dir
    return Settings(
        [_place(text, invoked) for text in config.getoption("safeload_audit")]
        + [_place(text, beside) for text in config.getini("safeload_audit")],
        judging,
        None if baseline is None else Baseline.read(baseline),
        FailOn(wanted or FailOn.INCOMPLETE),
    )


def _file(config: pytest.Config, beside: Path, key: str) -> Path | None:
    text = config.getini(f"safeload_{key}")
    return beside / text if text else None


def _place(text: str, beside: Path) -> Place:
    place = as_place(text)
    return beside / place if isinstance(place, Path) else place


# -- files -----------------------------------------------------------------------------------------


def candidates_of(source: object, settings: Settings) -> Iterable[Candidate]:
    """The files that a test gives.

    Args:
        source: A path, an address, bytes, or an open file.
        settings: What the limits are.

    Raises:
        UsageError: It is none of these.
    """
    return gather([as_place(source)], settings.judging.limits)


def failure(report: AuditReport, settings: Settings) -> str:
    """Why a test of what was audited fails, or an empty text."""
    if not report.files:
        return _NOTHING.format("what was given")
    return as_text(report).rstrip() if report.exit_code_for(settings.fail_on) else ""


# -- tests -----------------------------------------------------------------------------------------


class FoundError(Exception):
    """A file is not accepted.

    Args:
        text: The report on it.
    """


class AuditItem(pytest.Item):
    """The audit of one file; without a file, of a place where none was found."""

    def __init__(self, *, settings: Settings, candidate: Candidate | None, **given: Any) -> None:
        super().__init__(**given)
        self._settings = settings
        self._candidate = candidate

    def runtest(self) -> None:
        """Audit the file."""
        if self._candidate is None:
            raise FoundError(_NOTHING.format(self.name))
        report = self._settings.report([self._candidate])
        if problem := failure(report, self._settings):
            raise FoundError(problem)
        if report.files[0].counted is not Verdict.ACCEPT:
            pytest.skip(f"{self.name}: not decided, not everything was read")

    def repr_failure(  # type: ignore[override]  # any terminal representation will do
        self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None
    ) -> object:
        """Show the report, and no code of ours."""
        if isinstance(excinfo.value, FoundError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[os.PathLike[str], None, str]:
        """What pytest shows as the test's place; never the file's name as it is."""
        return self.config.rootpath / self.nodeid.partition("::")[0], None, self.name


def audits(session: pytest.Session, settings: Settings) -> Iterator[AuditItem]:
    """The tests of what a run audits.

    Args:
        session: What they belong to.
        settings: What to audit; is told how many files were passed over.
    """
    limits = settings.judging.limits
    named: set[str] = set()
    passed_over = 0
    for place in settings.places:
        found = False
        for candidate in gather([place], limits):
            # Nothing is read that its name alone makes a test.
            if not candidate.is_listed and isinstance(open_candidate(candidate, limits), Skipped):
                passed_over += 1
                continue
            found = True
            below = replace(candidate, named=True)
            yield _item(session, settings, candidate.title or candidate.path, below, named)
        if not found:
            yield _item(session, settings, place, None, named)
    settings.notes[:] = [
        f"safeload: {count(len(named), 'audit')}; {count(passed_over, 'other file')} skipped"
    ]


def _item(
    session: pytest.Session,
    settings: Settings,
    where: Place,
    candidate: Candidate | None,
    named: set[str],
) -> AuditItem:
    if isinstance(where, Path):
        below = os.path.relpath(where, session.config.rootpath)
        where = str(where) if below.startswith(os.pardir) else below
    # Two colons part the names of pytest.
    name = plain(str(where)).replace("::", ":\\x3a")
    while name in named:
        name += "+"
    named.add(name)
    item: AuditItem = AuditItem.from_parent(
        session, name=name, nodeid=f"{name}::safeload", settings=settings, candidate=candidate
    )
    return item
