"""Paths, addresses and bytes become the files to look at, in the order in which they were given.

Trust: what the caller gave is the caller's own; what lies there is hostile.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from safeload.arguments import BYTES, as_path, is_open_file
from safeload.auditing.sources.addresses import MODEL_SCHEMES, WEB, scheme_of
from safeload.auditing.walk import Candidate, walk
from safeload.limits import Limits

__all__ = ["Place", "as_place", "gather", "local"]

# A path of this machine, an address, or a model in the caller's hands.
Place = Path | str | bytes | bytearray | memoryview | BinaryIO


def as_place(value: object) -> Place:
    """Take what a caller gave for a path or an address.

    Args:
        value: A path, as text or an object that stands for text; an address, as text; bytes; or a
            binary file that is open.

    Raises:
        UsageError: It is none of them.
    """
    if isinstance(value, BYTES) or is_open_file(value):
        return value
    if isinstance(value, str) and scheme_of(value):
        return str.__str__(value)
    return as_path(value)


def local(places: Iterable[Place | os.PathLike[str]]) -> list[Path]:
    """Those that are paths of this machine."""
    return [place for place in map(as_place, places) if isinstance(place, Path)]


def gather(
    places: Iterable[Place], limits: Limits, *, if_model: bool = False
) -> Iterator[Candidate]:
    """List the files to audit.

    Args:
        places: Paths, addresses, and models in the caller's hands.
        limits: ``members`` applies to what a server lists.
        if_model: Whether files of this machine that are given count as those in folders do.

    Returns:
        Each file named, and all below each folder.

    Raises:
        UsageError: An address is malformed or holds credentials that would be shown, or what
            reads it is not installed.
    """
    for place in places:
        if isinstance(place, Path):
            yield from walk([place], if_model=if_model)
        elif not isinstance(place, str):
            from safeload.auditing.sources.given import given

            yield given(place, limits)
        elif (scheme := scheme_of(place)) in WEB:
            from safeload.auditing.sources.web import at

            yield at(place)
        elif scheme in MODEL_SCHEMES:
            from safeload.auditing.sources.mlflow import of_model

            yield from of_model(place, limits)
        else:
            from safeload.auditing.sources.remote import below

            yield from below(place, limits)
