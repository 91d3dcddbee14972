"""Which repository does a folder belong to, and which commit is a revision?

Trust: see :mod:`.program`. What a revision is called is the caller's own; which commit that is, the
repository says.
Source: git-rev-parse(1), gitrevisions(7), git-merge-base(1).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from safeload.errors import UsageError, printable
from safeload.git.program import answer, ask, question

__all__ = ["Base", "Repository"]

# Names of objects: SHA-1 or SHA-256.
_OBJECT = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?")
# What git says in a folder that belongs to no work tree: to nothing, to a folder .git, or to a
# repository without one.
_NO_TREE = (
    b"not a git repository",
    b"must be run in a work tree",
    b"cannot use bare repository",
)


@dataclass(frozen=True, slots=True)
class Base:
    """What files are compared with.

    Attributes:
        commit: Its name, 40 or 64 hex digits.
        is_common: Whether HEAD comes from it; if not, it is the revision itself.
    """

    commit: str
    is_common: bool


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository with a work tree.

    Attributes:
        top: The uppermost folder of the work tree, absolute and without links.
    """

    top: Path

    @classmethod
    def around(cls, folder: Path) -> Repository:
        """The one that a folder belongs to.

        Args:
            folder: A folder that is there.

        Raises:
            UsageError: It belongs to none (``no-work-tree``), or to another user's
                (``repository-owner``), or git is missing or fails.
        """
        done = question("rev-parse", "--show-toplevel", folder=folder)
        if any(sentence in done.stderr for sentence in _NO_TREE):
            raise _no_tree("no git work tree is around this folder")
        top = Path(os.path.realpath(os.fsdecode(answer(done)).removesuffix("\n")))
        # A repository may name any folder as its work tree.
        if not Path(os.path.realpath(folder)).is_relative_to(top):
            raise _no_tree("the repository around this folder has its work tree elsewhere")
        return cls(top)

    def path_of(self, name: str) -> Path:
        """Where one of its own files lies, such as ``"index"``."""
        text = ask("rev-parse", "--path-format=absolute", "--git-path", name, folder=self.top)
        return Path(os.fsdecode(text).removesuffix("\n"))

    def object_format(self) -> str:
        """How it names objects: ``"sha1"`` or ``"sha256"``."""
        return ask("rev-parse", "--show-object-format", folder=self.top).decode().strip()

    def settings(self, names: frozenset[str]) -> list[tuple[str, str]]:
        """What is configured.

        Args:
            names: Names of settings, in lower case.

        Returns:
            Names and values, those that count last.
        """
        # Exit code 1 says that there is none.
        found = ask("config", "-z", "--get-regexp", ".", folder=self.top, codes=frozenset([0, 1]))
        pairs = [os.fsdecode(entry).partition("\n") for entry in found.split(b"\0")]
        return [(name, value) for name, separator, value in pairs if separator and name in names]

    def base(self, revision: str) -> Base:
        """What to compare with: where HEAD and a revision parted.

        Where no such commit is known, as in a shallow clone, it is the revision itself: then files
        count as changed, too, that only the others changed.

        Args:
            revision: As git takes it: a branch, tag, commit or expression.

        Raises:
            UsageError: There is no such commit (``revision-unknown``).
        """
        commit = self._commit(revision)
        done = question("merge-base", "HEAD", commit, folder=self.top)
        common = done.stdout.strip()
        if done.returncode == 0 and _OBJECT.fullmatch(common):
            return Base(common.decode(), is_common=True)
        return Base(commit, is_common=False)

    def _commit(self, revision: str) -> str:
        # What begins with a dash is an option, and no name that git gives.
        if not revision.startswith("-") and "\0" not in revision:
            name = f"{revision}^{{commit}}"
            done = question("rev-parse", "--verify", "--quiet", name, folder=self.top)
            commit = done.stdout.strip()
            if done.returncode == 0 and _OBJECT.fullmatch(commit):
                return commit.decode()
        hint = "A branch, a tag or a commit of this repository is one."
        if ask("rev-parse", "--is-shallow-repository", folder=self.top).strip() == b"true":
            hint = (
                "The clone is shallow: 'git fetch origin REV' fetches one revision, "
                "'git fetch --unshallow' all of them (in CI: fetch-depth: 0, GIT_DEPTH: 0)."
            )
        raise UsageError(
            f"There is no revision {printable(revision)} in this repository.",
            code="revision-unknown",
            hint=hint,
        )


def _no_tree(reason: str) -> UsageError:
    return UsageError(
        f"It cannot be told what changed: {reason}.",
        code="no-work-tree",
        hint="Audit files of a git work tree, or leave --changed-since out.",
    )
