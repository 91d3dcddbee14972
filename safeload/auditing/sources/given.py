"""Bytes and open files that a caller has in hand become a file to look at.

Trust: the bytes are hostile.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from safeload.artefact import Artefact
from safeload.auditing.walk import Candidate
from safeload.errors import ArtefactError
from safeload.limits import Limits

__all__ = ["Given", "given"]


@dataclass(frozen=True, slots=True)
class Given:
    """A model that is not a file at a path; it can be sent to another process if it is bytes.

    Attributes:
        source: Its bytes, or what was read already.
    """

    source: bytes | bytearray | memoryview | Artefact = field(repr=False)

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return self.source.size if isinstance(self.source, Artefact) else len(self.source)

    def read(self, limits: Limits) -> Artefact:
        """The bytes as they are read from a file.

        Args:
            limits: ``bytes_in`` applies.

        Raises:
            ArtefactError: They are too many.
        """
        return Artefact.of(self.source, limits=limits)


def given(source: bytes | bytearray | memoryview | BinaryIO, limits: Limits) -> Candidate:
    """The file to look at.

    Args:
        source: Its bytes, or an open file, which is read from where it stands to its end.
        limits: ``bytes_in`` applies.

    Raises:
        UsageError: It is a file of text.
    """
    try:
        artefact = Artefact.of(source, limits=limits)
    except ArtefactError as error:
        return Candidate(Path("<file>"), named=True, title="<file>", obstacle=error.message)
    name = str(artefact.path)
    return Candidate(Path(name), named=True, title=name, remote=Given(bytes(artefact.data)))
