"""Each file that is dropped is audited, and lies among the accepted ones or in quarantine then.

1. Claim the file, once it was written and closed: from there on nobody can exchange it.
2. Read it once, into memory, and audit these bytes.
3. Write these very bytes to where they belong, under a name that is free; in quarantine with a
   report for people and one for programs.
4. Remove the file that was claimed, if it is still the one that was read.

A run that is killed after any step leaves the file claimed, and the next run takes it from step 2
on. So a file may be audited twice, and is never lost, and nothing lies among the accepted files
that was not audited.

A signature, ``model.joblib.sig``, goes along with the file that it is about by its digest, in
whatever order the two come. Only its form is looked at: whoever loads the model verifies it.

Trust: what is dropped is hostile, and may change at any moment. The two other folders are the
caller's own.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from safeload.artefact import Artefact
from safeload.auditing.judging import Judging
from safeload.auditing.one import Answer, answer, unread
from safeload.auditing.run import AuditReport
from safeload.auditing.sources.given import Given
from safeload.auditing.walk import Candidate
from safeload.errors import ArtefactError, UsageError, printable
from safeload.report.console import as_text
from safeload.report.json import as_json
from safeload.unruly import described
from safeload.verdict import FileReport, Finding, Verdict
from safeload.watching.arrivals import Arrivals
from safeload.watching.drop import Drop, Place, is_being_written
from safeload.watching.keeping import Keeping
from safeload.watching.names import BUNDLE, is_bundle, is_unfinished, shown
from safeload.watching.signatures import Signatures
from safeload.writing.drafts import is_private
from safeload.writing.files import tidy

__all__ = ["Moved", "watch"]

# For whom accepted files are is up to the umask; what is in quarantine is for nobody else.
_OPEN, _PRIVATE = 0o666, 0o600
# How many notes are not repeated.
_REMEMBERED = 4_096
# After how many waits in which nothing happened, of a second each, is tried again what failed?
_PATIENCE = 60


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of a dropped file.

    Attributes:
        path: Its path below the drop folder.
        report: What was found; None for a signature.
        to: Where it lies now.
        accepted: Whether that is among the accepted files.
    """

    path: str
    report: FileReport | None
    to: Path
    accepted: bool


def watch(
    drop: Path,
    *,
    accepted: Path,
    quarantine: Path,
    judging: Judging,
    moved: Callable[[Moved], object],
    note: Callable[[str], object],
    once: bool = False,
) -> None:
    """Audit what is dropped into a folder, and move it; for ever, or until nothing is left to do.

    Args:
        drop: The folder.
        accepted: Where files go that are accepted.
        quarantine: Where all others go, each with its reports.
        judging: By which rules to judge.
        moved: Told of each file that was moved.
        note: Told, in a sentence, why a file was not moved; what it quotes is printable.
        once: Whether to end when all that lies there has been handled.

    Raises:
        UsageError: A folder cannot be used, another process watches it, or what watches is not
            installed.
        SafeloadError: The folder cannot be watched, or is gone.
    """
    for folder in (accepted, quarantine):
        if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            raise UsageError(
                f"{printable(str(folder), limit=300)} is not a folder that can be written to.",
                code="folder-missing",
                hint="Make the folders for accepted files and for the others beforehand.",
                path=folder,
            )
    _require_apart(drop, accepted, quarantine)
    judging.policy()
    with ExitStack() as stack:
        opened = stack.enter_context(Drop.opened(drop))
        work = _Watch(opened, accepted, quarantine, judging, moved, note)
        # The other way round, what killed runs left would lie there until something is written.
        tidy(accepted)
        tidy(quarantine)
        arrivals = None if once else stack.enter_context(Arrivals())
        stack.callback(work.give_back)
        work.run(arrivals)


def _require_apart(*paths: Path) -> None:
    real = [os.path.realpath(path) for path in paths]
    for number, one in enumerate(real):
        for other in real[:number] + real[number + 1 :]:
            if one == other or one.startswith(other.rstrip(os.sep) + os.sep):
                raise UsageError(
                    "The drop folder and those for accepted and other files lie in one another.",
                    code="folders-meet",
                    hint="Give three folders, of which none is below another.",
                )


class _Watch:
    """The work on one drop folder."""

    def __init__(
        self,
        drop: Drop,
        accepted: Path,
        quarantine: Path,
        judging: Judging,
        moved: Callable[[Moved], object],
        note: Callable[[str], object],
    ) -> None:
        self._drop = drop
        self._accepted = Keeping(accepted, mode=_OPEN)
        self._quarantine = Keeping(quarantine, mode=_PRIVATE)
        self._judging = judging
        self._moved = moved
        self._note = note
        self._arrivals: Arrivals | None = None
        # What is to be looked at, and whether it is known to have been closed.
        self._queue: dict[Place, bool] = {}
        # What could not be done, and is tried again.
        self._failed: dict[Place, bool] = {}
        self._noted: set[tuple[tuple[str, ...], str]] = set()
        self._signatures = Signatures(
            drop, self._accepted, self._quarantine, judging.limits, self._say
        )

    def run(self, arrivals: Arrivals | None) -> None:
        """Handle what is there, and then what comes."""
        self._arrivals = arrivals
        self._queue |= dict.fromkeys(self._files(claimed=True), True)
        self._look()
        self._work()
        quiet = 0
        while arrivals is not None:
            batch = arrivals.wait()
            self._queue |= batch.files
            if batch.folders:
                self._look()
            quiet = 0 if self._queue else quiet + 1
            if quiet >= _PATIENCE:
                quiet = 0
                self._queue |= self._failed
                self._failed.clear()
            self._work()

    def give_back(self) -> None:
        """Let what is claimed and not done lie where it was dropped."""
        for place in list(self._files(claimed=True)):
            with suppress(OSError):
                self._drop.give_back(place)
        self._drop.tidy()

    def _look(self) -> None:
        """Watch all folders, and look at what lies in them."""
        with self._arrivals.anew() if self._arrivals is not None else ExitStack():
            if self._arrivals is not None:
                for parts, folder in self._drop.folders(claimed=True):
                    self._arrivals.watch(folder, parts, claimed=True)
            self._queue |= dict.fromkeys(self._files(claimed=False), True)

    def _files(self, *, claimed: bool) -> Iterator[Place]:
        for parts, folder in self._drop.folders(claimed=claimed):
            if self._arrivals is not None and not claimed:
                # Before it is listed: what comes after that is told.
                self._arrivals.watch(folder, parts, claimed=False)
            with suppress(OSError):
                yield from (Place((*parts, name), claimed) for name in sorted(folder.names()))

    def _work(self) -> None:
        while self._queue:
            place = next(iter(self._queue))
            closed = self._queue.pop(place)
            if is_unfinished(place.parts[-1]):
                continue
            try:
                moved = self._take(place, closed=closed)
            except (OSError, UsageError) as error:
                self._failed[place] = closed
                why = error.message if isinstance(error, UsageError) else error.strerror
                self._say(place.parts, f"it cannot be moved: {why}")
                continue
            # Whoever is told may raise errors of another kind.
            if moved is not None:
                self._moved(moved)

    def _say(self, parts: tuple[str, ...], why: str) -> None:
        """Say once why a file is not moved."""
        if len(self._noted) >= _REMEMBERED:
            self._noted.clear()
        if (parts, why) not in self._noted:
            self._noted.add((parts, why))
            self._note(f"{printable(shown(parts), limit=300)}: {why}")

    # -- what was dropped ----------------------------------------------------------------------

    def _take(self, place: Place, *, closed: bool) -> Moved | None:
        if not place.claimed:
            try:
                claimed = self._claim(place, closed=closed)
            except FileNotFoundError:
                # Whoever dropped it has taken it away.
                return None
            if claimed is None:
                return None
            place = claimed
        if is_bundle(place.parts[-1]) and (signature := self._signatures.at(place)) is not None:
            added = self._signatures.add(place, signature)
            if added is not None:
                return Moved(shown(place.parts), None, *added)
            if not self._drop.exists(place):
                return None
        return self._audit(place)

    def _claim(self, place: Place, *, closed: bool) -> Place | None:
        with self._drop.parent(place) as folder:
            mode = folder.status(place.parts[-1]).st_mode
        if stat.S_ISDIR(mode):
            return None
        if not stat.S_ISREG(mode):
            self._say(place.parts, "it is a link, a pipe, a socket or a device, and stays there")
            return None
        # What may not be read is moved all the same.
        with suppress(PermissionError), self._drop.reading(place) as descriptor:
            written = is_being_written(descriptor)
            if written or (written is None and not closed):
                # Its end will be told.
                return None
        if is_bundle(place.parts[-1]) and self._signatures.waits(place):
            return None
        claimed = self._drop.claim(place)
        if claimed is None:
            # Another one of that name is not done with.
            self._failed[place] = closed
        return claimed

    def _audit(self, place: Place) -> Moved | None:
        """Audit a claimed file and keep it where it belongs."""
        try:
            reading = self._drop.reading(place)
            with reading as descriptor:
                status = os.fstat(descriptor)
                if stat.S_ISDIR(status.st_mode) and is_private(status):
                    # One that we have made, for what was dropped below a folder.
                    return None
                if not stat.S_ISREG(status.st_mode):
                    self._drop.give_back(place)
                    return None
                if self._is_written(place, descriptor):
                    return None
                return self._kept(place, descriptor)
        except FileNotFoundError:
            if self._drop.exists(place):
                raise
            return None
        except PermissionError as error:
            if self._drop.is_readable(place):
                raise
            return self._unread(place, f"The file cannot be read: {error.strerror}.")

    def _is_written(self, place: Place, descriptor: int) -> bool:
        """Whether somebody still writes to a claimed file; then its end will be told."""
        if not is_being_written(descriptor):
            return False
        if self._arrivals is not None:
            with self._drop.parent(place) as folder:
                self._arrivals.watch(folder, place.parts[:-1], claimed=True)
        return bool(is_being_written(descriptor))

    def _kept(self, place: Place, descriptor: int) -> Moved | None:
        try:
            artefact = Artefact.read_open(
                descriptor,
                os.fstat(descriptor),
                path=Path(*place.parts),
                limits=self._judging.limits,
            )
        except ArtefactError as error:
            if error.code == "changed":
                self._failed[place] = True
                return None
            return self._unread(place, error.message)
        found = self._found(place, artefact)
        accepted = found.verdict is Verdict.ACCEPT
        beside = {} if accepted else _reports(found)
        signature = self._signatures.of(place, artefact.digests)
        if signature is not None:
            beside = {BUNDLE: signature[1].data, **beside}
        keeping = self._accepted if accepted else self._quarantine
        kept = keeping.keep(place.parts, artefact, beside)
        if signature is not None:
            self._drop.remove(signature[0])
        if artefact.is_current(os.fstat(descriptor)):
            self._drop.remove(place)
        else:
            # It was written to since it was read: these are other bytes, which nobody has audited.
            self._queue[place] = True
        self._queue |= dict.fromkeys(self._signatures.after(place, kept, accepted=accepted), True)
        return Moved(shown(place.parts), found, kept, accepted)

    def _found(self, place: Place, artefact: Artefact) -> FileReport:
        title = shown(place.parts)
        candidate = Candidate(Path(*place.parts), named=True, title=title, remote=Given(artefact))
        try:
            return _report(answer(candidate, self._judging))
        except Exception as error:  # noqa: BLE001  # a bug must not keep all other files waiting
            self._say(place.parts, "its audit ended in an error of safeload; please report it")
            return _report(unread(candidate, Finding("SL012", f"{described(error)}.")))

    def _unread(self, place: Place, why: str) -> Moved:
        """Put a file into quarantine of which nothing was read."""
        title = shown(place.parts)
        candidate = Candidate(Path(*place.parts), named=True, title=title)
        found = _report(unread(candidate, Finding("SL000", why)))
        kept = self._quarantine.keep_unread(self._drop, place, _reports(found))
        self._drop.remove(place)
        return Moved(title, found, kept, accepted=False)


def _report(answered: Answer) -> FileReport:
    """The report on a file that is named, which is never skipped."""
    if not isinstance(answered.found, FileReport):
        raise TypeError("a file that is named is reported")
    return answered.found


def _reports(found: FileReport) -> dict[str, bytes]:
    report = AuditReport((found,))
    return {
        ".report.json": as_json(report).encode() + b"\n",
        ".report.txt": as_text(report).encode(),
    }
