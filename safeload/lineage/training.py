"""What a signer gives, and what the model itself tells, become the manifest's training part.

Trust: the facts are the signer's own. The model was loaded under the guard; asked for its
attributes, it may raise anything.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from safeload.arguments import as_extra, as_metrics, as_path
from safeload.artefact import open_regular
from safeload.errors import ArtefactError, LoadError, UsageError
from safeload.trust.training import Dataset, Revision, Training
from safeload.unruly import UNRULY, described

__all__ = ["dataset_of", "file_name", "training_of"]

_Path = str | os.PathLike[str]
# What ``git describe --dirty`` adds.
_DIRTY = "-dirty"


def training_of(
    loaded: Any,
    *,
    dataset: _Path | Dataset | None = None,
    rows: int | None = None,
    metrics: Mapping[str, float] | None = None,
    date: datetime | None = None,
    revision: str | Revision | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Training:
    """Collect what is said about a model's training.

    Args:
        loaded: The fitted model; its feature_names_in_ and n_features_in_ are read.
        dataset: The file it was trained on, which is hashed, or its name and SHA-256.
        rows: On how many rows.
        metrics: Results by name.
        date: When it was trained, with a time zone.
        revision: The code that trained it; of a text, ``-dirty`` at its end is taken for what
            ``git describe --dirty`` means by it.
        extra: Anything else that is plain JSON.

    Returns:
        The training part of a manifest.

    Raises:
        LoadError: The model does not say what it was fitted on (``model-unreadable``).
        UsageError: The dataset cannot be read (``dataset-unreadable``), or a fact is none.
    """
    try:
        names = getattr(loaded, "feature_names_in_", None)
        columns = None if names is None else tuple(map(str, names))
        count = getattr(loaded, "n_features_in_", None)
        number = None if count is None else int(count)
    except UNRULY as error:
        raise LoadError(
            f"The model does not say what it was fitted on: {described(error)}",
            code="model-unreadable",
            hint="Its feature_names_in_ and n_features_in_ are read when it is signed.",
        ) from error
    return Training(
        date=date,
        dataset=dataset if isinstance(dataset, Dataset | None) else dataset_of(dataset),
        rows=rows,
        metrics=as_metrics(metrics, "metrics"),
        feature_names=columns,
        n_features=number,
        revision=_revision(revision) if isinstance(revision, str) else revision,
        extra=as_extra(extra, "extra"),
    )


def file_name(path: Path) -> str:
    """A file's own name as text that has a form in UTF-8, whatever its bytes and the locale are."""
    return os.fsencode(path.name).decode("utf-8", "replace")


def dataset_of(path: _Path, *, name: str | None = None) -> Dataset:
    """Hash a dataset.

    Args:
        path: The file that a model was trained on.
        name: What it is called; the file's own name by default.

    Returns:
        Its name and SHA-256.

    Raises:
        UsageError: It cannot be read (``dataset-unreadable``).
    """
    where = as_path(path, "dataset")
    try:
        descriptor, _ = open_regular(where)
        with os.fdopen(descriptor, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except (ArtefactError, OSError) as error:
        why = error.message if isinstance(error, ArtefactError) else f"{error.strerror}."
        raise UsageError(
            f"The dataset cannot be read. {why}",
            code="dataset-unreadable",
            hint="Give the file the model was trained on, or leave it out.",
            path=where,
        ) from error
    return Dataset(file_name(where) if name is None else name, digest)


def _revision(text: str) -> Revision:
    commit = text.removesuffix(_DIRTY)
    return Revision(commit, True if commit != text else None)
