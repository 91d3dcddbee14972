"""A load that somebody asks for is judged and done, or written down and left as it was.

Trust: what is to be loaded is hostile. In *enforce*, it comes into this process by
:func:`safeload.load` or :func:`safeload.load_unsigned`, and in no other way.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any

from safeload.artefact import Artefact, Hashing
from safeload.auditing.run import audit
from safeload.errors import ArtefactError, LoadError, RefusedError, SafeloadError, printable
from safeload.gate import load, load_unsigned, verify
from safeload.loading.admit import examine
from safeload.serving.guard.exemptions import Exemptions, through
from safeload.serving.guard.records import Log, record
from safeload.serving.guard.refusal import GuardedError
from safeload.serving.guard.settings import Mode, Settings
from safeload.verdict import FileReport, GlobalReport, Verdict

__all__ = ["Guard", "Wanted", "path_of"]

# What a source is called that is not a file.
_BYTES = "<bytes>"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to have loaded.

    Attributes:
        loader: The function that was called, such as ``"pickle.load"``.
        source: A path, or bytes; None for what cannot be read twice.
        original: What would load it without us.
        frame: Who called it.
        path: The file that the bytes come from, as far as is known.
        mmap_mode: As ``joblib.load`` takes it.
    """

    loader: str
    source: Any
    original: Callable[[], Any]
    frame: FrameType
    path: str | None = None
    mmap_mode: str | None = None

    @property
    def name(self) -> str:
        """What to call it."""
        return self.source if isinstance(self.source, str) else self.path or _BYTES

    @property
    def bundle(self) -> str | None:
        """Where its signature bundle is; None for where it is looked for by itself."""
        return None if self.path is None else f"{self.path}.sig"


class Guard:
    """What guards this process.

    Args:
        settings: What it was installed with.

    Raises:
        UsageError: The policy, trust file or log cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._policy, _ = settings.read()
        self._log = Log(settings.log)
        self._seen: set[tuple[str, int, str]] = set()
        self.passes = Exemptions(settings.exempt).include

    @property
    def enforces(self) -> bool:
        """Whether what is not accepted is not loaded."""
        return self.settings.mode is Mode.ENFORCE

    @property
    def wants_signatures(self) -> bool:
        """Whether a model in a file has to be signed."""
        return self.enforces and self.settings.trust is not None

    def load(self, wanted: Wanted) -> Any:
        """Load something, if it is accepted or nothing is enforced.

        Raises:
            SafeloadError: It is not accepted, and the guard enforces.
        """
        if not self.enforces:
            self.report(wanted)
            return through(wanted.original)
        with self._written(wanted):
            return self._load(wanted)

    def _load(self, wanted: Wanted) -> Any:
        settings = self.settings
        if self._is_to_be_signed(wanted):
            return load(
                wanted.source,
                bundle=wanted.bundle,
                trust=settings.trust,
                policy=self._policy,
                mmap_mode=wanted.mmap_mode,
                limits=settings.limits,
            )
        return load_unsigned(
            wanted.source,
            policy=self._policy,
            mmap_mode=wanted.mmap_mode,
            limits=settings.limits,
        )

    def accepted(self, wanted: Wanted) -> bytes:
        """The bytes of a file that the policy accepts, for a library that has to load it itself.

        Raises:
            SafeloadError: It is not accepted.
        """
        limits = self.settings.limits
        with self._written(wanted):
            if self._is_to_be_signed(wanted):
                artefact = self._verified(wanted)
            else:
                artefact = Artefact.of(wanted.source, limits=limits, hashing=Hashing.NONE)
            # That safeload does not load it itself is found out only after the verdict.
            with suppress(LoadError):
                examine(artefact, self._policy, limits)
            return bytes(artefact.data)

    def verified(self, wanted: Wanted) -> bytes:
        """The bytes of a file that has to be signed, once its signature was verified.

        Raises:
            SafeloadError: They cannot be read, or nobody trusted signed them.
        """
        with self._written(wanted):
            return bytes(self._verified(wanted).data)

    def _verified(self, wanted: Wanted) -> Artefact:
        trust, limits = self.settings.trust, self.settings.limits
        return verify(wanted.source, bundle=wanted.bundle, trust=trust, limits=limits).artefact

    def _is_to_be_signed(self, wanted: Wanted) -> bool:
        return self.wants_signatures and wanted.name != _BYTES

    @contextmanager
    def _written(self, wanted: Wanted) -> Iterator[None]:
        """Write down what becomes of a load that is enforced."""
        try:
            yield
        except SafeloadError as error:
            self._write(wanted, error)
            if isinstance(error, RefusedError):
                raise GuardedError.of(error) from error.__cause__
            raise
        self._write(wanted, None)

    def meet(self, frame: FrameType, module: str, name: str) -> None:
        """An unpickler asks for a name.

        Args:
            frame: The function that called the unpickler.
            module: The module as the pickle has it.
            name: The qualified name in it.

        Raises:
            RefusedError: It is no unpickler of ours, and the guard enforces.
        """
        if self.passes(frame) or (not self.enforces and _was_reported(frame)):
            return
        path = printable(f"{module}.{name}")
        error = RefusedError(
            f"An unpickler that the guard does not know asked for {path}.",
            code="unguarded",
            report=FileReport(
                path="<unpickler>",
                sha256="",
                size=0,
                format="unknown",
                verdict=Verdict.REFUSE,
                globals=(GlobalReport(path, ("reference",), None, allowed=False),),
            ),
            hint="Load models with pickle, joblib or safeload; or exempt the function that "
            "unpickles (exempt=), if nobody else chooses what it reads.",
        )
        place = frame.f_code.co_filename, frame.f_lineno, path
        if self.enforces or place not in self._seen:
            # A program that goes on all the same would say the same for each of its names.
            self._seen.add(place)
            self._log.write(record(self.settings.mode, "unpickler", "<unpickler>", error, frame))
        if self.enforces:
            raise GuardedError.of(error)

    def report(self, wanted: Wanted) -> None:
        """Write down what would become of a load; whatever happens, nothing comes of it."""
        outcome: FileReport | SafeloadError
        try:
            found = audit(wanted.source, policy=self._policy, limits=self.settings.limits)
            (outcome,) = found.files
        except SafeloadError as error:
            outcome = error
        except Exception as error:  # noqa: BLE001  # a report changes nothing
            outcome = ArtefactError(
                f"The audit failed: {type(error).__name__}.", code="guard-audit"
            )
        self._write(wanted, outcome)

    def _write(self, wanted: Wanted, outcome: FileReport | SafeloadError | None) -> None:
        self._log.write(
            record(self.settings.mode, wanted.loader, wanted.name, outcome, wanted.frame)
        )


def _was_reported(frame: FrameType | None) -> bool:
    """Whether a load that was written down is under way."""
    while frame is not None:
        if frame.f_code is through.__code__:
            return True
        frame = frame.f_back
    return False


def path_of(file: Any) -> str | None:
    """The path of a file that was opened by it, absolute; None for any other file."""
    name = getattr(file, "name", None)
    opened = isinstance(file, io.BufferedReader | io.BufferedRandom | io.FileIO)
    return os.path.abspath(name) if opened and isinstance(name, str) else None  # noqa: PTH100
