"""Files as they lie in folders: a tree in which what weighs most comes first.

A folder that holds one thing alone is written together with it, so that nobody reads six lines to
get to one file, and folders are told apart to a depth only that a screen has room for.

Trust: paths are hostile; a file may lie as deep as the system lets it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import PurePath

from safeload.report.words import ranking
from safeload.verdict import FileReport

__all__ = ["Folder", "Leaf", "tree"]

# Folders within each other below the one that all files lie in.
_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Leaf:
    """A file.

    Attributes:
        name: Its path from the folder above.
        file: The report on it.
    """

    name: str
    file: FileReport

    def weight(self) -> tuple[tuple[int, bool], int, int, str]:
        """What it is sorted by."""
        verdict, no_attack, errors, _ = ranking(self.file)
        return (verdict, no_attack), 0, errors, self.name


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder.

    Attributes:
        name: Its path from the folder above.
        entries: What is in it, the weightiest first.
    """

    name: str
    entries: tuple[Folder | Leaf, ...]

    def files(self) -> Iterator[FileReport]:
        """All files below it."""
        for entry in self.entries:
            if isinstance(entry, Folder):
                yield from entry.files()
            else:
                yield entry.file

    def weight(self) -> tuple[tuple[int, bool], int, int, str]:
        """What it is sorted by: as the weightiest file in it, and behind files of such a weight."""
        rank = min(ranking(file)[:2] for file in self.files())
        alike = sum(ranking(file)[:2] == rank for file in self.files())
        return rank, 1, -alike, self.name


def tree(files: Iterable[FileReport]) -> tuple[Folder | Leaf, ...]:
    """Sort files into their folders.

    Args:
        files: The reports on them.

    Returns:
        One folder if all of them lie in one, else what they have in the place of one.
    """
    placed = [(PurePath(file.path).parts or ("",), file) for file in files]
    shared = _shared([parts[:-1] for parts, _ in placed])
    inner = [(parts[len(shared) :], file) for parts, file in placed]
    joined = _joined(_folder(str(PurePath(*shared)) if shared else "", inner, _DEPTH))
    return joined.entries if isinstance(joined, Folder) and not joined.name else (joined,)


def _shared(folders: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The folders that all paths begin with."""
    if not folders:
        return ()
    # What the first and the last in order share, those between them share.
    first, last = min(folders), max(folders)
    same = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return tuple(part for part, _ in same)


def _folder(name: str, placed: Sequence[tuple[tuple[str, ...], FileReport]], depth: int) -> Folder:
    below: dict[str, list[tuple[tuple[str, ...], FileReport]]] = {}
    entries: list[Folder | Leaf] = []
    for parts, file in placed:
        if len(parts) == 1 or depth == 0:
            entries.append(Leaf(str(PurePath(*parts)), file))
        else:
            below.setdefault(parts[0], []).append((parts[1:], file))
    for part, inner in below.items():
        entries.append(_joined(_folder(part, inner, depth - 1)))
    return Folder(name, tuple(sorted(entries, key=lambda entry: entry.weight())))


def _joined(folder: Folder) -> Folder | Leaf:
    """A folder, or what is alone in it."""
    if len(folder.entries) != 1:
        return folder
    (entry,) = folder.entries
    return replace(entry, name=str(PurePath(folder.name, entry.name)))
