"""What a signer says about one model, and its form in JSON (``safeload_manifest_v1``).

The form is closed: a member that this release does not know is refused, for it might forbid
something. What comes later gets another name. ``packs``, ``file`` and ``files`` alone may be
missing, where a model needs no packs, is no part of a folder, and was not hashed in shards; so may
some of :mod:`safeload.trust.training`.

Trust: as much as the signer is trusted. Feature names, metrics and the like are the signer's
words; the global list only ever narrows what the local policy allows.

Source: the form is safeload's own; its place is ``subject[0].annotations`` of in-toto's
ResourceDescriptor, the one that OpenSSF Model Signing leaves open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from safeload.trust.fields import (
    instant,
    items,
    malformed,
    members,
    model_name,
    optional,
    sha256_hex,
    text,
    time_text,
    whole,
)
from safeload.trust.training import Training

__all__ = ["Model", "SignedGlobal"]


class SignedGlobal(NamedTuple):
    """A global of the file with all its uses, as scanned at signing.

    Attributes:
        module: Module, exactly.
        name: Qualified name within it, exactly.
        uses: ``"construct"``, ``"call"``, ``"fill"``, ``"reference"``; sorted. A word unknown to
            this release grants nothing.
    """

    module: str
    name: str
    uses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What a signer says about one model file.

    Attributes:
        name: Which model this is; what trust files grant and callers ask for. One that
            :mod:`safeload.trust.names` takes for a name.
        version: Its version, in any scheme.
        serial: A number that grows with every release; trust files may require a least one.
        serializer: Format of the file as scanned, such as ``"joblib+zlib"``.
        size: Size of the file, bytes.
        versions: Versions of python and of the libraries it was signed with.
        training: Where it comes from.
        globals: Every global of the file: its exact allow-list.
        packs: The packs that the file needs and that are off unless somebody asks for them; sorted.
            One that this release does not know grants nothing.
        file: In a statement about a folder, the name of the file in it that is the model; else
            None.
        files: Size in bytes and SHA-256 of each file that the statement covers, by name, where it
            was hashed in shards; else None.
        probe: Input rows with the predictions expected, or None. Its form is defined where it is
            run.
        signed: When it was signed, by the signer's clock.
        not_after: When it ceases to be valid, or None for never.
    """

    name: str
    version: str
    serial: int
    serializer: str
    size: int
    versions: Mapping[str, str]
    training: Training
    globals: tuple[SignedGlobal, ...]
    packs: tuple[str, ...] = ()
    file: str | None = None
    files: Mapping[str, tuple[int, str]] | None = None
    # Rows and predictions may be somebody's, and reprs end up in logs.
    probe: Mapping[str, Any] | None = field(default=None, repr=False)
    signed: datetime
    not_after: datetime | None = None

    @classmethod
    def from_json(cls, value: object) -> Model:
        """Read the parsed JSON of ``safeload_manifest_v1``.

        Args:
            value: Any JSON value.

        Returns:
            The model.

        Raises:
            TrustError: The value is not of this form (``manifest-malformed``).
        """
        found = members(value, "the manifest", _MODEL - _FURTHER, closed=True, further=_FURTHER)
        probe = found["probe"]
        if probe is not None and not isinstance(probe, dict):
            raise malformed("probe is not an object")
        return cls(
            name=model_name(found["name"], "name"),
            version=text(found["version"], "version"),
            serial=whole(found["serial"], "serial"),
            serializer=text(found["serializer"], "serializer"),
            size=whole(found["size"], "size"),
            versions=_versions(found["versions"]),
            training=Training.from_json(found["training"]),
            globals=_globals(found["globals"]),
            packs=_packs(found["packs"]) if "packs" in found else (),
            file=text(found["file"], "file") if "file" in found else None,
            files=_files(found["files"]) if "files" in found else None,
            probe=probe,
            signed=instant(found["signed"], "signed"),
            not_after=optional(found["not_after"], "not_after", instant),
        )

    def to_json(self) -> dict[str, Any]:
        """Write what :meth:`from_json` reads."""
        further: dict[str, Any] = {}
        if self.packs:
            further["packs"] = list(self.packs)
        if self.file is not None:
            further["file"] = self.file
        if self.files is not None:
            further["files"] = {name: list(of_file) for name, of_file in self.files.items()}
        return {
            "name": self.name,
            "version": self.version,
            "serial": self.serial,
            "serializer": self.serializer,
            "size": self.size,
            "versions": dict(self.versions),
            "training": self.training.to_json(),
            "globals": [[g.module, g.name, list(g.uses)] for g in self.globals],
            **further,
            "probe": self.probe,
            "signed": time_text(self.signed),
            "not_after": None if self.not_after is None else time_text(self.not_after),
        }


_MODEL = frozenset(Model.__dataclass_fields__)
_FURTHER = frozenset({"file", "files", "packs"})


def _versions(value: object) -> dict[str, str]:
    found = members(value, "versions", frozenset(), closed=False)
    return {text(library, "a library"): text(found[library], "a version") for library in found}


def _packs(value: object) -> tuple[str, ...]:
    packs = tuple([text(pack, "packs") for pack in items(value, "packs")])
    if list(packs) != sorted(set(packs)):
        raise malformed("packs are out of order or repeated")
    return packs


def _files(value: object) -> dict[str, tuple[int, str]]:
    found = members(value, "files", frozenset(), closed=False)
    read = {}
    for name, described in found.items():
        parts = items(described, "files")
        if len(parts) != 2:
            raise malformed("files has an entry other than [size, sha256]")
        read[text(name, "files")] = whole(parts[0], "files"), sha256_hex(parts[1], "files")
    return read


def _globals(value: object) -> tuple[SignedGlobal, ...]:
    where = "globals"
    read: dict[tuple[str, str], SignedGlobal] = {}
    for entry in items(value, where):
        if not isinstance(entry, list) or len(entry) != 3:
            raise malformed(f"{where} has an entry other than [module, name, [uses]]")
        module, name = text(entry[0], where), text(entry[1], where)
        uses = tuple([text(use, where) for use in items(entry[2], where)])
        if not uses or list(uses) != sorted(set(uses)):
            raise malformed(f"{where} has uses that are missing, out of order or repeated")
        if (module, name) in read:
            raise malformed(f"{where} names something twice")
        read[module, name] = SignedGlobal(module, name, uses)
    return tuple(read.values())
