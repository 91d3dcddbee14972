"""Paths become files: a file is itself, a folder is everything below it that is not a folder.

Trust: names are hostile; links to folders are not followed, so that no walk goes in circles.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from safeload.arguments import as_path
from safeload.artefact import Artefact
from safeload.limits import Limits
from safeload.scan.endings import has_model_name

__all__ = ["Candidate", "Remote", "found", "given", "walk"]


class Remote(Protocol):
    """A file that no path of this machine leads to; it can be sent to another process."""

    @property
    def size(self) -> int:
        """Its bytes, as far as is known beforehand; 0 where nobody says."""

    def read(self, limits: Limits) -> Artefact:
        """Read it, once.

        Args:
            limits: ``bytes_in`` applies.

        Raises:
            ArtefactError: It cannot be read, is too large, or changed.
        """


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file to look at.

    Attributes:
        path: Its path, below the one that was given; of a remote file, for its name alone.
        named: Whether it is reported whatever it is: the caller named this very file, or a folder
            that cannot be listed.
        obstacle: Why it cannot be read as a file, a sentence; empty if nothing is in the way.
        title: What reports call it where that is not its path.
        remote: How to read it where no path leads to it.
        repeats: What reports call the file that has the same bytes, and is read in its place.
    """

    path: Path
    named: bool
    obstacle: str = ""
    title: str = ""
    remote: Remote | None = None
    repeats: str = ""

    @property
    def label(self) -> str:
        """What reports call it."""
        return self.title or str(self.path)

    @property
    def name(self) -> str:
        """Its name, without folders."""
        return self.title.rpartition("/")[2] if self.title else self.path.name

    @property
    def size(self) -> int:
        """Its bytes, as far as is known beforehand; 0 where nothing is known."""
        if self.remote is not None:
            return self.remote.size
        try:
            return self.path.stat().st_size
        except (OSError, ValueError):
            return 0

    def read(self, limits: Limits) -> Artefact:
        """Read it, once.

        Args:
            limits: ``bytes_in`` applies.

        Raises:
            ArtefactError: It cannot be read, is too large, or changed.
        """
        if self.remote is not None:
            return self.remote.read(limits)
        return Artefact.read(self.path, limits=limits)

    @property
    def is_listed(self) -> bool:
        """Whether it is in the report whatever is in it.

        Nothing else of a name bears on what is said of the bytes; the cache relies on that.
        """
        return self.named or has_model_name(self.name)


def walk(paths: Iterable[str | os.PathLike[str]], *, if_model: bool = False) -> Iterator[Candidate]:
    """List the files to audit.

    Args:
        paths: Files and folders.
        if_model: Whether files that are given count as those in folders do.

    Returns:
        Each file named, and everything but folders below each folder, sorted by name; folders are
        listed as the iteration comes to them.

    Raises:
        UsageError: One of them is not a path.
    """
    return _files([as_path(path) for path in paths], if_model=if_model)


def found(path: Path) -> Candidate:
    """What somebody came upon, and did not name.

    Args:
        path: A path that is not a folder.
    """
    return Candidate(path, named=False, obstacle=_obstacle(path))


def given(path: Path, *, if_model: bool) -> Candidate:
    """What somebody named.

    Args:
        path: A path that is not a folder.
        if_model: Whether it counts as what somebody came upon.
    """
    # What is not there is an error of whoever named it.
    return found(path) if if_model and os.path.lexists(path) else Candidate(path, named=True)


def _files(paths: Iterable[Path], *, if_model: bool) -> Iterator[Candidate]:
    for path in paths:
        if _is_folder(path):
            yield from _below(path)
        else:
            yield given(path, if_model=if_model)


def _below(top: Path) -> Iterator[Candidate]:
    # A list, not recursion: folders may be nested deeper than Python recurses.
    folders = [top]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                inside = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            # What cannot be listed is reported like a file that cannot be read.
            yield Candidate(folder, named=True)
            continue
        below = []
        for entry in inside:
            path = folder / entry.name
            if entry.is_dir(follow_symlinks=False):
                below.append(path)
            else:
                yield found(path)
        folders += reversed(below)


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except OSError:
        # The one who reads it will say why it cannot be read.
        return False


def _obstacle(path: Path) -> str:
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "It is a link that leads nowhere."
    except OSError:
        return ""
    if stat.S_ISREG(mode):
        return ""
    if stat.S_ISDIR(mode):
        return "It is a link to a folder, which is not followed."
    return "It is a pipe, a socket or a device."
