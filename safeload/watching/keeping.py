"""How does a file that was audited come to lie in its folder? Whole, under a name that is free.

The bytes that are written are those that were audited, in memory; they get their name when they
are on the disk. Nothing that has a name already is replaced: where the name is taken by other
bytes, the digest becomes part of it. The same bytes are kept once, so that whoever does anew what a
killed run has done already finds that it is done.

Trust: the folders are the caller's own and nobody else's. The names within are hostile.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from safeload.artefact import Artefact
from safeload.errors import ArtefactError
from safeload.hashing import Digests
from safeload.watching.drop import Drop, Place
from safeload.watching.names import names_for
from safeload.writing.drafts import PART, draft
from safeload.writing.files import NewFile, write_new, write_together, writing
from safeload.writing.folder import Folder

__all__ = ["Keeping", "content_of"]

_PART = f"{PART}copy"


def content_of(path: Path) -> Digests | None:
    """The digests of a file that is kept, or None if there is none.

    Args:
        path: The file; a link is none.
    """
    with suppress(ArtefactError):
        if not path.is_symlink():
            return Artefact.read(path).digests
    return None


def _holds(path: Path, sha256: str) -> bool:
    content = content_of(path)
    return content is not None and content.sha256 == sha256


class Keeping:
    """A folder for files of one verdict.

    Args:
        path: The folder.
        mode: The permission bits of files in it, lessened by the umask.
    """

    def __init__(self, path: Path, *, mode: int) -> None:
        self.path = path
        self._mode = mode

    def keep(self, parts: tuple[str, ...], artefact: Artefact, beside: Mapping[str, bytes]) -> Path:
        """Keep a file, and what belongs to it; the file itself has its name last.

        Args:
            parts: Its path below the folder, if that is free.
            artefact: Its bytes.
            beside: The contents of other files, each by what its name has after the file's.

        Returns:
            Where it lies.

        Raises:
            OSError: It cannot be written; then nothing is left behind.
            UsageError: Another writer does not finish (``folder-busy``).
        """
        folder = self._folder(parts)

        def attempt(name: str) -> None:
            if _holds(folder / name, artefact.sha256):
                self._add(folder, name, beside)
                return
            data = memoryview(artefact.data)
            files = [self._new(name + ending, text) for ending, text in beside.items()]
            write_together(folder, [*files, self._new(name, data)])

        return self._named(folder, parts[-1], artefact.sha256, attempt)

    def keep_unread(self, drop: Drop, place: Place, beside: Mapping[str, bytes]) -> Path:
        """Keep a claimed file that nobody has read: the file itself, or a copy of it.

        Args:
            drop: Where it was dropped.
            place: Where it lies; it stays there.
            beside: The contents of other files, as :meth:`keep` takes them.

        Returns:
            Where it lies now as well.

        Raises:
            OSError: It can be neither moved nor copied.
            UsageError: Another writer does not finish (``folder-busy``).
        """
        path = self._folder(place.parts)
        with drop.parent(place) as source, writing(path) as folder:
            status = source.status(place.parts[-1])
            # It has no digest; this is what it is, and nothing else.
            key = hashlib.sha256(f"{status.st_dev}:{status.st_ino}:{status.st_size}".encode())

            def attempt(name: str) -> None:
                with suppress(FileNotFoundError):
                    if os.path.samestat(folder.status(name), status):
                        return
                try:
                    source.link(place.parts[-1], folder, name)
                except OSError as error:
                    if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK):
                        raise
                    self._copy(source, place.parts[-1], folder, name)
                folder.sync()

            kept = self._named(path, place.parts[-1], key.hexdigest(), attempt)
        self._add(path, kept.name, beside)
        return kept

    def keep_beside(self, path: Path, ending: str, data: bytes) -> bool:
        """Keep a further file beside one that is kept.

        Args:
            path: That one.
            ending: What its name has after the name of that one.
            data: Its content.

        Returns:
            False if there is such a file, of other content.

        Raises:
            OSError: It cannot be written.
            UsageError: Another writer does not finish (``folder-busy``).
        """
        target = path.with_name(path.name + ending)
        try:
            write_new(target, data, mode=self._mode)
        except FileExistsError:
            return _holds(target, hashlib.sha256(data).hexdigest())
        return True

    def _folder(self, parts: tuple[str, ...]) -> Path:
        """The folder of a file, made if need be; the top one is there, or somebody has moved it."""
        folder = self.path
        for part in parts[:-1]:
            with suppress(FileExistsError), Folder.opened(folder) as opened:
                (folder / part).mkdir()
                opened.sync()
            folder /= part
        return folder

    def _new(self, name: str, data: bytes | memoryview) -> NewFile:
        return NewFile(name, data, self._mode)

    def _add(self, folder: Path, name: str, beside: Mapping[str, bytes]) -> None:
        for ending, data in beside.items():
            with suppress(FileExistsError):
                write_new(folder / (name + ending), data, mode=self._mode)

    def _named(
        self, folder: Path, wanted: str, sha256: str, attempt: Callable[[str], None]
    ) -> Path:
        """The first name that an attempt succeeds with."""
        for name in names_for(wanted, sha256):
            try:
                attempt(name)
            except OSError as error:
                if error.errno not in (errno.EEXIST, errno.ENAMETOOLONG):
                    raise
                continue
            return folder / name
        raise FileExistsError(errno.EEXIST, "No name is free for it")

    def _copy(self, source: Folder, name: str, folder: Folder, target: str) -> None:
        with draft(folder) as inner:
            with (
                os.fdopen(source.open(name, os.O_RDONLY), "rb") as file,
                os.fdopen(
                    inner.open(_PART, os.O_WRONLY | os.O_CREAT | os.O_EXCL, self._mode), "wb"
                ) as copy,
            ):
                shutil.copyfileobj(file, copy)
                copy.flush()
                os.fsync(copy.fileno())
            inner.link(_PART, folder, target)
