"""Does a path stand for what the caller has opened for this process?

Unix gives such files names: a shell's ``<(command)`` and ``>(command)`` are ``/dev/fd/N``. Opened
anew by that name, a file would be read or written from its beginning, and a socket not at all.

Trust: the path is the user's own.
"""

from __future__ import annotations

import re

__all__ = ["descriptor_of"]

_NAMES = re.compile(r"(?:/dev|/proc/self)/fd/([0-9]{1,9})|/dev/std(in|out|err)")
_STANDARD = {"in": 0, "out": 1, "err": 2}


def descriptor_of(text: str) -> int | None:
    """The descriptor that a path stands for, whether it is open or not; None if it is another path.

    Args:
        text: The path that the user gave.
    """
    found = _NAMES.fullmatch(text)
    if found is None:
        return None
    return int(found[1]) if found[1] else _STANDARD[found[2]]
