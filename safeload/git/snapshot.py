"""Which files of a work tree are other than in a commit?

Asked in a repository of our own that lasts as long as the question: a copy of the index, the
objects where they are, and no configuration but a few settings. So there are no filters, monitors
and hooks, and nothing is written where the files are. A file whose times are other than in the
index is the same only if it is so byte by byte: one that is stored otherwise than it is checked out
(by a filter, with other line ends) then counts as changed.

What git could take for unchanged although it is not, counts as changed: what it was told not to
look at (``--assume-unchanged``, ``--skip-worktree``), links, all that lies in repositories within
the work tree, and all that a changed ``.gitattributes`` is about, since the same object may then
become another file.

Trust: names and contents are hostile. What the commit holds is taken for known, and so is what the
index says of it; whoever made the ``.git`` folder could have chosen both.
Source: gitrepository-layout(5), git-diff-index(1), git-ls-files(1), gitattributes(5).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from safeload.git.program import ask, failure
from safeload.git.repository import Repository

__all__ = ["Snapshot"]

# How names and modes are compared, and what is ignored; none of these runs anything.
_SETTINGS = frozenset(
    f"core.{name}"
    for name in (
        "excludesfile", "filemode", "ignorecase", "longpaths", "precomposeunicode", "symlinks",
    )
)  # fmt: skip
# A file is compared byte by byte, and not as it would be stored. This file is asked before others.
_AS_IT_IS = "* -text -ident -filter -working-tree-encoding\n"
_REFRESH = ("update-index", "-q", "--unmerged", "--ignore-submodules", "--really-refresh")
_COMPARE = (
    "diff-index", "-z", "--name-only", "--no-renames", "--no-ext-diff", "--no-textconv",
    "--ignore-submodules=all",
)  # fmt: skip
_LINK, _REPOSITORY = b"120000", b"160000"
# What git has looked at; others it was told not to look at, or are in conflict.
_ORDINARY = b"H"
_ATTRIBUTES = ".gitattributes"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Files of a work tree, by their paths below its top, with ``/`` between the parts.

    Attributes:
        tracked: All that git knows of, repositories within the work tree aside.
        changed: Those that are not surely as they were, and those that are new and not ignored.
            Some are no longer there. What ends in a slash is a folder of which all counts.
        differing: Those of the tracked ones that git itself finds changed, or was told not to look
            at.
    """

    tracked: frozenset[str]
    changed: frozenset[str]
    differing: frozenset[str]

    @classmethod
    def of(cls, repository: Repository, commit: str) -> Snapshot:
        """Compare.

        Args:
            repository: The repository.
            commit: The name of a commit, as hex digits.

        Raises:
            UsageError: git fails, or the commit's files are not there (``git-failed``).
        """
        with _own_repository(repository) as environment:
            asked = partial(ask, folder=repository.top, environment=environment)
            # 1 says that some differ.
            asked(*_REFRESH, codes=frozenset([0, 1]))
            differing = _names(asked(*_COMPARE, commit, "--"))
            others = _names(asked("ls-files", "-z", "--others", "--exclude-standard"))
            entries = asked("ls-files", "-z", "-v", "--stage")
        tracked, doubtful, unseen = _parsed(entries)
        changed = {*differing, *others, *doubtful}
        redefined = tuple(_folder(path) for path in changed if _is_attributes(path))
        changed.update(path for path in tracked if path.startswith(redefined))
        return cls(frozenset(tracked), frozenset(changed), frozenset({*differing, *unseen}))


@contextmanager
def _own_repository(repository: Repository) -> Iterator[Mapping[str, str]]:
    """The variables by which git takes a folder of our own for the repository."""
    index = repository.path_of("index")
    settings = repository.settings(_SETTINGS)
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder)
        (own / "refs").mkdir()
        (own / "info").mkdir()
        (own / "HEAD").write_text("ref: refs/heads/none\n")
        (own / "config").write_text(
            "[core]\n\trepositoryformatversion = 1\n"
            f"[extensions]\n\tobjectformat = {repository.object_format()}\n"
        )
        _copy(index, own / "index")
        (own / "info" / "attributes").write_text(_AS_IT_IS)
        _copy(repository.path_of("info/exclude"), own / "info" / "exclude")
        # An index may be in two parts, of which one is named by its content.
        for shared in index.parent.glob("sharedindex.*"):
            _copy(shared, own / shared.name)
        environment = {
            "GIT_DIR": folder,
            "GIT_WORK_TREE": str(repository.top),
            "GIT_INDEX_FILE": str(own / "index"),
            "GIT_OBJECT_DIRECTORY": str(repository.path_of("objects")),
            "GIT_CONFIG_COUNT": str(len(settings)),
        }
        for number, (name, value) in enumerate(settings):
            environment[f"GIT_CONFIG_KEY_{number}"] = name
            environment[f"GIT_CONFIG_VALUE_{number}"] = value
        yield environment


def _copy(source: Path, target: Path) -> None:
    """Copy a file with its time, by which git knows what was written after it."""
    if not source.is_file():
        return
    try:
        shutil.copy2(source, target)
    except OSError as error:
        raise failure(f"{source.name} cannot be read") from error


def _names(output: bytes) -> list[str]:
    return [os.fsdecode(name) for name in output.split(b"\0") if name]


def _parsed(entries: bytes) -> tuple[set[str], set[str], set[str]]:
    """Of an index: the files, what counts as changed anyway, and what git was told not to see."""
    tracked, doubtful, unseen = set(), set(), set()
    for entry in entries.split(b"\0"):
        head, separator, name = entry.partition(b"\t")
        if not separator:
            continue
        tag, mode, *_ = head.split(b" ")
        path = os.fsdecode(name)
        if mode == _REPOSITORY:
            doubtful.add(f"{path}/")
            continue
        tracked.add(path)
        if tag != _ORDINARY:
            unseen.add(path)
        if tag != _ORDINARY or mode == _LINK:
            doubtful.add(path)
    return tracked, doubtful, unseen


def _is_attributes(path: str) -> bool:
    # Some file systems find a file by its name in either case.
    return path.rpartition("/")[2].lower() == _ATTRIBUTES


def _folder(path: str) -> str:
    """The folder of a file, with the slash behind it; nothing for the top."""
    return path[: path.rfind("/") + 1]
