"""Two models become what differs between them, for people and for programs.

Trust: what is compared of a signed model was verified and accepted before; of an unsigned one it
was accepted. Neither is loaded. Texts are shown by whoever escapes them.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from safeload.artefact import Artefact
from safeload.comparing.arrays import Change, change_between, outline_of
from safeload.comparing.contents import Made, Part, Plain, parts_of
from safeload.limits import Limits
from safeload.loading.admit import examine
from safeload.policy.policy import Policy
from safeload.scan.origin import written_with
from safeload.trust.model import Model

__all__ = ["SECTIONS", "Difference", "Entry", "Side", "difference_between"]

# Titles by name: what signers say, what files are made with and name, and what is in them.
SECTIONS = {
    "metadata": "file and statement",
    "libraries": "libraries",
    "globals": "globals",
    "parameters": "hyper-parameters",
    "arrays": "arrays",
    "state": "other fitted state",
}
# Entries of a container that is shown whole.
_ENTRIES = 8


@dataclass(frozen=True, slots=True)
class Side:
    """One of two models.

    Attributes:
        path: Its file.
        sha256: Of the file, 64 lower-case hex digits.
        size: Of the file, bytes.
        signer: Who signed it, or None for nobody.
        statement: SHA-256 of the statement about it, or None.
        model: What the signer says about it, or None.
        uses: The uses of each global of the file by its name.
        written: The releases of scikit-learn that its estimators say they were written with.
        parts: What is in it, by place.
    """

    path: str
    sha256: str
    size: int
    signer: str | None
    statement: str | None
    model: Model | None
    uses: Mapping[str, tuple[str, ...]]
    written: tuple[str, ...]
    parts: Mapping[str, Part]

    @classmethod
    def of(
        cls,
        artefact: Artefact,
        policy: Policy,
        limits: Limits,
        *,
        signer: str | None = None,
        statement: str | None = None,
        model: Model | None = None,
    ) -> Side:
        """Read a file without loading it.

        Args:
            artefact: The file; verified, if somebody signed it.
            policy: What is allowed in it.
            limits: Bounds on the work.
            signer: Who signed it.
            statement: SHA-256 of the statement about it.
            model: What the signer says about it.

        Returns:
            What there is to compare.

        Raises:
            RefusedError: Its content is not allowed, or was not read in full.
            LoadError: It is not a file of one model.
            ArtefactError: It has too many parts (``compare-limit``).
        """
        scanned, judgement = examine(artefact, policy, limits)
        return cls(
            str(artefact.path),
            artefact.sha256,
            artefact.size,
            signer,
            statement,
            model,
            {item.name: tuple(sorted(item.uses)) for item in judgement.globals},
            written_with(scanned.programs),
            parts_of(scanned.programs[0].root),
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that differs.

    Attributes:
        name: What, or where.
        first: What it is in the first model: a scalar, a text, or an array in short; None if it is
            not there, or is None.
        second: The same of the second model.
        only: ``"a"`` or ``"b"`` if it is in one of them only, else None.
        change: How far two arrays of one shape are apart.
        detail: How two containers differ, a phrase, or an empty text.
    """

    name: str
    first: Any
    second: Any
    only: str | None = None
    change: Change | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two models.

    Attributes:
        first: The first model.
        second: The second one.
        sections: What differs, by the names in ``SECTIONS``, in their order; all are there.
    """

    first: Side
    second: Side
    sections: Mapping[str, tuple[Entry, ...]]

    @property
    def same(self) -> bool:
        """Whether nothing differs; paths do not count."""
        return not any(self.sections.values())


def difference_between(first: Side, second: Side) -> Difference:
    """Compare two models.

    Args:
        first: One.
        second: The other.
    """
    found: dict[str, list[Entry]] = {section: [] for section in SECTIONS}
    found["metadata"] += _compared(_metadata(first), _metadata(second))
    found["libraries"] += _compared(_libraries(first), _libraries(second))
    found["globals"] += _compared(_joined(first.uses), _joined(second.uses))
    for section, entry in _parts(first.parts, second.parts):
        found[section].append(entry)
    return Difference(first, second, {name: tuple(entries) for name, entries in found.items()})


def _compared(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[Entry]:
    for name in [*first, *(name for name in second if name not in first)]:
        if name not in first or name not in second:
            only = "a" if name in first else "b"
            yield Entry(name, first.get(name), second.get(name), only)
        elif first[name] != second[name]:
            yield Entry(name, first[name], second[name])


def _metadata(side: Side) -> dict[str, Any]:
    facts: dict[str, Any] = {"sha256": side.sha256, "size": side.size}
    model = side.model
    if model is None:
        return facts
    training = model.training
    known = {
        "name": model.name,
        "version": model.version,
        "serial": model.serial,
        "signer": side.signer,
        "signed": model.signed.isoformat(),
        "expires": model.not_after and model.not_after.isoformat(),
        "format": model.serializer,
        "packs": ", ".join(model.packs) or None,
        "trained": training.date and training.date.isoformat(),
        "dataset": training.dataset and f"{training.dataset.name} ({training.dataset.sha256})",
        "rows": training.rows,
        "features": training.n_features,
        "code": training.revision and str(training.revision),
        "probe": model.probe and f"sha256 {_digest(model.probe)}",
        **{f"metric {name}": value for name, value in training.metrics.items()},
        # A column that stands elsewhere is another one to whoever gives rows without names.
        **{f"feature {name}": at for at, name in enumerate(training.feature_names or ())},
        **{f"extra {name}": _scalar_or_text(value) for name, value in training.extra.items()},
    }
    return {**facts, **{name: value for name, value in known.items() if value is not None}}


def _digest(value: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _scalar_or_text(value: Any) -> Any:
    return json.dumps(value) if value is None or isinstance(value, dict | list) else value


def _libraries(side: Side) -> dict[str, str]:
    said = {"scikit-learn that wrote it": ", ".join(side.written)} if side.written else {}
    return {**(side.model.versions if side.model else {}), **said}


def _joined(uses: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {name: ", ".join(of_name) for name, of_name in uses.items()}


def _parts(first: Mapping[str, Part], second: Mapping[str, Part]) -> Iterator[tuple[str, Entry]]:
    """The parts that differ, each with the section that it belongs to."""
    for place in [*first, *(place for place in second if place not in first)]:
        one, other = first.get(place), second.get(place)
        there = [part for part in (one, other) if part is not None]
        if any(isinstance(part.content, np.ndarray) for part in there):
            section = "arrays"
        else:
            section = "state" if any(part.fitted for part in there) else "parameters"
        name = place or "the model"
        if one is None or other is None:
            only = "b" if one is None else "a"
            yield section, Entry(name, one and _shown(one), other and _shown(other), only)
        elif (entry := _entry(name, one, other)) is not None:
            yield section, entry


def _entry(name: str, one: Part, other: Part) -> Entry | None:
    """What differs between two parts that are in the same place; None if nothing does."""
    first, second = one.content, other.content
    if isinstance(first, np.ndarray) and isinstance(second, np.ndarray):
        change = change_between(first, second)
        if change is not None and not change.elements:
            return None
        return Entry(name, _shown(one), _shown(other), change=change)
    if isinstance(first, Plain) and isinstance(second, Plain):
        if _is_same(first.value, second.value):
            return None
        detail = _detail(first.value, second.value)
        return Entry(name, _shown(one), _shown(other), detail=detail)
    if isinstance(first, Made) and first == second:
        return None
    return Entry(name, _shown(one), _shown(other))


def _is_same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    # True and 1, 1 and 1.0 are equal to Python, and not to a person; nan is nan.
    return repr(one) == repr(other) or (isinstance(one, dict | set | frozenset) and one == other)


def _detail(one: Any, other: Any) -> str:
    """How two containers differ, in a few words; an empty text for anything else."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        one, other = dict(enumerate(one)), dict(enumerate(other))
    if isinstance(one, set | frozenset) and isinstance(other, set | frozenset):
        one, other = dict.fromkeys(one), dict.fromkeys(other)
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return ""
    changed = sum(1 for key in one if key in other and not _is_same(one[key], other[key]))
    counts = {
        "added": sum(1 for key in other if key not in one),
        "removed": sum(1 for key in one if key not in other),
        "changed": changed,
    }
    return ", ".join(f"{number:,} {what}" for what, number in counts.items() if number)


def _shown(part: Part) -> Any:
    """A part as a report has it: a scalar of JSON, a text, or an array in short."""
    content = part.content
    if isinstance(content, np.ndarray):
        return outline_of(content)
    if isinstance(content, Made):
        return content.name
    value = content.value
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if len(value) <= _ENTRIES:
        return repr(value)
    return f"a {type(value).__name__} of {len(value):,}"
