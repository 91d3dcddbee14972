"""What a signer says about how a model came about, and its form in JSON (``training``).

``rows``, ``revision`` and ``extra`` may be missing, as they do in what older releases signed.

Trust: these are the signer's words. Nothing here bears on what a model may do.

Source: the form is safeload's own. A revision is what ``git rev-parse HEAD`` prints, or the name
that another system of version control has for it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from safeload.arguments import EXTRA_DEPTH
from safeload.trust.fields import (
    LARGEST,
    flag,
    instant,
    items,
    malformed,
    members,
    number,
    optional,
    sha256_hex,
    text,
    time_text,
    whole,
)

__all__ = ["EXTRA_BYTES", "Dataset", "Revision", "Training"]

# Size of ``extra`` as JSON in UTF-8, bytes. It rides in the statement, which is read whole at every
# load.
EXTRA_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Dataset:
    """What a model was trained on: a name, and the SHA-256 of the data as 64 hex digits."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Revision:
    """The state of the code that trained a model.

    Attributes:
        commit: What version control calls it, such as the 40 hex digits of a commit of git.
        dirty: Whether files that it holds were changed since; None if nobody looked.
    """

    commit: str
    dirty: bool | None = None

    def __str__(self) -> str:
        state = {None: "", False: " (clean)", True: " (with changes that were not committed)"}
        return f"{self.commit}{state[self.dirty]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """Where a model comes from, in the signer's words.

    Attributes:
        date: When it was trained, if known.
        dataset: What on, if known.
        rows: On how many rows, if known.
        metrics: Results by name.
        feature_names: Names of the columns in order, if known.
        n_features: Number of columns, if known.
        revision: The code that trained it, if known.
        extra: Anything else, as plain JSON: at most 64 KiB, and eight levels deep.
    """

    date: datetime | None = None
    dataset: Dataset | None = None
    rows: int | None = None
    metrics: Mapping[str, float]
    feature_names: tuple[str, ...] | None = None
    n_features: int | None = None
    revision: Revision | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: object) -> Training:
        """Read the parsed JSON of ``training``.

        Args:
            value: Any JSON value.

        Returns:
            What it says.

        Raises:
            TrustError: The value is not of this form (``manifest-malformed``).
        """
        found = members(value, "training", _TRAINING - _FURTHER, closed=True, further=_FURTHER)
        metrics = members(found["metrics"], "metrics", frozenset(), closed=False)
        return cls(
            date=optional(found["date"], "training.date", instant),
            dataset=optional(found["dataset"], "dataset", _dataset),
            rows=whole(found["rows"], "rows") if "rows" in found else None,
            metrics={text(key, "a metric"): number(metrics[key], "a metric") for key in metrics},
            feature_names=optional(found["feature_names"], "feature_names", _feature_names),
            n_features=optional(found["n_features"], "n_features", whole),
            revision=_revision(found["revision"]) if "revision" in found else None,
            extra=_extra(found["extra"]) if "extra" in found else {},
        )

    def to_json(self) -> dict[str, Any]:
        """Write what :meth:`from_json` reads."""
        dataset, names, revision = self.dataset, self.feature_names, self.revision
        further = {
            "rows": self.rows,
            "revision": revision and {"commit": revision.commit, "dirty": revision.dirty},
            "extra": dict(self.extra) or None,
        }
        return {
            "date": None if self.date is None else time_text(self.date),
            "dataset": dataset and {"name": dataset.name, "sha256": dataset.sha256},
            "metrics": dict(self.metrics),
            "feature_names": None if names is None else list(names),
            "n_features": self.n_features,
            **{name: said for name, said in further.items() if said is not None},
        }


_TRAINING = frozenset(Training.__dataclass_fields__)
_FURTHER = frozenset({"rows", "revision", "extra"})
_DATASET = frozenset(Dataset.__dataclass_fields__)
_REVISION = frozenset(Revision.__dataclass_fields__)


def _dataset(value: object, where: str) -> Dataset:
    found = members(value, where, _DATASET, closed=True)
    return Dataset(text(found["name"], where), sha256_hex(found["sha256"], where))


def _feature_names(value: object, where: str) -> tuple[str, ...]:
    return tuple([text(name, where) for name in items(value, where)])


def _revision(value: object) -> Revision:
    where = "revision"
    found = members(value, where, _REVISION, closed=True)
    return Revision(text(found["commit"], where), optional(found["dirty"], where, flag))


def _extra(value: object) -> Mapping[str, Any]:
    found = members(value, "extra", frozenset(), closed=False)
    _require_plain(found, EXTRA_DEPTH)
    if len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()) > EXTRA_BYTES:
        raise malformed(f"extra is larger than {EXTRA_BYTES} bytes")
    return found


def _require_plain(value: object, depth: int) -> None:
    """Require that nothing lies too deep, and that every reader finds the same numbers in it."""
    if isinstance(value, dict | list):
        if not depth:
            raise malformed(f"extra is nested more than {EXTRA_DEPTH} levels deep")
        if isinstance(value, dict):
            for name in value:
                text(name, "a name in extra")
        for each in value.values() if isinstance(value, dict) else value:
            _require_plain(each, depth - 1)
    elif type(value) is int and not -LARGEST <= value <= LARGEST:
        raise malformed("extra has an integer beyond 2**53 - 1")
