"""Where bundles are written: one writer at a time in a folder, and errors that say what is left.

Trust: others may write to the folder at the same time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safeload.errors import ArtefactError, UsageError
from safeload.trust.pairs import finish_pairs
from safeload.writing.drafts import sweep
from safeload.writing.folder import Folder
from safeload.writing.lock import locked

__all__ = ["BUNDLE_MODE", "alone_in", "changed", "unwritable"]

BUNDLE_MODE = 0o666


@contextmanager
def alone_in(folder: Folder, name: str) -> Iterator[bool]:
    """Keep other writers out of a folder and clear up what killed runs left there.

    Args:
        folder: The folder.
        name: The model that is about to be written or signed.

    Yields:
        Whether other processes are kept out, too.
    """
    with locked(folder) as alone:
        if alone:
            sweep(folder)
            finish_pairs(folder, but=name)
        yield alone


def changed() -> ArtefactError:
    """The error about what is not any more what was read."""
    return ArtefactError(
        "What was to be signed was replaced or changed meanwhile.",
        code="changed",
        hint="Wait until nothing writes to it any more, then try again.",
    )


def unwritable(what: str, error: OSError, path: Path) -> UsageError:
    """The error about a file that cannot be written."""
    return UsageError(
        f"The {what} cannot be written: {error.strerror}.",
        code="unwritable",
        hint="Check the folder's permissions and the space left; nothing was changed.",
        path=path,
    )
