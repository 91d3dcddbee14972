"""A verified payload becomes a manifest: the signed files and what the signer says about them.

The payload is an in-toto statement with one subject, the predicate of OpenSSF Model Signing, and
our own content among the subject's annotations. A statement signed by ``model_signing`` has no
such content: its manifest has resources and no model.

Trust: only the very bytes that :func:`safeload.trust.envelope.verify` returned are parsed. The
statement's own fields that the specifications leave open are ignored, as they demand; those that
bear on which bytes are meant are checked in full.

Source: in-toto Statement v1, OpenSSF Model Signing 1.0 (sections 5, 6.4, 6.5 and 8.3).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from safeload.arguments import require_type
from safeload.errors import TrustError, UsageError, printable
from safeload.trust.envelope import VerifiedPayload
from safeload.trust.fields import items, malformed, members, sha256_hex, text
from safeload.trust.model import Model, SignedGlobal
from safeload.trust.strict_json import parse_json
from safeload.trust.training import Dataset, Revision, Training

__all__ = [
    "ANNOTATION",
    "PREDICATE_TYPE",
    "STATEMENT_TYPE",
    "Dataset",
    "Manifest",
    "Model",
    "Resource",
    "Revision",
    "SignedGlobal",
    "Training",
    "to_payload",
]

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://model_signing/signature/v1.0"
ANNOTATION = "safeload_manifest_v1"
_ANNOTATIONS = "safeload_manifest_"

# How model_signing 1.1 names the file when it signs a single one; the specification says basename.
_THE_FILE = "."
_NAME_CHARACTERS = 255

_STATEMENT = frozenset({"_type", "subject", "predicateType", "predicate"})
_SUBJECT = frozenset({"name", "digest"})
_PREDICATE = frozenset({"resources", "serialization"})
_SERIALIZATION = frozenset({"method", "hash_type", "allow_symlinks"})
_RESOURCE = frozenset({"name", "algorithm", "digest"})


@dataclass(frozen=True, slots=True)
class Resource:
    """A signed file.

    Attributes:
        name: Its basename, or ``"."`` for the only file of the statement.
        sha256: SHA-256 of its content, 64 lower-case hex digits.
    """

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a trusted key signed.

    Attributes:
        subject: What the signer's tool called the file; of no consequence.
        resources: The signed files, at least one, in the order of the statement.
        model: What the signer says about the model, or None for a statement made by another tool.
        payload_sha256: SHA-256 of the statement: what trust files name it by.
    """

    subject: str
    resources: tuple[Resource, ...]
    model: Model | None
    payload_sha256: str

    @classmethod
    def from_payload(cls, payload: VerifiedPayload) -> Manifest:
        """Parse a verified statement.

        Args:
            payload: The bytes that were verified; no other bytes are looked at.

        Returns:
            The manifest.

        Raises:
            TrustError: It is no statement of this form (``manifest-malformed``).
            UsageError: It is nothing that was verified.
        """
        require_type(payload, "payload", VerifiedPayload, takes="a VerifiedPayload")
        subject, resources, model = _parse(payload.payload)
        return cls(subject, resources, model, payload.sha256)

    def require_model(self) -> Model:
        """What the signer says about the model.

        Raises:
            TrustError: Nothing, as the statement was made by another tool (``not-a-model``).
        """
        if self.model is None:
            raise TrustError(
                "The signature covers these bytes but says nothing about a model.",
                code="not-a-model",
                hint="It was made by another tool; sign the model with 'safeload sign'.",
            )
        return self.model

    def check_digest(self, file_name: str, *, size: int, sha256: str) -> Resource:
        """Require that a file is the one that was signed.

        A statement about a single file is about that content, whatever the file is called now.
        In a statement about several files the name says which of them is meant.

        Args:
            file_name: Basename of the file.
            size: Its size, bytes.
            sha256: Its SHA-256, 64 lower-case hex digits.

        Returns:
            The resource that the file is.

        Raises:
            TrustError: It is another file (``digest-mismatch``), or a file that the statement
                does not name (``not-covered``).
        """
        named = self.resources
        if len(named) > 1:
            named = tuple(r for r in self.resources if r.name == file_name)
        if not named:
            raise TrustError(
                f"The signature covers no file named {printable(file_name)!r}.",
                code="not-covered",
                hint="Restore the file's name, or have it signed.",
            )
        resource = named[0]
        if resource.sha256 != sha256 or (self.model is not None and self.model.size != size):
            raise TrustError(
                "The file is not the one that was signed.",
                code="digest-mismatch",
                hint="It was changed after signing or belongs to another bundle; get it again.",
            )
        return resource


def to_payload(*, subject: str, resources: Iterable[Resource], model: Model | None) -> bytes:
    """Write the statement to sign.

    Args:
        subject: Basename of the file or directory.
        resources: The files to sign, in any order.
        model: What to say about the model; then there is exactly one resource.

    Returns:
        The payload: canonical JSON in UTF-8 that :meth:`Manifest.from_payload` reads.

    Raises:
        UsageError: Something in it has no place in a statement (``manifest-unsuitable``).
    """
    # The specification orders them by code points, which is how Python compares text.
    ordered = sorted(resources, key=lambda resource: resource.name)
    try:
        described: dict[str, Any] = {
            "name": subject,
            "digest": {"sha256": _root_digest(ordered)},
        }
        if model is not None:
            described["annotations"] = {ANNOTATION: model.to_json()}
        statement = {
            "_type": STATEMENT_TYPE,
            "subject": [described],
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "serialization": {
                    "method": "files",
                    "hash_type": "sha256",
                    "allow_symlinks": False,
                },
                "resources": [
                    {"name": r.name, "algorithm": "sha256", "digest": r.sha256} for r in ordered
                ],
            },
        }
        payload = json.dumps(
            statement, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
        ).encode()
        # What cannot be read is not signed.
        _parse(payload)
    except TrustError as error:
        raise _unsuitable(error.message) from error
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise _unsuitable("A value in it cannot be written as JSON.") from error
    return payload


def _parse(payload: bytes) -> tuple[str, tuple[Resource, ...], Model | None]:
    statement = members(parse_json(payload, malformed), "the statement", _STATEMENT, closed=False)
    if statement["_type"] != STATEMENT_TYPE:
        raise malformed("it is no in-toto statement v1")
    if statement["predicateType"] != PREDICATE_TYPE:
        raise malformed("its predicate is not that of OpenSSF Model Signing 1.0")
    subjects = items(statement["subject"], "subject")
    if len(subjects) != 1:
        raise malformed("it does not have exactly one subject")
    subject = members(subjects[0], "the subject", _SUBJECT, closed=False)
    resources = _resources(statement["predicate"])
    digests = members(
        subject["digest"], "the subject's digest", frozenset({"sha256"}), closed=False
    )
    if sha256_hex(digests["sha256"], "the subject's digest") != _root_digest(resources):
        raise malformed("the subject's digest is not that of its resources")
    model = _model(subject.get("annotations"))
    if model is not None and len(resources) != 1:
        raise malformed("it describes one model and covers several files")
    return text(subject["name"], "the subject's name"), resources, model


def _resources(predicate: object) -> tuple[Resource, ...]:
    found = members(predicate, "the predicate", _PREDICATE, closed=False)
    how = members(found["serialization"], "serialization", _SERIALIZATION, closed=False)
    if how["method"] != "files" or how["hash_type"] != "sha256":
        raise malformed("its files are not hashed whole and with SHA-256")
    resources: list[Resource] = []
    for entry in items(found["resources"], "resources"):
        described = members(entry, "a resource", _RESOURCE, closed=False)
        if described["algorithm"] != "sha256":
            raise malformed("a resource is not hashed with SHA-256")
        name = text(described["name"], "a resource's name")
        resources.append(Resource(name, sha256_hex(described["digest"], "a resource's digest")))
    if not resources:
        raise malformed("it covers no file")
    for resource in resources:
        if not _is_basename(resource.name) and (resource.name != _THE_FILE or len(resources) > 1):
            raise malformed("a resource's name is not that of a file in the same directory")
    if len({resource.name for resource in resources}) != len(resources):
        raise malformed("it names a file twice")
    return tuple(resources)


def _is_basename(name: str) -> bool:
    """Whether no system reads the name as a path: no separator, drive, stream or control."""
    return (
        len(name) <= _NAME_CHARACTERS
        and name not in {".", ".."}
        and not any(character in "/\\:\x7f" or character < " " for character in name)
    )


def _root_digest(resources: Iterable[Resource]) -> str:
    """SHA-256 over the raw digests, in order."""
    digest = hashlib.sha256()
    for resource in resources:
        digest.update(bytes.fromhex(resource.sha256))
    return digest.hexdigest()


def _model(annotations: object) -> Model | None:
    if annotations is None:
        return None
    found = members(annotations, "annotations", frozenset(), closed=False)
    if any(key.startswith(_ANNOTATIONS) and key != ANNOTATION for key in found):
        raise malformed("it was written by a newer release of safeload")
    return Model.from_json(found[ANNOTATION]) if ANNOTATION in found else None


def _unsuitable(why: str) -> UsageError:
    return UsageError(
        f"The model cannot be described as given. {why}",
        code="manifest-unsuitable",
        hint="Check the name, version, training facts and probe.",
    )
