"""HDF5, as Keras and pandas write it: configurations of models and pickles in it are looked for.

Trust: the bytes are hostile. The format is not read; what is found lies there in one piece, as the
library writes attributes, and the file stays incomplete.
Source: the HDF5 file format, section II.A; Keras ``legacy/saving/legacy_h5_format.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from safeload.scan.containers.nesting import Nesting
from safeload.scan.contents import Contents
from safeload.scan.program import Buffer, Scan
from safeload.scan.weights.embedded import embedded_pickles
from safeload.scan.weights.keras import would_run
from safeload.scan.weights.unread import unread
from safeload.verdict import Finding

__all__ = ["is_hdf5", "read_hdf5"]

_MAGIC = b"\x89HDF\r\n\x1a\n"
# Where the library looks for it.
_STARTS = (0, 512, 1024, 2048)
_CLASS = b'"class_name"'
# Texts that are looked at, the bytes of one, and how far before the first class it may begin.
_TEXTS, _LONGEST, _BEFORE = 64, 64 << 20, 1 << 16


def is_hdf5(data: Buffer) -> bool:
    """Whether a file begins as the library looks for it."""
    return any(data[start : start + len(_MAGIC)] == _MAGIC for start in _STARTS)


def read_hdf5(data: Buffer, nesting: Nesting) -> Scan:
    """Look for what could run.

    Args:
        data: The whole file.
        nesting: Bounds.

    Returns:
        A scan without programs; the pickles in the file are its members.
    """
    findings: dict[Finding, None] = {}
    for configuration in _configurations(data):
        findings.update(dict.fromkeys(would_run(configuration, nesting)))
    members = Contents(partial(embedded_pickles, data, nesting))
    return Scan("hdf5", [], [*findings, unread("HDF5")], data, members=members, single=False)


def _configurations(data: Buffer) -> Iterator[Any]:
    """Objects of JSON that name classes. Texts end at a zero byte, which JSON has none of."""
    place = data.find(_CLASS)
    for _ in range(_TEXTS):
        if place < 0:
            return
        start = data.rfind(b"\0", max(0, place - _BEFORE), place) + 1
        end = data.find(b"\0", place, place + _LONGEST)
        text = bytes(data[start : len(data) if end < 0 else end]).decode("utf-8", "replace")
        # What fails is a part of something else.
        with suppress(ValueError, RecursionError):
            yield json.JSONDecoder().raw_decode(text, max(text.find("{"), 0))[0]
        place = data.find(_CLASS, max(end, place + 1))
