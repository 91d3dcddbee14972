"""Which bytes lie in the files beside a file? Each is read once, and only by its plain name.

joblib before 0.10 wrote arrays into such files. What is read here is what is scanned, and what is
loaded: no path is opened a second time.

Trust: the names come from a hostile file, and the folder may be anybody's. A name leads to a
regular file of the same folder or to nothing; a link is not followed.
"""

from __future__ import annotations

import mmap
import os
from dataclasses import replace
from pathlib import Path

from safeload.artefact import Artefact, Hashing, open_regular
from safeload.errors import ArtefactError
from safeload.limits import Limits

__all__ = ["Beside", "is_plain"]

# What leads into another folder, to another drive or stream, or ends a name, on any system.
_NOT_IN_NAMES = frozenset("/\\:\0")


def is_plain(name: str) -> bool:
    """Whether a name, put behind a folder, can lead to nothing but a file of that folder.

    Args:
        name: The name.
    """
    return name not in ("", ".", "..") and _NOT_IN_NAMES.isdisjoint(name)


class Beside:
    """The files in the folder of one file.

    Args:
        artefact: The file; what is read beside it counts towards the same limit.
        limits: ``bytes_in`` bounds all of them together, ``members`` their number.
        mmap_mode: As :meth:`safeload.artefact.Artefact.read` takes it.
    """

    def __init__(self, artefact: Artefact, limits: Limits, mmap_mode: str | None = None) -> None:
        self._folder = Path(artefact.path).parent
        self._left = limits.bytes_in - artefact.size
        self._limits = limits
        self._mmap_mode = mmap_mode
        self._read: dict[str, Artefact] = {}

    def read(self, name: str) -> bytearray | mmap.mmap:
        """The bytes of a file, the same ones whenever it is asked for.

        Args:
            name: Its name, without folders.

        Returns:
            What was read of it the first time.

        Raises:
            ArtefactError: It cannot be read, is a link, or there is too much of it.
        """
        known = self._read.get(name)
        if known is not None:
            return known.data
        if not is_plain(name):
            raise ArtefactError(
                "The name leads out of the folder.",
                code="not-regular",
                hint="Only a file of the same folder is read.",
            )
        if len(self._read) >= self._limits.members:
            raise ArtefactError(
                "There are too many files beside it.",
                code="too-large",
                hint="If you expect such a model, raise the limit members.",
            )
        path = self._folder / name
        descriptor, status = open_regular(path, follow_links=False)
        try:
            found = Artefact.read_open(
                descriptor,
                status,
                path=path,
                limits=replace(self._limits, bytes_in=max(self._left, 0)),
                mmap_mode=self._mmap_mode,
                hashing=Hashing.NONE,
            )
        finally:
            os.close(descriptor)
        self._left -= found.size
        self._read[name] = found
        return found.data
