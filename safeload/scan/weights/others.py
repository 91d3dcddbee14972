"""Formats that are told by their first bytes, and of which nothing is read.

Trust: the bytes are hostile; a name for them is all that comes out.
Source: the documentation of each format.
"""

from __future__ import annotations

import re

from safeload.scan.program import Buffer, Scan
from safeload.scan.weights.unread import unread

__all__ = ["read_other"]

_HEAD = 4096
_FORMS: tuple[tuple[str, str, re.Pattern[bytes]], ...] = (
    ("matlab", "a MAT-file of MATLAB", re.compile(rb"MATLAB [57]\.\d MAT-file")),
    ("tflite", "TensorFlow Lite", re.compile(rb"....TFL3", re.DOTALL)),
    ("pmml", "PMML", re.compile(rb"(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)?<PMML\b", re.DOTALL)),
    ("xgboost", "a model of xgboost", re.compile(rb'\{\s*"learner"\s*:\s*\{')),
    ("xgboost", "a model of xgboost", re.compile(rb"\{L\0{7}\x07learner\{")),
    ("lightgbm", "a model of LightGBM", re.compile(rb"tree\r?\nversion=v\d")),
)


def read_other(data: Buffer) -> Scan | None:
    """Say which format a file is in.

    Args:
        data: The whole file.

    Returns:
        A scan that says that nothing was read of it; None for a file of no such format.
    """
    head = bytes(data[:_HEAD])
    for name, form, pattern in _FORMS:
        if pattern.match(head):
            return Scan(name, [], [unread(form)], data, single=False)
    return None
