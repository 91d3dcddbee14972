"""Files that were fetched from the Hugging Face hub: which repository, which revision, which file?

The cache has one folder for each repository, ``models--org--name``. In it, ``snapshots/REV/…`` are
links into ``blobs``, where each content is kept once; where links cannot be made, they are the
files themselves. Each content is audited once, under the first of its names, and the others are
said. What no snapshot leads to is audited as well.

Trust: whoever fetches chooses what lies here, and repositories are hostile. Links are followed only
to regular files within the cache.
Source: huggingface_hub's guide "Understand caching", and its ``constants``.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from safeload.auditing.walk import Candidate
from safeload.errors import UsageError
from safeload.scan.endings import has_model_name

__all__ = ["fetched", "usual_folder"]

_REPOSITORY = re.compile(r"(models|datasets|spaces)--(.+)")
_OUTSIDE = "It is a link that leads out of the cache."
_NO_FILE = "It leads to no regular file."


def usual_folder() -> Path:
    """Where the hub's own library keeps what it fetches, by its environment variables."""
    home = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("HF_HOME", f"{home}/huggingface")
    old = os.environ.get("HUGGINGFACE_HUB_CACHE", f"{home}/hub")
    return Path(os.path.expandvars(os.environ.get("HF_HUB_CACHE", old))).expanduser()


def fetched(cache: Path) -> Iterator[Candidate]:
    """List the files of a cache.

    Args:
        cache: Its folder.

    Yields:
        The files as ``org/name@rev:file``, sorted by repository, revision and name.

    Raises:
        UsageError: There is no such folder (``hub-cache-missing``).
    """
    try:
        names = sorted(os.listdir(cache))  # noqa: PTH208  # names alone, and no pattern
    except OSError as error:
        raise UsageError(
            f"The cache of the Hugging Face hub cannot be listed: {error.strerror}.",
            code="hub-cache-missing",
            hint="HF_HUB_CACHE or HF_HOME says where it is.",
        ) from error
    real = os.path.realpath(cache)
    for name in names:
        match = _REPOSITORY.fullmatch(name)
        if match is not None and (cache / name).is_dir():
            owner = "" if match[1] == "models" else f"{match[1]}/"
            title = owner + match[2].replace("--", "/")
            yield from _once(list(_files(cache / name, title, real)))


def _once(found: list[tuple[Candidate, str]]) -> Iterator[Candidate]:
    """Files, of which those with the same content are read once, under a model's name if any is."""
    first: dict[str, str] = {}
    for candidate, content in sorted(found, key=lambda each: not has_model_name(each[0].name)):
        first.setdefault(content, candidate.label)
    for candidate, content in found:
        if candidate.obstacle or first[content] == candidate.label:
            yield candidate
        elif "@" in candidate.label:
            yield replace(candidate, repeats=first[content])


def _files(repository: Path, title: str, cache: str) -> Iterator[tuple[Candidate, str]]:
    """What is in a repository's folder, each with what tells its content from others."""
    snapshots = repository / "snapshots"
    for path in _below(snapshots):
        revision, _, name = path.relative_to(snapshots).as_posix().partition("/")
        yield _followed(path, f"{title}@{revision}:{name}", cache)
    for path in _below(repository / "blobs"):
        yield _followed(path, f"{title}:blobs/{path.name}", cache)


def _followed(path: Path, title: str, cache: str) -> tuple[Candidate, str]:
    """The file that a path leads to, if it lies within the cache."""
    target = os.path.realpath(path)
    obstacle = ""
    if not target.startswith(cache.rstrip(os.sep) + os.sep):
        obstacle = _OUTSIDE
    else:
        try:
            if not stat.S_ISREG(os.lstat(target).st_mode):  # as realpath gave it
                obstacle = _NO_FILE
        except OSError:
            obstacle = _NO_FILE
    # One that cannot be read is said, whatever its name is.
    named = bool(obstacle)
    return Candidate(Path(target), named=named, obstacle=obstacle, title=title), target


def _below(top: Path) -> Iterator[Path]:
    """All files and links below a folder, sorted; links to folders are not followed."""
    for folder, folders, names in os.walk(top):
        folders.sort()
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in sorted([*names, *links]):
            yield Path(folder) / name
