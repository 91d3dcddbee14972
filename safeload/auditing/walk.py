"""Paths become files: a file is itself, a folder is every regular file below it.

Trust: names are hostile; links to folders are not followed, so that no walk goes in circles.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Candidate", "walk"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file to look at.

    Attributes:
        path: Its path, below the one that was given.
        named: Whether the caller named this very file, so that it is reported whatever it is.
    """

    path: Path
    named: bool


def walk(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Candidate]:
    """List the files to audit.

    Args:
        paths: Files and folders.

    Yields:
        Each file named, and each regular file below each folder, sorted by name.
    """
    unlisted: list[str] = []
    for path in map(Path, paths):
        if not path.is_dir():
            yield Candidate(path, named=True)
            continue
        for folder, subfolders, names in os.walk(
            path, onerror=lambda error: unlisted.append(error.filename)
        ):
            subfolders.sort()
            for name in sorted(names):
                file = Path(folder, name)
                if file.is_file():
                    yield Candidate(file, named=False)
    # What cannot be listed is reported like a file that cannot be read.
    for folder in unlisted:
        yield Candidate(Path(folder), named=True)
