"""Which files lie in a folder, and are they those that were signed?

A folder is walked from an open descriptor, link by link: nothing here follows a symbolic link, and
each file is opened relative to the folder that it was found in. What is not a regular file, and
whose name is none that can be signed, is an error and not left out.

Trust: the folder is hostile, and may change while it is read; what is believed of a file is what
its bytes say once they are in this process.

Source: openat(2) for descriptors of folders; OpenSSF Model Signing 1.0 sections 6.5 and 9.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from safeload.errors import ArtefactError, TrustError, printable
from safeload.hashing import Digests
from safeload.trust.manifest import Manifest
from safeload.trust.resources import Covered, folded, is_ignored, why_no_file_name
from safeload.writing.folder import Folder

__all__ = ["check_folder", "files_below", "open_below"]

# The bundles of a folder, which do not cover themselves, and what safeload has there while it
# writes one: a lock, a bundle that waits, and a folder of what is not finished.
_BUNDLE = re.compile(
    r"model(\.[A-Za-z0-9_-]+)?\.sig|\.safeload-(lock|[0-9a-f]{16}-[0-9a-f]{32}\.sig)", re.ASCII
)
_DRAFT = re.compile(r"\.safeload-[0-9a-f]{16}", re.ASCII)
_UNFINISHED = ".safeload-"
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)
# A folder with more files than this is none of a model.
_MOST_FILES = 200_000


def files_below(
    root: Folder, ignored: Iterable[str] = (), *, covered: Iterable[str] = ()
) -> dict[str, os.stat_result]:
    """List the files that a statement about a folder has to cover.

    Args:
        root: The folder.
        ignored: Names and patterns of what is left out.
        covered: Names of what a statement covers, which are not left out, whatever is ignored.

    Returns:
        Status of each file by name, with ``/`` between parts; in the order of their names.

    Raises:
        ArtefactError: Something in it is not a regular file or folder (``not-regular``), has a name
            that cannot be signed (``file-name``), or the folder cannot be read.
    """
    left_out = _LeftOut(tuple(ignored), frozenset(_with_folders(covered)))
    found: dict[str, os.stat_result] = {}
    try:
        for name, status in _walk(root, "", left_out):
            found[name] = status
            if len(found) > _MOST_FILES:
                raise ArtefactError(
                    f"The folder holds more than {_MOST_FILES:,} files.",
                    code="too-many-files",
                    hint="Give the folder of one model.",
                )
    except OSError as error:
        raise _unreadable(error) from error
    seen: dict[str, str] = {}
    for name in found:
        other = seen.setdefault(folded(name), name)
        if other != name:
            raise ArtefactError(
                f"Two names in the folder are one on some systems: {printable(name)!r}.",
                code="file-name",
                hint=f"Rename it, or {printable(other)!r}.",
            )
    return dict(sorted(found.items()))


@contextmanager
def open_below(root: Folder, name: str) -> Iterator[int]:
    """Open a file in a folder, through no link.

    Args:
        root: The folder.
        name: A name that can be signed.

    Yields:
        A descriptor to read from.

    Raises:
        ArtefactError: It cannot be opened, or is not a regular file.
    """
    *folders, base = name.split("/")
    with ExitStack() as at_end:
        try:
            folder = root
            for part in folders:
                folder = at_end.enter_context(folder.within(part))
            descriptor = folder.open(base, _READ)
        except OSError as error:
            raise _unreadable(error, name) from error
        at_end.callback(os.close, descriptor)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _not_regular(name)
        yield descriptor


def check_folder(path: Path, manifest: Manifest, also: Callable[[Digests], object]) -> None:
    """Require that a folder holds the files that were signed, and no others.

    Args:
        path: The folder.
        manifest: What was signed.
        also: Called with the digests of each file; raises if there is something against it.

    Raises:
        TrustError: A file is missing (``file-missing``), was not signed (``file-unlisted``), or is
            another one (``digest-mismatch``, ``placeholder``).
        ArtefactError: As :func:`files_below`, or a file cannot be read.
    """
    try:
        with Folder.opened(path) as root:
            covered = manifest.covered
            names = [resource.name for resource in covered.resources]
            _check_names(files_below(root, covered.ignored, covered=names), covered)
            for resource in manifest.resources:
                with open_below(root, resource.name) as descriptor:
                    content = Digests.of_file(descriptor, os.fstat(descriptor).st_size)
                    manifest.check_content(resource.name, content)
                    also(content)
    except OSError as error:
        raise _unreadable(error) from error


def _check_names(found: Mapping[str, os.stat_result], covered: Covered) -> None:
    resources = {resource.name: resource for resource in covered.resources}
    for name in sorted(resources.keys() - found.keys()):
        raise TrustError(
            f"The folder lacks a file that was signed: {printable(name)!r}.",
            code="file-missing",
            hint="Get the folder again from whoever signed it.",
        )
    for name in sorted(found.keys() - resources.keys()):
        # Statements of other tools in shards do not list empty files; nobody opens them.
        if covered.shard_size is None or found[name].st_size:
            raise TrustError(
                f"The folder holds a file that was not signed: {printable(name)!r}.",
                code="file-unlisted",
                hint="Remove it; nothing in a signed folder is added later.",
            )


@dataclass(frozen=True, slots=True)
class _LeftOut:
    """What of a folder is not listed: what is ignored and our own, but for what is kept."""

    ignored: tuple[str, ...]
    kept: frozenset[str]

    def has(self, name: str, folder: Folder, *, is_top: bool) -> bool:
        if name in self.kept:
            return False
        return is_ignored(name, self.ignored) or (is_top and _is_ours(folder, name))


def _with_folders(names: Iterable[str]) -> Iterator[str]:
    """Names, and those of the folders that they are in."""
    for name in names:
        yield name
        yield from (name[: found.start()] for found in re.finditer("/", name))


def _walk(folder: Folder, prefix: str, left_out: _LeftOut) -> Iterator[tuple[str, os.stat_result]]:
    for base in sorted(folder.names()):
        name = f"{prefix}{base}"
        if left_out.has(name, folder, is_top=not prefix):
            continue
        status = folder.status(base)
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
            raise _not_regular(name)
        if wrong := _why_no_name(name):
            raise ArtefactError(
                f"A name in the folder cannot be signed: {printable(name)!r} {wrong}.",
                code="file-name",
                hint="Rename the file.",
            )
        if stat.S_ISDIR(status.st_mode):
            with folder.within(base) as inner:
                yield from _walk(inner, f"{name}/", left_out)
        else:
            yield name, status


def _is_ours(folder: Folder, base: str) -> bool:
    """Whether something is a bundle, or what safeload is about to remove; nothing hides in it."""
    is_draft = _DRAFT.fullmatch(base) is not None
    if not (is_draft or _BUNDLE.fullmatch(base)):
        return False
    try:
        if not is_draft:
            return not stat.S_ISDIR(folder.status(base).st_mode)
        with folder.within(base) as draft:
            return all(
                name.startswith(_UNFINISHED) and stat.S_ISREG(draft.status(name).st_mode)
                for name in draft.names()
            )
    except (FileNotFoundError, PermissionError):
        # It is gone by now, or another user's.
        return True
    except OSError:
        # It is not a folder.
        return False


def _why_no_name(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        return "is not in UTF-8"
    return why_no_file_name(name)


def _not_regular(name: str) -> ArtefactError:
    return ArtefactError(
        f"What lies in the folder as {printable(name)!r} is neither a file nor a folder.",
        code="not-regular",
        hint="Links, pipes and devices are not signed; put the file itself in its place.",
    )


def _unreadable(error: OSError, name: str = "") -> ArtefactError:
    what = f"file {printable(name)!r} in the folder" if name else "folder"
    return ArtefactError(
        f"The {what} cannot be read: {error.strerror or 'an error'}.",
        code="unreadable",
        hint="Check that it exists, that nothing changes it, and that you may read it.",
    )
