"""Who vouched for an object that was loaded in this process?

What a load has verified is kept beside the object that it handed over, and not in it: it is not
pickled along, copies and clones have none of it, and it goes when the object goes. Who holds an
object asks by the object itself; another one that lies at the same place later is never taken for
it.

Trust: what is kept was verified when the object was loaded. Whoever has the object may have changed
it since.
"""

from __future__ import annotations

import enum
import html
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from safeload.errors import plain
from safeload.trust.manifest import Manifest
from safeload.verified import Verified

__all__ = ["Provenance", "provenance", "remember"]

_SHOWN = 200


@dataclass(frozen=True, slots=True, repr=False)
class Provenance:
    """What was verified about a model when it was loaded.

    Attributes:
        path: Where it was read from.
        signers: Names in the trust file of those whose signatures were demanded, at least one.
        manifest: What the first of them says about it.
        loaded: When it was handed over, in UTC.
    """

    path: str
    signers: tuple[str, ...]
    manifest: Manifest
    loaded: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def signer(self) -> str:
        """Name of the first signer in the trust file."""
        return self.signers[0]

    @property
    def name(self) -> str:
        """The model's name as signed."""
        return self.manifest.require_model().name

    @property
    def version(self) -> str:
        """Its version as signed."""
        return self.manifest.require_model().version

    @property
    def serial(self) -> int:
        """Its serial as signed."""
        return self.manifest.require_model().serial

    @property
    def signed(self) -> datetime:
        """When it was signed, by the signer's clock."""
        return self.manifest.require_model().signed

    @property
    def sha256(self) -> str:
        """SHA-256 of the model's file, 64 hex digits; empty where the statement has none."""
        named = self.manifest.model_file
        return next((each.sha256 for each in self.manifest.resources if each.name == named), "")

    def __repr__(self) -> str:
        return (
            f"<Provenance: {plain(self.name)} {plain(self.version)}, "
            f"signed by {plain(', '.join(self.signers))}>"
        )

    def _repr_html_(self) -> str:
        """A table, for notebooks."""
        rows = "".join(
            f"<tr>{_cell('th', label)}{_cell('td', value)}</tr>" for label, value in self._rows()
        )
        return f"<table>{rows}</table>"

    def _rows(self) -> Iterator[tuple[str, str]]:
        training = self.manifest.require_model().training
        yield "model", f"{self.name} {self.version}"
        yield "signed by", ", ".join(self.signers)
        yield "signed on", f"{self.signed:%Y-%m-%d}"
        if self.sha256:
            yield "SHA-256", self.sha256
        if training.dataset is not None:
            yield "dataset", training.dataset.name
        for name, value in training.metrics.items():
            yield name, f"{value:g}"
        yield "loaded from", self.path


def _cell(element: str, text: str) -> str:
    shown = html.escape(plain(text)[:_SHOWN])
    return f"<{element} style='text-align:left'>{shown}</{element}>"


# By the identity of the object. One operation on the dict at a time, so that there is no lock.
_known: dict[int, tuple[weakref.ref[Any], Provenance]] = {}


def provenance(model: Any) -> Provenance | None:
    """Say who vouched for a model that was loaded in this process.

    It is known of the very object that :func:`safeload.load` returned: not of a copy, a clone, or
    what was pickled and unpickled, and not of the steps of a pipeline by themselves.

    Args:
        model: Any object.

    Returns:
        What was verified; None for what nobody signed, what was not loaded here, and what cannot be
        referred to weakly, as lists, dicts and tuples.
    """
    found = _known.get(id(model))
    return found[1] if found is not None and found[0]() is model else None


def remember(model: Any, verified: Verified) -> None:
    """Keep what was verified about a model for as long as the model is there.

    Args:
        model: What a load hands over.
        verified: What it was made from.
    """
    if verified.manifest.model is None or _is_shared(model):
        return
    identity = id(model)

    def forget(reference: weakref.ref[Any]) -> None:
        # Another object may lie there by now.
        found = _known.get(identity)
        if found is not None and found[0] is reference:
            _known.pop(identity, None)

    try:
        reference = weakref.ref(model, forget)
    except TypeError:
        return
    _known[identity] = (
        reference,
        Provenance(str(verified.path), verified.signers, verified.manifest),
    )


def _is_shared(model: Any) -> bool:
    """Whether the whole process has the object: a function, a class, a member of an enumeration."""
    if issubclass(type(model), type | enum.Enum):
        return True
    # Told by their types: an object may have a __getattr__ of its own, which is not asked.
    return any("__name__" in vars(base) for base in type(model).__mro__)
