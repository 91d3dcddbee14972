"""Which further bundles lie beside a model? Each is another signer's, over the same statement.

Beside ``churn.joblib`` and its bundle ``churn.joblib.sig`` these are ``churn.joblib.LABEL.sig``,
where a label is 1 to 64 letters, digits, ``-`` and ``_`` of ASCII. A name says nothing about who
signed. What is the bundle of another model, because there is a file ``churn.joblib.LABEL``, is
none of them.

Trust: whoever can write to the folder can put any bundle there, and take any away. The result is
worth nothing until :mod:`safeload.trust.threshold` has judged it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from safeload.errors import TrustError, UsageError
from safeload.limits import Limits
from safeload.trust.bundle import bundle_path, read_bundle
from safeload.trust.envelope import UnverifiedBundle

__all__ = ["Countersignature", "countersignatures", "label_of", "labelled_path"]

# The bundle's file name, and what it holds or why it cannot be read.
Countersignature = tuple[str, UnverifiedBundle | TrustError]

_SUFFIX = ".sig"
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
# Files that are read; a trust file demands 16 signers at most.
_MOST = 64


def labelled_path(path: str | os.PathLike[str], label: str) -> Path:
    """Where a further bundle of a model lies.

    Args:
        path: The model.
        label: 1 to 64 letters, digits, ``-`` and ``_`` of ASCII.

    Raises:
        UsageError: It is no label (``label``).
    """
    if not _LABEL.fullmatch(label):
        raise UsageError(
            "The label of a bundle has other characters than it can have.",
            code="label",
            hint="Labels are 1 to 64 letters, digits, - and _.",
        )
    ordinary = bundle_path(path)
    return ordinary.with_name(f"{ordinary.name.removesuffix(_SUFFIX)}.{label}{_SUFFIX}")


def label_of(ordinary: str, name: str) -> str | None:
    """The label in the file name of a further bundle.

    Args:
        ordinary: The file name of the model's own bundle.
        name: Any file name.

    Returns:
        The label, or None if it is not a name of a further bundle.
    """
    stem = ordinary.removesuffix(_SUFFIX) + "."
    label = name[len(stem) : -len(_SUFFIX)]
    fits = name.startswith(stem) and name.endswith(_SUFFIX) and _LABEL.fullmatch(label)
    return label if fits else None


def countersignatures(path: Path, limits: Limits) -> Iterator[Countersignature]:
    """Read the further bundles of a model, in the order of their names.

    Args:
        path: The model.
        limits: Bounds; ``bundle_bytes`` applies to each.

    Yields:
        Each with its file name; 64 at most.
    """
    ordinary = bundle_path(path)
    try:
        names = set(os.listdir(ordinary.parent))  # noqa: PTH208  # names alone are wanted
    except OSError:
        # Then there are none that could count.
        return
    found = sorted(
        name
        for name in names
        if label_of(ordinary.name, name) and name.removesuffix(_SUFFIX) not in names
    )
    for name in found[:_MOST]:
        try:
            yield name, read_bundle(ordinary.with_name(name), limits)
        except TrustError as error:
            yield name, error
