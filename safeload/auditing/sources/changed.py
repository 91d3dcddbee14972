"""Paths become those of their files that are not as they were at a revision.

A folder stands for what changed below it. A file that is named is left out only if git knows it
and it is as it was. Links that are named are looked at.

Trust: see :mod:`.snapshot`. What is as it was at the revision is taken for audited.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from safeload.auditing.sources.gather import Place
from safeload.auditing.walk import Candidate, found, given, walk
from safeload.errors import UsageError, printable
from safeload.git.repository import Base, Repository
from safeload.git.snapshot import Snapshot

__all__ = ["Changed", "ChangedSince", "whole_tree"]


@dataclass(frozen=True, slots=True)
class ChangedSince:
    """What an audit was narrowed to.

    Attributes:
        revision: What the caller gave.
        commits: What files were compared with, hex digits: one for each repository.
        not_looked_at: How many files are as they were.
        remarks: What else is to be said of it, a sentence each.
    """

    revision: str
    commits: tuple[str, ...]
    not_looked_at: int
    remarks: tuple[str, ...]


def whole_tree() -> Path:
    """The work tree around the current folder, as a path from there.

    Raises:
        UsageError: There is none (``no-work-tree``), or git is missing or fails.
    """
    return Path(os.path.relpath(Repository.around(Path()).top, os.path.realpath(".")))


class Changed:
    """Files that changed since a revision.

    Args:
        revision: As git takes it.
    """

    def __init__(self, revision: str) -> None:
        self._revision = revision
        self._known: dict[Path, tuple[Base, Snapshot]] = {}
        self._unchanged: set[tuple[Path, str]] = set()

    def below(self, paths: Sequence[Place], *, if_model: bool = False) -> Iterator[Candidate]:
        """List the files to audit.

        Args:
            paths: Files and folders.
            if_model: Whether files that are given count as those in folders do.

        Yields:
            Of each path, what changed, sorted by name.

        Raises:
            UsageError: One is not a path (``changed-not-local``), or belongs to no work tree
                (``no-work-tree``); there is no such revision (``revision-unknown``); git is missing
                or fails.
        """
        for path in paths:
            if not isinstance(path, Path):
                shown = printable(path) if isinstance(path, str) else "what is not a file"
                raise UsageError(
                    f"It is not known what changed at {shown}.",
                    code="changed-not-local",
                    hint="--changed-since is for files of git work trees.",
                )
            yield from self._of(path, if_model=if_model)

    def since(self) -> ChangedSince:
        """What was compared with what."""
        bases = [base for base, _ in self._known.values()]
        name, same = printable(self._revision), len(self._unchanged)
        remarks = [f"Not looked at: {same:,} files that are as at {name}, and what git ignores."]
        if not all(base.is_common for base in bases):
            remarks.append(
                f"Where HEAD and {name} parted is not known here, so files that only the latter "
                "changed count as well."
            )
        commits = tuple(dict.fromkeys(base.commit for base in bases))
        return ChangedSince(self._revision, commits, same, tuple(remarks))

    def _of(self, path: Path, *, if_model: bool) -> Iterator[Candidate]:
        whole = os.path.isdir(path)  # noqa: PTH112  # a name may be too long
        place = Path(os.path.realpath(path if whole else path.parent))
        repository = Repository.around(_nearest(place))
        top = repository.top
        if top not in self._known:
            base = repository.base(self._revision)
            self._known[top] = base, Snapshot.of(repository, base.commit)
        _, snapshot = self._known[top]
        below = place.relative_to(top).as_posix()
        prefix = "" if below == "." else f"{below}/"
        if whole:
            yield from self._in_folder(path, prefix, snapshot, top)
        else:
            name = prefix + path.name
            if name in snapshot.tracked - snapshot.changed and not path.is_symlink():
                self._unchanged.add((top, name))
            elif name not in snapshot.changed or os.path.lexists(path):
                # What is neither there nor was is an error in the path.
                yield given(path, if_model=if_model)

    def _in_folder(
        self, folder: Path, prefix: str, snapshot: Snapshot, top: Path
    ) -> Iterator[Candidate]:
        """What changed below a folder, whose name below the top a prefix is."""
        same = snapshot.tracked - snapshot.changed
        self._unchanged.update((top, name) for name in same if name.startswith(prefix))
        names = [name for name in snapshot.changed if name.startswith(prefix)]
        for name in sorted(names, key=lambda name: PurePath(name).parts):
            path = folder / name[len(prefix) :]
            above = top / PurePath(name).parent
            if os.path.realpath(above) != str(above):
                # It is gone: a link, which is looked at by itself, leads elsewhere.
                continue
            if path.is_symlink() or (os.path.lexists(path) and not path.is_dir()):
                yield found(path)
            elif name.endswith("/") and path.is_dir():
                yield from walk([path])


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next((each for each in [folder, *folder.parents] if each.is_dir()), folder)
