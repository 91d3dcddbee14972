"""Is the file still there that was read once, as it was?

Trust: files are hostile, and so may be whoever writes to them; the clock and the file system's
times are believed. Where a file system makes its times up, ``--rehash`` believes none of them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from safeload.auditing.walk import Candidate

if TYPE_CHECKING:
    from safeload.artefact import Artefact

__all__ = ["identity_of"]

# Nanoseconds after which a file that is written to again has another time, on any file system.
_SETTLED = 2_000_000_000


def identity_of(candidate: Candidate, artefact: Artefact | None = None) -> str:
    """What tells a file from any that takes its place, or is written into it.

    The time of its last change of status is part of it, which nobody can set.

    Args:
        candidate: The file.
        artefact: What was read of it, which must be of the same file.

    Returns:
        A text, or an empty one for what is not a file, or was changed a moment ago and could be
        once more without another time to show for it. A remote file has none either: whether it is
        the same is only its server's word.
    """
    if candidate.remote is not None:
        return ""
    try:
        status = candidate.path.stat()
    except (OSError, ValueError):
        return ""
    if candidate.obstacle or (artefact is not None and not artefact.is_current(status)):
        return ""
    if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) < _SETTLED:
        return ""
    return ":".join(
        str(part)
        for part in (
            status.st_dev,
            status.st_ino,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
        )
    )
