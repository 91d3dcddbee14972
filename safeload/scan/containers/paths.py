"""Does a name in an archive lead out of the folder that it is unpacked in?

Trust: names are hostile.
Source: the zip slip advisories; PEP 706 (``tarfile`` filters); Windows' rules for paths.
"""

from __future__ import annotations

import posixpath
import re

__all__ = ["leads_outside"]

_DRIVE = re.compile(r"[A-Za-z]:")


def leads_outside(name: str, *, beside: str = "") -> bool:
    """Whether a name is absolute, has a drive, or climbs above the folder.

    Args:
        name: A name as it is written, or what a link points to.
        beside: The name of the link, whose folder the name counts from.
    """
    path = name.replace("\\", "/")
    if path.startswith("/") or _DRIVE.match(path):
        return True
    folder = posixpath.dirname(beside.replace("\\", "/"))
    whole = posixpath.normpath(posixpath.join(folder, path))
    return whole == ".." or whole.startswith("../")
