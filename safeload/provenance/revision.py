"""Which commit is the code in a folder at, and was it changed since? ``git`` is asked.

A folder's own configuration can name programs that ``git`` runs: monitors, hooks, filters, whatever
fetches missing objects. A folder may be a stranger's, so none of them is run: monitors, hooks and
protocols are off, and every filter is replaced by none. Where a filter would make a file in the
folder equal to the committed one, the file may count as changed; never the other way.

Trust: the folder and its configuration are hostile, ``git`` and what is on the PATH by an absolute
path are not. What git prints is taken for a commit only if it is one.

Source: git(1), git-config(1) (``core.fsmonitor``, ``core.hooksPath``, ``filter.<driver>``,
``safe.bareRepository``, ``GIT_ALLOW_PROTOCOL``), gitattributes(5).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from safeload.arguments import as_path
from safeload.errors import UsageError
from safeload.trust.training import Revision

__all__ = ["find_revision"]

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", re.ASCII)
_FILTER = re.compile(r"filter\.(?P<driver>.*)\.(?:clean|smudge|process|required)", re.DOTALL)
# Of a folder on a disk that is far away or asleep, seconds.
_SECONDS = 30.0
_SETTINGS = (
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "core.untrackedCache=false",
    "safe.bareRepository=explicit",
)
# All that git is told by its environment.
_KEPT = ("HOME", "PATH", "SYSTEMROOT", "USERPROFILE", "XDG_CONFIG_HOME")
_SET = {
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


def find_revision(folder: str | os.PathLike[str] = ".") -> Revision | None:
    """Find the commit that a folder's code is at, and whether it was changed since.

    Args:
        folder: The folder, or one in it; the current one by default.

    Returns:
        The commit, and whether a file that git tracks differs from it; what git does not track
        does not count. None if the folder is in no repository of git's, there is no commit yet, or
        there is no git.

    Raises:
        UsageError: The folder is no path, or git does not say whether something was changed
            (``revision-unknown``).
    """
    where = as_path(folder, "folder")
    git = _git()
    if git is None or not os.path.isdir(where):  # noqa: PTH112  # False for any path
        return None
    asked = _ask(git, where, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    commit = asked.stdout.decode("ascii", "replace").strip()
    if asked.returncode or not _COMMIT.fullmatch(commit):
        return None
    compared = _ask(
        git,
        where,
        *_without_filters(git, where),
        "diff",
        "--quiet",
        "--no-ext-diff",
        "--no-textconv",
        "--ignore-submodules=dirty",
        commit,
        "--",
    )
    if compared.returncode not in (0, 1):
        raise _unknown("it does not say whether files were changed")
    return Revision(commit, compared.returncode == 1)


def _git() -> str | None:
    """The program by its absolute path; never one that lies in the current folder."""
    path = [entry for entry in os.get_exec_path() if Path(entry).is_absolute()]
    found = shutil.which("git", path=os.pathsep.join(path))
    return found if found is not None and Path(found).is_absolute() else None


def _without_filters(git: str, folder: Path) -> list[str]:
    """Options that put no program in the place of every filter that any configuration names."""
    listed = _ask(git, folder, "config", "--null", "--name-only", "--list")
    if listed.returncode:
        raise _unknown("its configuration cannot be read")
    names = os.fsdecode(listed.stdout).split("\0")
    found = (_FILTER.fullmatch(name) for name in names)
    drivers = {match["driver"] for match in found if match is not None}
    # What stands behind the first sign of equality would be the value.
    if any("=" in driver for driver in drivers):
        raise _unknown("its configuration has a filter that cannot be switched off")
    changes = [
        f"filter.{driver}.{setting}"
        for driver in sorted(drivers)
        for setting in ("clean=", "process=", "required=false")
    ]
    return [word for change in changes for word in ("-c", change)]


def _ask(git: str, folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    options = [word for setting in _SETTINGS for word in ("-c", setting)]
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    try:
        return subprocess.run(  # noqa: S603  # the program is found by its absolute path
            [git, *options, *words],
            cwd=folder,
            env={**kept, **_SET},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        raise _unknown("it cannot be run, or does not end") from error


def _unknown(why: str) -> UsageError:
    return UsageError(
        f"git was asked for the revision of the code, and {why}.",
        code="revision-unknown",
        hint="Say which it is (--revision COMMIT, revision=), or leave it out (--no-revision).",
    )
