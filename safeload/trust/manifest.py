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

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from safeload.arguments import require_type
from safeload.errors import Release, TrustError, UsageError, printable
from safeload.hashing import Digests
from safeload.placeholders import HEAD, placeholder
from safeload.trust.envelope import VerifiedPayload
from safeload.trust.fields import items, malformed, members, sha256_hex, text
from safeload.trust.model import Model, SignedGlobal
from safeload.trust.resources import THE_FILE, Covered, Resource, read_covered, with_files
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

_STATEMENT = frozenset({"_type", "subject", "predicateType", "predicate"})
_SUBJECT = frozenset({"name", "digest"})


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a trusted key signed.

    Attributes:
        subject: What the signer's tool called the file or folder; of no consequence.
        covered: The signed files.
        model: What the signer says about the model, or None for a statement made by another tool.
        payload_sha256: SHA-256 of the statement: what trust files name it by.
    """

    subject: str
    covered: Covered
    model: Model | None
    payload_sha256: str

    @property
    def resources(self) -> tuple[Resource, ...]:
        """The signed files, at least one, in the order of the statement."""
        return self.covered.resources

    @property
    def release(self) -> Release:
        """What it is about, in short."""
        about = self.model
        if about is None:
            return Release(None, None, None, self.payload_sha256)
        return Release(about.name, about.version, about.serial, self.payload_sha256)

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
        return cls(*_parse(payload.payload), payload.sha256)

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

    def check_content(self, file_name: str, content: Digests) -> Resource:
        """Require that a file is the one that was signed.

        A statement about a single file is about that content, whatever the file is called now.
        In a statement about several files the name says which of them is meant.

        Args:
            file_name: Name of the file, in a folder relative to it.
            content: The digests of its bytes.

        Returns:
            The resource that the file is.

        Raises:
            TrustError: It is another file (``digest-mismatch``), what was put in the place of one
                (``placeholder``), or a file that the statement does not name (``not-covered``).
        """
        resource = self.resources[0] if len(self.resources) == 1 else self.covered.of(file_name)
        model = self.model
        wrong_size = (
            model is not None and resource.name == self.model_file and model.size != content.size
        )
        if wrong_size or not self.covered.is_of(resource, content):
            raise _another(None if resource.name == THE_FILE else resource.name, content)
        return resource

    def require_single(self) -> None:
        """Require that the statement is not about a folder as a whole.

        Raises:
            TrustError: It is (``bundle-of-folder``).
        """
        if self.model is not None and self.model.file is not None:
            raise TrustError(
                "The bundle is about a folder, not about a file.",
                code="bundle-of-folder",
                hint="Give the folder that was signed; safeload load takes it.",
            )

    def require_folder(self) -> None:
        """Require that the statement is about a folder.

        Raises:
            TrustError: It is about a single file (``bundle-of-file``).
        """
        if self.resources[0].name == THE_FILE:
            raise TrustError(
                "The bundle is about a single file, not about a folder.",
                code="bundle-of-file",
                hint="Give the file that was signed.",
            )

    @property
    def model_file(self) -> str | None:
        """Name of the resource that the model is; None where nothing is said about a model."""
        if self.model is None:
            return None
        return self.resources[0].name if self.model.file is None else self.model.file


def to_payload(
    *,
    subject: str,
    resources: Iterable[Resource],
    model: Model | None,
    shard_size: int | None = None,
    ignored: Iterable[str] = (),
) -> bytes:
    """Write the statement to sign.

    Args:
        subject: Basename of the file or directory.
        resources: The files to sign, in any order; each with its shards if there is a shard size.
        model: What to say about the model. Its ``files`` are set where there is a shard size.
        shard_size: Bytes in each shard, or None for files hashed whole.
        ignored: Names and patterns of what may lie beside them.

    Returns:
        The payload: canonical JSON in UTF-8 that :meth:`Manifest.from_payload` reads.

    Raises:
        UsageError: Something in it has no place in a statement (``manifest-unsuitable``).
    """
    # The specification orders them by code points, which is how Python compares text.
    ordered = tuple(sorted(resources, key=lambda resource: resource.name))
    covered = Covered(ordered, shard_size, tuple(ignored))
    try:
        described: dict[str, Any] = {"name": subject, "digest": {"sha256": covered.root}}
        if model is not None:
            described["annotations"] = {ANNOTATION: model.to_json()}
        statement = {
            "_type": STATEMENT_TYPE,
            "subject": [described],
            "predicateType": PREDICATE_TYPE,
            "predicate": covered.to_json(),
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


def _parse(payload: bytes) -> tuple[str, Covered, Model | None]:
    statement = members(parse_json(payload, malformed), "the statement", _STATEMENT, closed=False)
    if statement["_type"] != STATEMENT_TYPE:
        raise malformed("it is not an in-toto statement v1")
    if statement["predicateType"] != PREDICATE_TYPE:
        raise malformed("its predicate is not that of OpenSSF Model Signing 1.0")
    subjects = items(statement["subject"], "subject")
    if len(subjects) != 1:
        raise malformed("it does not have exactly one subject")
    subject = members(subjects[0], "the subject", _SUBJECT, closed=False)
    covered = read_covered(statement["predicate"])
    digests = members(
        subject["digest"], "the subject's digest", frozenset({"sha256"}), closed=False
    )
    if sha256_hex(digests["sha256"], "the subject's digest") != covered.root:
        raise malformed("the subject's digest is not that of its resources")
    model = _model(subject.get("annotations"))
    if model is not None and model.files is not None:
        covered = with_files(covered, model.files)
    if model is not None:
        _check_model_file(model, covered)
    return text(subject["name"], "the subject's name"), covered, model


def _check_model_file(model: Model, covered: Covered) -> None:
    if model.file is None:
        if len(covered.resources) != 1:
            raise malformed("it describes one model and covers several files")
    elif model.file not in {resource.name for resource in covered.resources}:
        raise malformed("the model that it describes is none of its files")


def _model(annotations: object) -> Model | None:
    if annotations is None:
        return None
    found = members(annotations, "annotations", frozenset(), closed=False)
    if any(key.startswith(_ANNOTATIONS) and key != ANNOTATION for key in found):
        raise malformed("it was written by a newer release of safeload")
    return Model.from_json(found[ANNOTATION]) if ANNOTATION in found else None


def _another(name: str | None, content: Digests) -> TrustError:
    if reason := placeholder(content.head(HEAD), content.size):
        return TrustError(
            reason, code="placeholder", hint="What was signed is the file itself; put it there."
        )
    which = "" if name is None else f" {printable(name)!r}"
    return TrustError(
        f"The file{which} is not the one that was signed.",
        code="digest-mismatch",
        hint="It was changed after signing or belongs to another bundle; get it again.",
    )


def _unsuitable(why: str) -> UsageError:
    return UsageError(
        f"The model cannot be described as given. {why}",
        code="manifest-unsuitable",
        hint="Check the name, version, training facts and probe.",
    )
