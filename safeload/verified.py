"""What a trusted signer vouches for: a file or a folder, and what can be had of it.

Trust: bytes that leave here were compared with the signed digests in this process. A folder is read
anew each time, so what lies in it now is never handed on unless it is what was signed.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from safeload.arguments import as_path, as_text
from safeload.artefact import Artefact, Hashing
from safeload.errors import ArtefactError, TrustError, UsageError, about, plain, printable
from safeload.limits import Limits
from safeload.trust.folders import open_below
from safeload.trust.manifest import Manifest
from safeload.trust.resources import THE_FILE
from safeload.trust.trustfile import ModelRule
from safeload.writing.drafts import is_private
from safeload.writing.folder import Folder

__all__ = ["Verified"]

_STAGED = "staged"


@dataclass(frozen=True, slots=True, repr=False)
class Verified:
    """A file or a folder that a trusted signer vouches for.

    Attributes:
        path: Where it was read from; for people.
        manifest: What the signer says about it.
        signers: Names of all in the trust file whose signatures it demands; the first made the
            bundle beside the file.
        rule: What the trust file demands of this model.
        packs: The packs that are on for it and would not be by default: its signer's, and those of
            the trust file.
        until: Until when the first signer is believed about it: the end of the statement, of their
            entry in the trust file or of their certificate, whichever comes first; or None.
        ledger: Where the trust file has loads recorded, or None.
    """

    path: Path
    manifest: Manifest
    signers: tuple[str, ...]
    rule: ModelRule = field(default_factory=ModelRule)
    packs: frozenset[str] = frozenset()
    until: datetime | None = None
    ledger: Path | None = None
    _held: Artefact | None = None
    _limits: Limits = field(default_factory=Limits)

    def __repr__(self) -> str:
        about = self.manifest.model
        what = str(self.path) if about is None else f"{about.name} {about.version}"
        return f"<Verified: {plain(what)}, signed by {plain(', '.join(self.signers))}>"

    @property
    def signer(self) -> str:
        """Name of the first signer in the trust file."""
        return self.signers[0]

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, of which each file is read when it is asked for."""
        return self._held is None

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the files, with ``/`` between parts."""
        if self._held is not None:
            return (self._held.path.name,)
        return tuple([resource.name for resource in self.manifest.resources])

    @property
    def artefact(self) -> Artefact:
        """What :meth:`open_model` returns."""
        return self.open_model()

    def open_model(self, *, mmap_mode: str | None = None) -> Artefact:
        """The bytes of the file, or of the model in the folder.

        Args:
            mmap_mode: As for :meth:`open`.

        Raises:
            TrustError: Nothing is said about a model in the folder (``not-a-model``), or its file
                is another one now.
            ArtefactError: Its file cannot be read.
        """
        if self._held is not None:
            return self._held
        with self._about():
            name = self.manifest.model_file
            if name is None:
                raise TrustError(
                    "The signature covers the folder and does not say which file in it is the "
                    "model.",
                    code="not-a-model",
                    hint="Open the file by its name, or sign the folder with 'safeload sign'.",
                )
            return self.open(name, mmap_mode=mmap_mode)

    def open(self, name: str, *, mmap_mode: str | None = None) -> Artefact:
        """Read a file that was signed.

        Args:
            name: One of :attr:`files`.
            mmap_mode: As :func:`safeload.load` takes it.

        Returns:
            Its bytes, which are those that were signed.

        Raises:
            TrustError: No such file was signed (``not-covered``), or it is another one now
                (``digest-mismatch``).
            ArtefactError: It cannot be read.
        """
        name = as_text(name, "name")
        if self._held is not None and name in (self._held.path.name, THE_FILE):
            return self._held
        with self._about():
            if name not in self.files:
                raise TrustError(
                    f"The signature covers no file named {printable(name)!r}.",
                    code="not-covered",
                    hint="Verified.files lists those that were signed.",
                )
            with self._opened() as root:
                return self._read(root, name, mmap_mode)

    def stage(self, directory: str | os.PathLike[str]) -> Path:
        """Write the files that were signed into a folder of their own.

        For tools that insist on paths. The folder appears when all files are in it, each with the
        bytes that were signed, and nobody but this user can have changed them. Whoever may rename
        what lies beside it can put another folder in its place later, as with any path.

        Args:
            directory: Where to make the folder (mode 0700); nothing may be there yet.

        Returns:
            The folder.

        Raises:
            TrustError: A file is another one now.
            ArtefactError: A file cannot be read.
            UsageError: The folder exists (``exists``) or cannot be written (``unwritable``).
        """
        where = as_path(directory, "directory")
        if os.path.lexists(where):
            raise UsageError(
                "There is something already where the folder is to be made.",
                code="exists",
                hint=f"Choose another name than {printable(os.fspath(where))!r}.",
                path=where,
            )
        with self._about():
            try:
                with (
                    Folder.opened(where.parent) as parent,
                    tempfile.TemporaryDirectory(
                        prefix=".safeload-", dir=where.parent, ignore_cleanup_errors=True
                    ) as path,
                    Folder.opened(Path(path)) as draft,
                ):
                    # Where the parent is anybody's, another folder may have taken its place.
                    if not is_private(draft.own_status()):
                        raise PermissionError(errno.EPERM, "Somebody else writes there")
                    draft.make_folder(_STAGED)
                    with draft.within(_STAGED) as staged:
                        for name, artefact in self._contents():
                            _write(staged, name, artefact)
                    draft.move(_STAGED, parent, where.name)
            except OSError as error:
                raise UsageError(
                    f"The folder cannot be written: {error.strerror}.",
                    code="unwritable",
                    hint=f"Check the directory of {printable(os.fspath(where))!r}.",
                    path=where,
                ) from error
        return where

    def check_whole(self) -> None:
        """Compare what the signer adds for people about files that were hashed in shards.

        The shards were compared already; this reads every file once more, for whoever goes by
        ``sha256sum``.

        Raises:
            TrustError: A file has another SHA-256 than the signer says (``digest-mismatch``), or
                the signer says none (``digest-unknown``).
            ArtefactError: A file cannot be read.
        """
        with self._about():
            for resource in self.manifest.resources:
                if not resource.sha256:
                    raise TrustError(
                        "The statement has digests of shards alone.",
                        code="digest-unknown",
                        hint="They were compared; there is no SHA-256 of the whole to compare.",
                    )
                if self.open(resource.name).sha256 != resource.sha256:
                    raise TrustError(
                        "The SHA-256 that the signer states is not that of the file.",
                        code="digest-mismatch",
                        hint="The shards are those that were signed; have the model signed again.",
                    )

    def _about(self) -> AbstractContextManager[None]:
        return about(self.path, self.manifest.release)

    def _contents(self) -> Iterator[tuple[str, Artefact]]:
        """All files, one after the other."""
        if self._held is not None:
            yield self._held.path.name, self._held
            return
        with self._opened() as root:
            for name in self.files:
                yield name, self._read(root, name, None)

    @contextmanager
    def _opened(self) -> Iterator[Folder]:
        try:
            with Folder.opened(self.path) as root:
                yield root
        except OSError as error:
            raise ArtefactError(
                f"The folder cannot be read: {error.strerror}.",
                code="unreadable",
                hint="It was there when it was verified.",
            ) from error

    def _read(self, root: Folder, name: str, mmap_mode: str | None) -> Artefact:
        with open_below(root, name) as descriptor:
            artefact = Artefact.read_open(
                descriptor,
                os.fstat(descriptor),
                path=self.path / name,
                limits=self._limits,
                mmap_mode=mmap_mode,
                hashing=Hashing.FINGERPRINT,
            )
        self.manifest.check_content(name, artefact.digests)
        return artefact


def _write(folder: Folder, name: str, artefact: Artefact) -> None:
    *above, base = name.split("/")
    with ExitStack() as at_end:
        for part in above:
            with suppress(FileExistsError):
                folder.make_folder(part)
            folder = at_end.enter_context(folder.within(part))
        descriptor = folder.open(base, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        with os.fdopen(descriptor, "wb") as file:
            file.write(artefact.data)
