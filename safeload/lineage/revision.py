"""Which commit is the code in a folder at, and was it changed since? ``git`` is asked.

Trust: a folder may be a third party's, with all that its repository configures: see
:mod:`safeload.git.program`, by which nothing of it is run. Which commit its code is at, the
repository says.
"""

from __future__ import annotations

import os

from safeload.arguments import as_path
from safeload.errors import UsageError
from safeload.git.repository import Repository
from safeload.git.snapshot import Snapshot
from safeload.trust.training import Revision

__all__ = ["find_revision"]

# There is no git, no work tree, no commit yet; or git does not read it, as it is another user's.
_NONE = frozenset(["git-missing", "no-work-tree", "repository-owner", "revision-unknown"])


def find_revision(folder: str | os.PathLike[str] = ".") -> Revision | None:
    """Find the commit that a folder's code is at, and whether it was changed since.

    Args:
        folder: The folder, or one in it; the current one by default.

    Returns:
        The commit, and whether a file that git tracks differs from it; what git does not track, and
        repositories within the work tree, do not count. None if the folder is in no work tree of
        git's that this user may read, there is no commit yet, or there is no git.

    Raises:
        UsageError: The folder is not a path, or git does not say whether something was changed
            (``revision-unknown``).
    """
    where = as_path(folder, "folder")
    if not os.path.isdir(where):  # noqa: PTH112  # False for any path
        return None
    try:
        repository = Repository.around(where)
        commit = repository.base("HEAD").commit
    except UsageError as error:
        if error.code in _NONE:
            return None
        raise _unknown() from error
    try:
        return Revision(commit, bool(Snapshot.of(repository, commit).differing))
    except UsageError as error:
        raise _unknown() from error


def _unknown() -> UsageError:
    return UsageError(
        "git does not say which revision the code is at.",
        code="revision-unknown",
        hint="Say which it is (--revision COMMIT, revision=), or leave it out (--no-revision).",
    )
