"""Files of an object store: one by its name, all below a folder, or those that a pattern matches.

What ends in a slash is a folder, and so is what is not a file. A pattern has ``*`` for whatever has
no slash, ``**`` for folders, and ``?`` and ``[...]`` for one character; a folder that it matches is
searched like one that was named.

Trust: the store is the one that the caller's own configuration names; who put files there, under
which names, is not. Each name must lie below the folder that was listed, so that no walk goes in
circles, and only so many are taken. A file is read with its version before and after.
Source: fsspec's AbstractFileSystem (``ls``, ``info``, ``open``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from safeload.artefact import Artefact
from safeload.auditing.sources.addresses import STORES, require_clean, scheme_of
from safeload.auditing.sources.extras import require
from safeload.auditing.sources.failures import asking
from safeload.auditing.sources.web import paced
from safeload.auditing.walk import Candidate
from safeload.errors import ArtefactError, printable
from safeload.limits import Limits

__all__ = ["StoredFile", "below"]

_BLOCK = 8 << 20
_MAGIC = re.compile(r"[*?\[]")
# What stores call what changes with a file, and what tells its bytes from others.
_VERSIONS = (
    *("ETag", "etag", "VersionId", "version_id", "generation", "blob_id", "md5Hash", "sha256"),
    *("LastModified", "last_modified", "updated", "mtime", "created"),
)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of an object store.

    Attributes:
        scheme: The kind of store.
        key: The file's name, with its bucket, as the store has it.
        size: Its bytes, by the listing.
    """

    scheme: str
    key: str
    size: int

    def read(self, limits: Limits) -> Artefact:
        """Read it, once.

        Args:
            limits: ``bytes_in`` applies.

        Raises:
            ArtefactError: The store does not give it, or it is too large, or it changed.
            UsageError: The library for it is not installed.
        """
        with asking():
            store = _store(self.scheme)
            before = _fresh(store, self.key)
            if (size := _size(before)) > limits.bytes_in:
                raise _error(f"The file is larger than {limits.bytes_in} bytes.", code="too-large")
            with store.open(self.key, "rb", block_size=_BLOCK, cache_type="none") as file:
                taken = Artefact.take(paced(file, _BLOCK), name=self.key, limits=limits)
            if taken.size != size or _version(before) != _version(_fresh(store, self.key)):
                raise _error("The file changed while it was read.", code="changed")
        return taken


def below(address: str, limits: Limits) -> Iterator[Candidate]:
    """List files of an object store.

    Args:
        address: A file, a folder or a pattern.
        limits: ``members`` applies to what is listed.

    Yields:
        The files, sorted by name; what could not be listed as one that cannot be read.

    Raises:
        UsageError: The address holds credentials, or the library for it is not installed.
    """
    require_clean(address)
    scheme = scheme_of(address)
    require("fsspec", "remote")
    try:
        with asking():
            walk = _Walk(scheme, limits)
            key = walk.key(address)
        if _MAGIC.search(key):
            yield from walk.matches(key)
        else:
            yield from walk.of(key, folder=address.endswith("/"))
    except ArtefactError as error:
        yield _unread(scheme, address.partition("://")[2], error.message)


class _Walk:
    """A walk through a store, and how many names it still takes."""

    def __init__(self, scheme: str, limits: Limits) -> None:
        self._scheme = scheme
        self._store = _store(scheme)
        self._left = limits.members
        self._limits = limits

    def key(self, address: str) -> str:
        """What the store calls a file or folder, without a slash at its end."""
        return str(self._store._strip_protocol(address)).rstrip("/")  # noqa: SLF001  # as fsspec

    def of(self, key: str, *, folder: bool) -> Iterator[Candidate]:
        """A file, or all that is below a folder."""
        if not folder:
            with asking():
                info = _fresh(self._store, key)
            if info.get("type") == "file":
                yield self._file(key, info, named=True)
                return
        yield from self._below(key)

    def matches(self, pattern: str) -> Iterator[Candidate]:
        """All that a pattern matches, or that is below a folder which it matches."""
        parts = pattern.split("/")
        fixed = next(n for n, part in enumerate(parts) if _MAGIC.search(part))
        with asking():
            wanted = [_matcher("/".join(parts[: n + 1])) for n in range(len(parts))]
        deep = next((n for n, part in enumerate(parts) if "**" in part), len(parts))
        whole = wanted[-1]

        def leads(name: str) -> bool:
            depth = name.count("/")
            return depth >= deep or (depth < len(parts) and bool(wanted[depth].match(name)))

        def chosen(name: str) -> bool:
            tops = name.split("/")
            return any(whole.match("/".join(tops[: n + 1])) for n in range(len(tops)))

        found = False
        for candidate in self._below("/".join(parts[:fixed]), leads=leads, chosen=chosen):
            found = True
            yield candidate
        if not found:
            yield _unread(self._scheme, pattern, "Nothing there matches the pattern.")

    def _below(self, top: str, *, leads: Any = None, chosen: Any = None) -> Iterator[Candidate]:
        # A list, not recursion: folders may be nested deeper than Python recurses.
        folders = [top]
        while folders:
            folder = folders.pop()
            try:
                with asking():
                    entries = self._listed(folder)
            except ArtefactError as error:
                yield _unread(self._scheme, folder, error.message)
                continue
            deeper = []
            for name, info in entries:
                self._left -= 1
                if self._left < 0:
                    yield _unread(
                        self._scheme,
                        folder,
                        f"More than {self._limits.members} names are listed here, and the others "
                        "were not looked at (limit members).",
                    )
                    return
                picked = chosen is None or chosen(name)
                if not _lies_in(name, folder):
                    why = f"A name is listed that cannot be one below it: {printable(name)}."
                    yield _unread(self._scheme, f"{folder}/", why)
                elif info.get("type") == "directory":
                    if picked or leads is None or leads(name):
                        deeper.append(name)
                elif picked:
                    yield self._file(name, info, named=False)
            folders += reversed(deeper)

    def _listed(self, folder: str) -> list[tuple[str, Mapping[str, Any]]]:
        """What is in a folder, sorted; each name once for each type."""
        options: dict[str, Any] = {"detail": True}
        if hasattr(self._store, "loop"):
            options["timeout"] = self._limits.seconds
        found = {}
        for info in self._store.ls(folder, **options):
            name, kind = str(info["name"]).rstrip("/"), str(info.get("type"))
            # A folder may list itself, and may be kept as an empty file of its name; what has no
            # name at all in it is neither, and cannot be asked for.
            marks = kind == "file" and info.get("size") == 0 and info["name"] == f"{folder}/"
            if not marks and not (kind == "directory" and info["name"] == folder):
                found[name, kind] = info
        return [(name, found[name, kind]) for name, kind in sorted(found)]

    def _file(self, key: str, info: Mapping[str, Any], *, named: bool) -> Candidate:
        title = f"{self._scheme}://{key}"
        remote = StoredFile(self._scheme, key, _size(info, default=0))
        return Candidate(Path(title), named=named, title=title, remote=remote)


def _unread(scheme: str, name: str, why: str) -> Candidate:
    """What stands in a report for what could not be listed."""
    title = f"{scheme}://{name}"
    return Candidate(Path(title), named=True, title=title, obstacle=why)


@lru_cache(maxsize=8)
def _store(scheme: str) -> Any:
    """The file system for a scheme, which keeps nothing of what it lists."""
    require(_MODULES[scheme], STORES[scheme])
    of = require("fsspec", "remote").get_filesystem_class(scheme)
    return of(skip_instance_cache=True, use_listings_cache=False)


_MODULES = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "hf": "huggingface_hub"}


def _fresh(store: Any, key: str) -> Mapping[str, Any]:
    store.invalidate_cache()
    found: Mapping[str, Any] = store.info(key, refresh=True)
    return found


def _size(info: Mapping[str, Any], default: int = -1) -> int:
    size = info.get("size")
    if type(size) is int and size >= 0:
        return size
    if default < 0:
        raise _error("The store does not say how large the file is.")
    return default


def _version(info: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(info.get(name)) for name in ("size", *_VERSIONS))


def _lies_in(name: str, folder: str) -> bool:
    return name.startswith(f"{folder}/" if folder else "") and len(name) > len(folder) + 1


def _matcher(pattern: str) -> re.Pattern[str]:
    return re.compile(require("fsspec.utils", "remote").glob_translate(pattern))


def _error(message: str, *, code: str = "unreadable") -> ArtefactError:
    return ArtefactError(message, code=code, hint="Fetch the file by other means, and audit it.")
