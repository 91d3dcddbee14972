"""Paths become files: a file is itself, a folder is every regular file below it.

Trust: names are hostile; links to folders are not followed, so that no walk goes in circles.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from safeload.artefact import as_path

__all__ = ["Candidate", "walk"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file to look at.

    Attributes:
        path: Its path, below the one that was given.
        named: Whether it is reported whatever it is: the caller named this very file, or a folder
            that cannot be listed.
    """

    path: Path
    named: bool


def walk(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Candidate]:
    """List the files to audit.

    Args:
        paths: Files and folders.

    Yields:
        Each file named, and each regular file below each folder, sorted by name.

    Raises:
        UsageError: One of them is no path.
    """
    for path in [as_path(path) for path in paths]:
        if _is(stat.S_IFDIR, path):
            yield from _below(path)
        else:
            yield Candidate(path, named=True)


def _below(top: Path) -> Iterator[Candidate]:
    # A list, not recursion: folders may be nested deeper than Python recurses.
    folders = [top]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            # What cannot be listed is reported like a file that cannot be read.
            yield Candidate(folder, named=True)
            continue
        below = []
        for entry in found:
            path = folder / entry.name
            if entry.is_dir(follow_symlinks=False):
                below.append(path)
            elif _is(stat.S_IFREG, path):
                yield Candidate(path, named=False)
        folders += reversed(below)


def _is(kind: int, path: Path) -> bool:
    """Whether a path leads there; to a regular file, as well, if nobody can say."""
    try:
        return stat.S_IFMT(path.stat().st_mode) == kind
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        # The one who reads it will say why it cannot be read.
        return kind == stat.S_IFREG
