"""What does a signer say about a model? Its card, for people.

Trust: the statement was verified; its words are still the signer's, and are escaped where they are
shown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from safeload.gate import Verified
    from safeload.trust.model import Model
    from safeload.trust.training import Training

__all__ = ["Row", "card_of"]

_SHOWN = 30
_LONGEST = 200


class Row(NamedTuple):
    """A line of the card.

    Attributes:
        section: What it belongs to.
        label: What is said.
        value: What is said of it.
    """

    section: str
    label: str
    value: str


def card_of(verified: Verified) -> list[Row]:
    """Make the card of a verified file.

    Args:
        verified: The file, the statement about it, and who signed.

    Returns:
        Its lines, those of a section one after the other.
    """
    rows = [
        ("verified", f"signature and digest; signed by {' and '.join(verified.signers)}"),
        ("folder" if verified.is_folder else "file", str(verified.path)),
        *_content(verified),
        ("statement", verified.manifest.payload_sha256),
    ]
    model = verified.manifest.model
    if verified.until is not None and (model is None or verified.until != model.not_after):
        rows.append(("believed until", verified.until.isoformat()))
    if model is None:
        rows.append(("model", "nothing is said about one: made by another tool"))
    if verified.is_folder or model is None:
        rows.append(("covers", _some([each.name for each in verified.manifest.resources])))
    if verified.manifest.covered.ignored:
        rows.append(("ignored", _some(list(verified.manifest.covered.ignored))))
    if model is None:
        return [Row("signature", *row) for row in rows]
    return [
        *(Row("signature", *row) for row in rows),
        *(Row("model", *row) for row in _about(model)),
        *(Row("training", *row) for row in _training(model.training)),
        *(Row("loading", *row) for row in _loading(model)),
    ]


def _content(verified: Verified) -> list[tuple[str, str]]:
    if verified.is_folder:
        return []
    artefact = verified.artefact
    return [("sha256", artefact.sha256), ("size", f"{artefact.size:,} bytes")]


def _about(model: Model) -> list[tuple[str, str]]:
    return [
        ("model", f"{model.name} {model.version} (serial {model.serial})"),
        ("signed", model.signed.isoformat()),
        ("expires", "never" if model.not_after is None else model.not_after.isoformat()),
        ("format", model.serializer),
        ("made with", ", ".join(f"{name} {release}" for name, release in model.versions.items())),
    ]


def _training(training: Training) -> list[tuple[str, str]]:
    rows = []
    if training.date is not None:
        rows.append(("trained", training.date.isoformat()))
    if training.dataset is not None:
        rows.append(("dataset", f"{training.dataset.name} (sha256 {training.dataset.sha256})"))
    if training.rows is not None:
        rows.append(("rows", f"{training.rows:,}"))
    if training.metrics:
        rows.append(("metrics", _some([f"{k} = {v:.6g}" for k, v in training.metrics.items()])))
    if training.feature_names is not None:
        rows.append(("features", _some(list(training.feature_names))))
    elif training.n_features is not None:
        rows.append(("features", f"{training.n_features}, without names"))
    if training.revision is not None:
        rows.append(("code", str(training.revision)))
    if training.extra:
        rows.append(("extra", _some(_pairs(training.extra))))
    return rows


def _pairs(extra: Mapping[str, Any]) -> list[str]:
    texts = {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in extra.items()
    }
    return [f"{name} = {_cut(text)}" for name, text in texts.items()]


def _loading(model: Model) -> list[tuple[str, str]]:
    rows = [("allow-lists on", _some(list(model.packs)))] if model.packs else []
    rows.append(
        ("signed allow-list", _some([f"{item.module}.{item.name}" for item in model.globals]))
    )
    if model.probe is None:
        rows.append(("probe", "none; 'safeload load' has no predictions to compare"))
    else:
        recorded = model.probe.get("expected")
        methods = sorted(recorded) if isinstance(recorded, dict) else []
        on = " on rows that were drawn" if model.probe.get("drawn") is True else ""
        rows.append(("probe", f"recorded results of {', '.join(methods) or 'no method'}{on}"))
    return rows


def _some(names: list[str]) -> str:
    more = len(names) - _SHOWN
    rest = f", and {more} more (--format json lists all)" if more > 0 else ""
    return ", ".join(map(_cut, names[:_SHOWN])) + rest


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
