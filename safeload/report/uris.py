"""A file's path becomes the URI, or the path in a project, that other tools find it by.

What lies below the folder of the run is named relative to it, with ``/`` between the parts, so that
a report means the same on the machine that made it and on the one that shows it.

Trust: names are hostile; whatever is not plain is percent-encoded, byte by byte.

Source: RFC 3986, sections 2 and 4.2; RFC 8089; SARIF 2.1.0, section 3.4.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from safeload.errors import plain

__all__ = ["Uri", "path_of", "uri_of"]

# What an audit of a bucket or a hub has for a path; in the path of a file one slash follows another
# only in the form that names a server.
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.ASCII)
# What stands for itself in a path, beside letters, digits and "_.-~".
_PLAIN = "/+,@"


class Uri(NamedTuple):
    """Where a file lies.

    Attributes:
        text: The URI, ASCII.
        is_relative: Whether it is relative to the folder of the run.
    """

    text: str
    is_relative: bool


def uri_of(path: str, root: Path) -> Uri:
    """Where a file lies, as a URI.

    Args:
        path: Its path as reported.
        root: The folder of the run, absolute.

    Returns:
        A relative URI for what lies below that folder, else an absolute one.
    """
    scheme = _SCHEME.match(path)
    if scheme:
        return Uri(scheme[0] + _encoded(path[scheme.end() :]), is_relative=False)
    whole, below = _below(path, root)
    if below is not None:
        return Uri(_encoded(below), is_relative=True)
    return Uri("file://" + _encoded("/" + whole.lstrip(os.sep)), is_relative=False)


def path_of(path: str, root: Path) -> str:
    """Where a file lies, as a path that is shown.

    Args:
        path: Its path as reported.
        root: The folder of the run, absolute.

    Returns:
        The path below that folder, or the whole path; with ``/`` between its parts, and with
        escapes for what is not printable and for the backslash. No two files have one text.
    """
    whole, below = (path, None) if _SCHEME.match(path) else _below(path, root)
    shown = (whole if below is None else below).replace(os.sep, "/")
    return plain(shown.replace("\\", "\\\\"))


def _below(path: str, root: Path) -> tuple[str, str | None]:
    """The absolute path, and the path below the root if it lies there."""
    whole = os.path.normpath(root / path)
    above = os.path.normpath(root).rstrip(os.sep) + os.sep
    return whole, whole[len(above) :] if whole.startswith(above) else None


def _encoded(path: str) -> str:
    parts = path.replace(os.sep, "/")
    # A name that is not UTF-8 has lone surrogates in the place of its bytes. Any others can be in
    # a report that was made elsewhere.
    try:
        data = os.fsencode(parts)
    except UnicodeEncodeError:
        data = parts.encode("utf-8", "surrogatepass")
    return quote(data, safe=_PLAIN)
