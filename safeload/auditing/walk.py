"""Paths become files: a file is itself, a folder is everything below it that is no folder.

Trust: names are hostile; links to folders are not followed, so that no walk goes in circles.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from safeload.arguments import as_path

__all__ = ["Candidate", "walk"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file to look at.

    Attributes:
        path: Its path, below the one that was given.
        named: Whether it is reported whatever it is: the caller named this very file, or a folder
            that cannot be listed.
        obstacle: Why it cannot be read as a file, a sentence; empty if nothing is in the way.
    """

    path: Path
    named: bool
    obstacle: str = ""


def walk(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Candidate]:
    """List the files to audit.

    Args:
        paths: Files and folders.

    Returns:
        Each file named, and everything but folders below each folder, sorted by name; folders are
        listed as the iteration comes to them.

    Raises:
        UsageError: One of them is no path.
    """
    return _files([as_path(path) for path in paths])


def _files(paths: Iterable[Path]) -> Iterator[Candidate]:
    for path in paths:
        if _is_folder(path):
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
            else:
                yield Candidate(path, named=False, obstacle=_obstacle(path))
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
