"""A model and its bundle are two files, and yet one is never seen with the other's predecessor.

No file system replaces two files at once. So whoever replaces a pair takes three steps:

1. The new bundle is written under a name that is made of the new model's digest.
2. The new model gets its name.
3. The new bundle gets its name, and the other one of step 1 is removed.

A reader hashes the model first. If the bundle in its ordinary place is not about that digest, the
reader looks for one of the digest's name, and once more in the ordinary place, because step 3 may
have come in between. Whatever is found is verified as any bundle is. What a killed run has not
finished, the next run that writes to the folder does.

Trust: whoever can write to the folder can put any bundle in either place, so neither is better
than the other. But a bundle that is about these bytes and lies in the ordinary place decides: no
other one is looked at, so that an older one beside it cannot revive what has expired.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from safeload.errors import TrustError
from safeload.hashing import Digests
from safeload.limits import Limits
from safeload.trust.bundle import bundle_path, read_bundle
from safeload.trust.envelope import UnverifiedBundle
from safeload.writing.drafts import PART, check_name
from safeload.writing.files import exchange, keep_rights
from safeload.writing.folder import Folder

__all__ = ["finish_pairs", "first_accepted", "is_about", "publish_pair", "settle_pair"]

_T = TypeVar("_T")

_WAITING = re.compile(r"\.safeload-([0-9a-f]{16})-([0-9a-f]{32})\.sig")
_WAITS = f"{PART}waits"
_BUNDLE = f"{PART}bundle"
_MODE = 0o666
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)


def first_accepted(
    path: Path, content: Digests, limits: Limits, judge: Callable[[UnverifiedBundle], _T]
) -> _T:
    """Judge the bundles that may be about a model's bytes until one is accepted.

    The one in the ordinary place comes first. If it is about these bytes, it is the only one.

    Args:
        path: Where the model was read from.
        content: The digests of its bytes.
        limits: Bounds; ``bundle_bytes`` applies.
        judge: Verifies a bundle and all that it says, or raises a ``TrustError``.

    Returns:
        What the judge returns.

    Raises:
        TrustError: None is accepted; why the one in the ordinary place is not.
    """
    ordinary = bundle_path(path)
    decides = False
    try:
        bundle = read_bundle(ordinary, limits)
        decides = is_about(bundle, content)
        return judge(bundle)
    except TrustError as error:
        if decides:
            raise
        refusal = error
    # A link may lead to where the pair is written.
    places = dict.fromkeys((path, Path(os.path.realpath(path))))
    waiting = [place.with_name(_waiting(place.name, content.fingerprint)) for place in places]
    for where in (*waiting, ordinary):
        with suppress(TrustError):
            return judge(read_bundle(where, limits))
    raise refusal


def publish_pair(
    folder: Folder, name: str, inner: Folder, part: str, *, fingerprint: str, bundle: bytes
) -> None:
    """Put a model and its bundle in place; to be called by whoever holds the folder's lock.

    Args:
        folder: Where they are to be.
        name: The model's name there.
        inner: A draft in that folder.
        part: The model in the draft, written through to the disk.
        fingerprint: Of the model's bytes (:attr:`safeload.hashing.Digests.fingerprint`).
        bundle: The bundle.

    Raises:
        OSError: They cannot be put there; then both are as they were.
    """
    check_name(name)
    waiting, ordinary = _waiting(name, fingerprint), bundle_path(folder.path / name).name
    keep_rights(folder, name, inner, part)
    for bundle_part in (_WAITS, _BUNDLE):
        inner.write(bundle_part, bundle, mode=_MODE)
        keep_rights(folder, ordinary, inner, bundle_part)
    with ExitStack() as undo:
        for source, target in ((_WAITS, waiting), (part, name), (_BUNDLE, ordinary)):
            exchange(inner, source, folder, target, undo)
            # Each step is on the disk before the next one is taken.
            folder.sync()
        undo.pop_all()
    # By its name, for a folder that one may write to need not be one that one may list.
    with suppress(OSError):
        folder.remove(waiting)


def settle_pair(folder: Folder, name: str) -> None:
    """Remove bundles that wait for a model whose bundle is in place now.

    Whoever they belong to: who could give a file that name in this folder could have removed it.

    Args:
        folder: Where they are; its lock is held by the caller.
        name: The model's name.
    """
    own = _digest_of_name(name)
    with suppress(OSError):
        for found in folder.names():
            match = _WAITING.fullmatch(found)
            if match and match[1] == own:
                with suppress(OSError):
                    folder.remove(found)


def finish_pairs(folder: Folder, *, but: str) -> None:
    """Finish what killed runs have begun: a bundle that waits gets its place, or goes.

    Args:
        folder: Where they are; its lock is held by the caller.
        but: The name of a model that is about to be replaced, and what waits for it with it.
    """
    with suppress(OSError):
        names = folder.names()
        waiting = {found: match for found in names if (match := _WAITING.fullmatch(found))}
        if not waiting:
            return
        models = {_digest_of_name(name): name for name in names}
        for found, match in waiting.items():
            name = models.get(match[1])
            with suppress(OSError):
                if name != but and _is_own(folder.status(found)):
                    _finish(folder, found, name, match[2])


def _finish(folder: Folder, waiting: str, name: str | None, digest: str) -> None:
    if name is None:
        folder.remove(waiting)
        return
    ordinary = bundle_path(folder.path / name)
    with _content_of(folder, name) as content:
        is_wanted = (
            content.fingerprint.startswith(digest)
            and not _lies_about(ordinary, content)
            and _lies_about(folder.path / waiting, content)
        )
    if is_wanted:
        folder.move(waiting, folder, ordinary.name)
        folder.sync()
    else:
        folder.remove(waiting)


def _lies_about(path: Path, content: Digests) -> bool:
    try:
        return is_about(read_bundle(path), content)
    except TrustError:
        return False


@contextmanager
def _content_of(folder: Folder, name: str) -> Iterator[Digests]:
    descriptor = folder.open(name, _READ)
    try:
        status = os.fstat(descriptor)
        # One of somebody else's may have no end.
        if not _is_own(status):
            raise OSError(errno.EINVAL, "Not a regular file of our own")
        yield Digests.of_file(descriptor, status.st_size)
    finally:
        os.close(descriptor)


def is_about(bundle: UnverifiedBundle, content: Digests) -> bool:
    """Whether a bundle names the digest: enough to choose among bundles, and proof of nothing.

    Args:
        bundle: The bundle.
        content: The digests of a model.
    """
    payload = bundle.unverified_payload
    return (
        content.fingerprint.encode("ascii") in payload or content.sha256.encode("ascii") in payload
    )


def _is_own(status: os.stat_result) -> bool:
    """Whether a regular file belongs to us; what is in it may be of somebody else's choice."""
    return stat.S_ISREG(status.st_mode) and (
        not hasattr(os, "geteuid") or status.st_uid == os.geteuid()
    )


def _waiting(name: str, sha256: str) -> str:
    """Where the bundle of a model waits: a short name, however long the model's is."""
    return f".safeload-{_digest_of_name(name)}-{sha256[:32]}.sig"


def _digest_of_name(name: str) -> str:
    return hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
