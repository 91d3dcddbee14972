"""A load becomes a record: what it was about, how it ended, and how long it took.

A release is compared with the ledger twice. Once when it is verified, before it is scanned, so that
nothing of an old one runs; and once in the transaction that records that it is handed over, because
another process may have loaded a newer one meanwhile. Only that record raises the highest serial,
after all steps of the load, and before the caller gets the model: a release that is refused, or
that does not load here, leaves the one before it usable.

What ends a load with a UsageError is no answer about the model, and is not recorded; nor is what
nobody finished: a process that was killed, a load that was interrupted.

Trust: what is recorded of a release is from a statement that a trusted signer signed, and from
nothing else in the file.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from safeload.arguments import as_path
from safeload.errors import Release, SafeloadError, UsageError
from safeload.forks import IMPORTING
from safeload.ledger.record import Action, Record, VerdictOfLoad
from safeload.trust.trustfile import TrustFile
from safeload.verified import Verified

if TYPE_CHECKING:
    from safeload.ledger.database import Ledger

__all__ = ["Entry", "recorded"]

_Path = str | os.PathLike[str]
_VERDICTS: dict[int, VerdictOfLoad] = {0: "accepted", 1: "refused", 3: "undecided"}
_CODES = "ledger-"


class Entry:
    """What is known of a load so far.

    Args:
        action: What is done.
        source: What the caller gave for the model.
        trust: The trust file that the caller gave.
        name: The model's name that the caller asked for.
        ledger: The ledger that the caller gave, or None for the trust file's.
        reason: Why an older release will do, or None if it will not.
    """

    def __init__(
        self,
        action: Action,
        source: object,
        trust: _Path | TrustFile | None,
        name: str | None,
        *,
        ledger: _Path | None,
        reason: str | None,
    ) -> None:
        self._action: Action = action
        self._source = source
        self._given = None if ledger is None else as_path(ledger, "ledger")
        self._trust = trust
        self._name = name
        self._reason = reason
        self._verified: Verified | None = None
        self._begun = time.monotonic()
        self._undo: Callable[[], None] = _nothing

    def require_current(self, verified: Verified) -> None:
        """Require that no newer release was loaded here before, as far as a ledger says.

        Args:
            verified: The model.

        Raises:
            TrustError: One was (``rollback``), and there is no reason.
            UsageError: There is a reason and no ledger (``no-ledger``), or it cannot be used.
            LoadError: The ledger cannot be written to.
        """
        self._verified = verified
        about, ledger = verified.manifest.model, self._ledger()
        if ledger is None and self._reason is not None:
            raise UsageError(
                "No release is too old where no ledger says so.",
                code="no-ledger",
                hint="Name a ledger, in the trust file or by ledger= (--ledger), or leave out the "
                "reason.",
            )
        if ledger is not None and about is not None:
            ledger.require_current(about.name, about.serial, reason=self._reason)

    def unless_accepted(self, undo: Callable[[], None]) -> None:
        """Say what to do if the model is not handed over after all."""
        self._undo = undo

    def accept(self) -> None:
        """Record that the model is handed over.

        Raises:
            TrustError: A newer one was, meanwhile (``rollback``).
            UsageError: The ledger cannot be used.
            LoadError: The ledger cannot be written to.
        """
        ledger = self._ledger()
        if ledger is not None:
            ledger.add(self._record(0, ""), reason=self._reason)

    def refuse(self, error: SafeloadError) -> None:
        """Record that it is not.

        Args:
            error: Why.

        Raises:
            UsageError: The ledger cannot be used.
            LoadError: The ledger cannot be written to.
        """
        self._undo()
        if error.release is None and self._verified is not None:
            error.release = self._verified.manifest.release
        # The caller's own input, or the ledger itself.
        if error.exit_code not in _VERDICTS or error.code.startswith(_CODES):
            return
        ledger = self._ledger()
        if ledger is None:
            return
        try:
            ledger.add(self._record(error.exit_code, error.code, error.release))
        except SafeloadError as problem:
            problem.hint += f" What could not be recorded is a refusal ({error.code})."
            raise problem from error

    def _record(self, exit_code: int, code: str, release: Release | None = None) -> Record:
        verified = self._verified
        if verified is not None:
            release = verified.manifest.release
        model, version, serial, payload = release or (self._name, None, None, None)
        return Record(
            time=datetime.now(UTC).isoformat(timespec="milliseconds"),
            host=socket.gethostname(),
            action=self._action,
            file=_path_of(self._source),
            model=model,
            version=version,
            serial=serial,
            payload=payload,
            signers=() if verified is None else verified.signers,
            verdict=_VERDICTS[exit_code],
            code=code,
            milliseconds=round((time.monotonic() - self._begun) * 1_000),
            rollback="",
        )

    def _ledger(self) -> Ledger | None:
        path = self._given or self._ledger_of_trust()
        if path is None:
            return None
        # Whoever has no ledger needs no database.
        with IMPORTING:
            from safeload.ledger.database import Ledger
        return Ledger(path)

    def _ledger_of_trust(self) -> Path | None:
        if self._verified is not None:
            return self._verified.ledger
        try:
            trusted = (
                self._trust if isinstance(self._trust, TrustFile) else TrustFile.read(self._trust)
            )
        except SafeloadError:
            # That is what is wrong, or was a moment ago: nobody says where to record it.
            return None
        return trusted.ledger


@contextmanager
def recorded(
    action: Action,
    source: object,
    trust: _Path | TrustFile | None,
    name: str | None,
    *,
    ledger: _Path | None,
    reason: str | None,
) -> Iterator[Entry]:
    """Record how a load ends, if there is a ledger.

    Args:
        action: What is done.
        source: What the caller gave for the model.
        trust: The trust file that the caller gave.
        name: The model's name that the caller asked for.
        ledger: The ledger that the caller gave, or None for the trust file's.
        reason: Why an older release will do, or None if it will not.

    Yields:
        The entry, which has to be told what was verified.

    Raises:
        SafeloadError: As it came; or that it could not be recorded.
    """
    entry = Entry(action, source, trust, name, ledger=ledger, reason=reason)
    try:
        yield entry
        entry.accept()
    except SafeloadError as error:
        entry.refuse(error)
        raise


def _path_of(source: object) -> str:
    try:
        return os.fspath(as_path(source))
    except UsageError:
        return ""


def _nothing() -> None:
    """What there is to undo as long as nothing was done."""
