"""Audit files: what would each of them do, and is that allowed?

Trust: the files are hostile and are never run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from safeload.arguments import as_path, as_text, as_whole, require_callable, require_type
from safeload.artefact import Source
from safeload.auditing.excluding import Excluded, Excluding
from safeload.auditing.expected import as_digest, require_digest, require_single
from safeload.auditing.identity import identity_of
from safeload.auditing.judging import Judging
from safeload.auditing.sources.gather import Place, as_place, gather, local
from safeload.auditing.sources.hub_cache import fetched
from safeload.auditing.walk import Candidate
from safeload.limits import Limits
from safeload.verdict import FileReport, Skipped, Verdict, verdict_of

if TYPE_CHECKING:
    from safeload.auditing.baseline import Baseline
    from safeload.auditing.cache import Cache
    from safeload.auditing.sources.changed import ChangedSince
    from safeload.policy.policy import Policy

__all__ = ["Audit", "AuditReport", "FailOn", "audit"]

_CODES = {Verdict.ACCEPT: 0, Verdict.REFUSE: 1, Verdict.INCOMPLETE: 3}
_MOST_JOBS = 1_024


class FailOn(StrEnum):
    """From which verdict on an audit has failed."""

    REFUSE = "refuse"
    INCOMPLETE = "incomplete"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit found.

    Attributes:
        files: One report for each file that may be a model, or that the caller named.
        skipped: The other files in folders, each with the reason why it is none.
        unfinished: How many files were not looked at, because the audit was ended.
        remarks: What else is to be said of the audit itself, a sentence each.
        changed_since: What the audit was narrowed to; None where every file was looked at.
        excluded: What was left out of the folders; None where nothing was to be.
    """

    files: tuple[FileReport, ...]
    skipped: tuple[Skipped, ...] = ()
    unfinished: int = 0
    remarks: tuple[str, ...] = ()
    changed_since: ChangedSince | None = None
    excluded: Excluded | None = None

    @property
    def verdict(self) -> Verdict:
        """REFUSE if any file is refused, else INCOMPLETE if any is incomplete, else ACCEPT.

        Findings that a baseline has count here as all others.
        """
        return verdict_of(finding for file in self.files for finding in file.findings)

    @property
    def exit_code(self) -> int:
        """1 if any file is refused, else 3 if any is incomplete, else 0.

        Findings that a baseline has do not count.
        """
        return self.exit_code_for(FailOn.INCOMPLETE)

    def exit_code_for(self, fail_on: FailOn, *, only_new: bool = False) -> int:
        """The exit code, where not everything is to be a failure.

        Args:
            fail_on: From which verdict on it is one.
            only_new: Whether a finding is none that was accepted once, even if the time for that
                is over.

        Returns:
            1 if a file is refused, else 3 if one is incomplete, else 0; 0 for what is no failure.
        """
        if fail_on is FailOn.NEVER:
            return 0
        verdicts = {_counted(file, only_new=only_new) for file in self.files}
        if Verdict.REFUSE in verdicts:
            return _CODES[Verdict.REFUSE]
        if fail_on is FailOn.INCOMPLETE and (Verdict.INCOMPLETE in verdicts or self.unfinished):
            return _CODES[Verdict.INCOMPLETE]
        return 0


def audit(
    *paths: Source,
    policy: str | os.PathLike[str] | Policy | None = None,
    packs: Iterable[str] = (),
    limits: Limits | None = None,
    progress: Callable[[Iterable[Candidate]], Iterable[Candidate]] | None = None,
    jobs: int | None = 1,
    cache: str | os.PathLike[str] | None = None,
    rehash: bool = False,
    baseline: str | os.PathLike[str] | Baseline | None = None,
    second_opinion: bool = False,
    notes: bool = True,
    hub_cache: str | os.PathLike[str] | None = None,
    expect_sha256: str | None = None,
    dask: str | None = None,
    changed_since: str | None = None,
    if_model: bool = False,
    exclude: Sequence[str] = (),
) -> AuditReport:
    """Say what files would do when they are loaded, without loading them.

    Args:
        *paths: Files and folders; folders are searched for models by name and content. Models in
            hand may be given as bytes or open files. A text may be an address, as in
            ``"s3://bucket/folder"``, ``"https://…"`` or ``"models:/name/3"``.
        policy: The allow-list, or a policy file to add to the packs.
        packs: Names of packs to switch on that are off by default, such as ``"statsmodels"``.
        limits: Bounds on each file.
        progress: Wraps the files as they are done, to show it; they know how many they are.
        jobs: Processes that work at most; None for one for each processor. Few files are read in
            this process whatever it is.
        cache: A file for what was found, which is not looked for again in the same bytes; made if
            there is none. It is not used with a :class:`Policy`.
        rehash: Whether to read every file, even one that the cache takes for unchanged.
        baseline: Findings that were accepted, or the file that lists them.
        second_opinion: Whether to ask fickling and, where it is installed, ClamAV as well.
        notes: Whether to note signs that decide nothing, such as an address within a model.
        hub_cache: The folder of a Hugging Face hub cache, all of which is audited.
        expect_sha256: The SHA-256 that the only file must have, 64 hex digits.
        dask: The address of a Dask scheduler whose workers do the work, in place of ``jobs``.
        changed_since: A revision of git's: only files are audited that are other than where HEAD
            and it parted. Without a path, all of the work tree around the current folder.
        if_model: Whether files that are given count as those in folders do, which are skipped if
            they are not models; for lists of files that nobody chose.
        exclude: Patterns of files and folders to leave out, relative to each folder that is given,
            as in ``"tests/fixtures"`` or ``"*.bak.pkl"``. Files that are given themselves, and what
            addresses and the hub's cache lead to, are audited all the same.

    Returns:
        The report; the same whatever ``jobs`` and ``cache`` are.

    Raises:
        UsageError: The policy file or baseline cannot be used, there is no such pack, what reads
            an address is not installed, git does not say what changed, a pattern is malformed, or
            an argument is none that its parameter takes.
        TrustError: The file has another digest (``digest-mismatch``).
    """
    work = Audit(
        *paths,
        policy=policy,
        packs=packs,
        limits=limits,
        jobs=jobs,
        cache=cache,
        rehash=rehash,
        baseline=baseline,
        second_opinion=second_opinion,
        notes=notes,
        hub_cache=hub_cache,
        expect_sha256=expect_sha256,
        dask=dask,
        changed_since=changed_since,
        if_model=if_model,
        exclude=exclude,
    )
    work.run(progress)
    return work.report()


class Audit:
    """An audit that can be asked what it has found so far; the arguments are those of `audit`."""

    def __init__(
        self,
        *paths: Source,
        policy: str | os.PathLike[str] | Policy | None = None,
        packs: Iterable[str] = (),
        limits: Limits | None = None,
        jobs: int | None = 1,
        cache: str | os.PathLike[str] | None = None,
        rehash: bool = False,
        baseline: str | os.PathLike[str] | Baseline | None = None,
        second_opinion: bool = False,
        notes: bool = True,
        hub_cache: str | os.PathLike[str] | None = None,
        expect_sha256: str | None = None,
        dask: str | None = None,
        changed_since: str | None = None,
        if_model: bool = False,
        exclude: Sequence[str] = (),
    ) -> None:
        self._places = [as_place(path) for path in paths]
        self._changed = None
        if changed_since is not None:
            from safeload.auditing.sources.changed import Changed, whole_tree

            self._changed = Changed(as_text(changed_since, "changed_since"))
            self._places = self._places or [whole_tree()]
        self._jobs = None if jobs is None else as_whole(jobs, "jobs", least=1, most=_MOST_JOBS)
        self._cache_path = None if cache is None else as_path(cache, "cache")
        require_type(rehash, "rehash", bool, takes="True or False")
        self._rehash = rehash
        require_type(second_opinion, "second_opinion", bool, takes="True or False")
        require_type(notes, "notes", bool, takes="True or False")
        require_type(if_model, "if_model", bool, takes="True or False")
        self._second_opinion = second_opinion
        self._if_model = if_model
        self._excluding = Excluding(exclude)
        self._hub_cache = None if hub_cache is None else as_path(hub_cache, "hub_cache")
        self._expected = None if expect_sha256 is None else as_digest(expect_sha256)
        self._dask = None if dask is None else as_text(dask, "dask")
        self._judging = Judging.of(
            policy, packs, limits, second_opinion=second_opinion, notes=notes
        )
        self._baseline = None if baseline is None else _baseline(baseline)
        self._candidates: list[Candidate] = []
        self._found: dict[int, FileReport | Skipped] = {}
        self._remarks: list[str] = []

    def run(
        self, progress: Callable[[Iterable[Candidate]], Iterable[Candidate]] | None = None
    ) -> None:
        """Look at all files.

        Args:
            progress: Wraps the files as they are done.

        Raises:
            UsageError: The policy cannot be used, or what reads an address is not installed.
            TrustError: The file has another digest than it was to have (``digest-mismatch``).
        """
        require_callable(progress, "progress", takes="None or a function")
        self._candidates = list(self._gathered())
        if self._expected is not None:
            require_single(self._candidates)
        with closing(self._done()) as done:
            finished = _Finished(done, len(self._candidates))
            for _ in progress(finished) if progress is not None else finished:
                pass
        if self._second_opinion:
            self._ask_others()

    def report(self) -> AuditReport:
        """What was found so far, in the order of the files."""
        today = datetime.now(UTC).date()
        found = [self._found[number] for number in sorted(self._found)]
        files = [each for each in found if isinstance(each, FileReport)]
        remarks = list(self._remarks)
        if self._baseline is not None:
            files = [self._baseline.applied(file, today) for file in files]
            expired = sum(len(file.expired) for file in files)
            if expired:
                remarks.append(
                    "Accepted in the baseline until a day that is over, and counted again: "
                    f"{expired:,} of its findings."
                )
        return AuditReport(
            tuple(files),
            tuple(each for each in found if isinstance(each, Skipped)),
            len(self._candidates) - len(found),
            tuple(remarks),
            self._changed.since() if self._changed is not None else None,
            self._excluding.excluded,
        )

    def _ask_others(self) -> None:
        from safeload.auditing.second_opinion import with_viruses

        files = {n: each for n, each in self._found.items() if isinstance(each, FileReport)}
        asked, problem = with_viruses(list(files.values()))
        self._found.update(zip(files, asked, strict=True))
        self._remarks += [problem] if problem else []
        elsewhere = sum(bool(candidate.title) for candidate in self._candidates)
        if elsewhere and not problem:
            self._remarks.append(
                f"No second opinion of ClamAV on {elsewhere:,} files: it reads only those that "
                "were named by a path."
            )

    def _gathered(self) -> Iterator[Candidate]:
        for place in self._places:
            found = self._at(place)
            yield from self._excluding.left(place, found) if isinstance(place, Path) else found
        if self._changed is not None:
            self._remarks += self._changed.since().remarks
        if self._hub_cache is not None:
            yield from fetched(self._hub_cache)

    def _at(self, place: Place) -> Iterator[Candidate]:
        if self._changed is not None:
            return self._changed.below([place], if_model=self._if_model)
        return gather([place], self._judging.limits, if_model=self._if_model)

    def _done(self) -> Generator[Candidate, None, None]:
        """Look at all files, and say which is done."""
        cache = self._opened()
        try:
            left = []
            for number, candidate in enumerate(self._candidates):
                reread = cache is None or self._rehash or self._expected is not None
                known = None if reread or cache is None else _remembered(cache, candidate)
                if known is None:
                    left.append(number)
                else:
                    self._found[number] = known
                    yield candidate
            if left or not self._found:
                yield from self._judged(left, cache)
        finally:
            if cache is not None:
                cache.close()
                if cache.problem:
                    self._remarks.append(f"The cache is not used: {cache.problem}")

    def _judged(self, numbers: list[int], cache: Cache | None) -> Iterator[Candidate]:
        """Read and judge files, and say which is done."""
        # What judges takes longer to import than a cache to be read.
        from safeload.auditing.cluster import connected
        from safeload.auditing.jobs import Task, answers, cores

        # One that cannot be used is an error, whether or not there is a file to judge.
        self._judging.policy()
        tasks = [Task(n, self._candidates[n], self._candidates[n].size) for n in numbers]
        with connected(self._dask) if self._dask is not None else nullcontext() as cluster:
            for number, answer in answers(
                tasks,
                self._judging,
                jobs=cores() if self._jobs is None else self._jobs,
                known=None if cache is None else cache.known,
                cache=self._cache_path,
                cluster=cluster,
            ):
                candidate = self._candidates[number]
                if self._expected is not None:
                    require_digest(candidate, answer, self._expected)
                self._found[number] = answer.found
                # What another machine says is believed for this one report.
                if cache is not None and self._dask is None:
                    cache.keep(candidate.path, answer, listed=candidate.is_listed)
                yield candidate

    def _opened(self) -> Cache | None:
        if self._cache_path is None:
            return None
        key = self._judging.key
        if key is None:
            self._remarks.append("The cache is not used: it knows policies by their files.")
            return None
        from safeload.auditing.cache import Cache

        audited = local(self._places)
        if self._hub_cache is not None:
            audited.append(self._hub_cache)
        return Cache(self._cache_path, key, audited=audited)


class _Finished:
    """The files that are done, one after the other; whoever shows them may ask how many."""

    def __init__(self, done: Iterator[Candidate], total: int) -> None:
        self._done = done
        self._total = total

    def __iter__(self) -> Iterator[Candidate]:
        return self._done

    def __len__(self) -> int:
        return self._total


def _remembered(cache: Cache, candidate: Candidate) -> FileReport | Skipped | None:
    """What was found of a file before, if it is the same still."""
    identity = identity_of(candidate)
    sha256 = cache.digest_of(candidate.path, identity) if identity else None
    if sha256 is None:
        return None
    return cache.known(sha256, candidate.label, listed=candidate.is_listed)


def _baseline(given: str | os.PathLike[str] | Baseline) -> Baseline:
    from safeload.auditing.baseline import Baseline

    return given if isinstance(given, Baseline) else Baseline.read(given)


def _counted(file: FileReport, *, only_new: bool) -> Verdict:
    if not only_new:
        return file.counted
    accepted = {each.rule for each in (*file.suppressed, *file.expired)}
    return verdict_of(finding for finding in file.findings if finding.rule not in accepted)
