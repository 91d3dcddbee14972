"""What a signer says about a model becomes a bill of materials that other tools read.

The library writes CycloneDX but for model cards and what a dataset holds, of which it knows no
types; these are added to what it wrote, and the whole is held against the schema that it brings.
The same statement gives the same bytes: the serial number is made of the statement's digest, and
the time is that of the signature.

Trust: the statement was verified. Its texts may hold anything, and stand in JSON as they are.

Source: CycloneDX 1.6 (``component.modelCard``, ``component.data``), package-url, PEP 508, PEP 440,
RFC 9562 section 5.5.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cyclonedx.exception import MissingOptionalDependencyException
from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    Property,
    XsUri,
)
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from safeload import __version__
from safeload.trust.bundle import bundle_path

if TYPE_CHECKING:
    from safeload.gate import Verified
    from safeload.trust.model import Model
    from safeload.trust.training import Training

__all__ = ["bom_of", "is_validated"]

_MODEL, _DATASET = "model", "dataset"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://github.com/safeload/safeload/statement")
_INDENT = 2
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.!+_-]*")


def bom_of(verified: Verified) -> bytes:
    """Write the bill of materials of a verified model.

    Args:
        verified: The file, the statement about it, and who signed.

    Returns:
        CycloneDX 1.6 as JSON in ASCII, which ends in a line break.

    Raises:
        TrustError: The statement says nothing about a model (``not-a-model``).
    """
    model = verified.manifest.require_model()
    component = _component(verified, model)
    libraries = [_library(name, release) for name, release in sorted(model.versions.items())]
    parts = libraries + ([_dataset(model.training)] if model.training.dataset else [])
    serial = uuid.uuid5(_NAMESPACE, verified.manifest.payload_sha256)
    tool = Component(type=ComponentType.APPLICATION, name="safeload", version=__version__)
    metadata = BomMetaData(component=component, timestamp=model.signed)
    metadata.tools.components.add(tool)
    bom = Bom(serial_number=serial, metadata=metadata, components=parts)
    bom.register_dependency(component, parts)
    written = json.loads(JsonV1Dot6(bom).output_as_string())
    written["metadata"]["component"]["modelCard"] = _card(model)
    for part in written.get("components", ()):
        if part["bom-ref"] == _DATASET:
            part["data"] = [{"type": "dataset", "name": part["name"]}]
    text = json.dumps(written, indent=_INDENT, sort_keys=True) + "\n"
    _validate(text)
    return text.encode()


def is_validated() -> bool:
    """Whether what :func:`bom_of` writes is held against the schema; it takes ``jsonschema``."""
    try:
        _validator().validate_str("{}")
    except MissingOptionalDependencyException:
        return False
    return True


@cache
def _validator() -> JsonStrictValidator:
    # It reads the schema when it is first used.
    return JsonStrictValidator(SchemaVersion.V1_6)


def _validate(text: str) -> None:
    if is_validated() and (wrong := _validator().validate_str(text)):
        raise AssertionError(f"not as the schema of CycloneDX has it: {wrong}")


def _component(verified: Verified, model: Model) -> Component:
    artefact, manifest = verified.artefact, verified.manifest
    facts = [
        *(("signer", name) for name in verified.signers),
        ("statement-sha256", manifest.payload_sha256),
        ("serial", str(model.serial)),
        ("format", model.serializer),
        ("size", str(model.size)),
        ("expires", "never" if model.not_after is None else model.not_after.isoformat()),
        *(("pack", pack) for pack in model.packs),
        *(("global", f"{g.module}.{g.name} ({', '.join(g.uses)})") for g in model.globals),
    ]
    return Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=_MODEL,
        name=model.name,
        version=model.version,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=artefact.sha256)],
        external_references=[
            ExternalReference(
                type=ExternalReferenceType.DIGITAL_SIGNATURE,
                url=XsUri(quote(bundle_path(verified.path).name.encode(errors="surrogateescape"))),
                comment="OpenSSF Model Signing 1.0",
            )
        ],
        properties=_properties(facts),
    )


def _library(name: str, release: str) -> Component:
    is_python = name == "python"
    # What is not a name or version of a distribution has no address either.
    purl = (
        PackageURL("generic" if is_python else "pypi", name=name, version=release)
        if _NAME.fullmatch(name) and _VERSION.fullmatch(release)
        else None
    )
    return Component(
        type=ComponentType.PLATFORM if is_python else ComponentType.LIBRARY,
        # Two names could be one to a registry; they are two members of the statement.
        bom_ref=f"library:{name}",
        name=name,
        version=release,
        purl=purl,
    )


def _dataset(training: Training) -> Component:
    assert training.dataset is not None  # noqa: S101  # the caller looked
    facts = [] if training.rows is None else [("rows", str(training.rows))]
    return Component(
        type=ComponentType.DATA,
        bom_ref=_DATASET,
        name=training.dataset.name,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=training.dataset.sha256)],
        properties=_properties(facts),
    )


def _card(model: Model) -> dict[str, Any]:
    """The model card: what is known of the training, in the order in which it was said."""
    training, revision = model.training, model.training.revision
    facts = [("feature", name) for name in training.feature_names or ()]
    if training.n_features is not None:
        facts.append(("features", str(training.n_features)))
    if training.date is not None:
        facts.append(("trained", training.date.isoformat()))
    if revision is not None:
        dirty = {None: "unknown", True: "true", False: "false"}[revision.dirty]
        facts += [("code-commit", revision.commit), ("code-dirty", dirty)]
    facts += [(f"extra:{name}", json.dumps(value)) for name, value in training.extra.items()]
    metrics = [{"type": name, "value": repr(value)} for name, value in training.metrics.items()]
    parameters = {} if training.dataset is None else {"datasets": [{"ref": _DATASET}]}
    recorded = (model.probe or {}).get("expected")
    methods = sorted(recorded) if isinstance(recorded, dict) else []
    facts += [("probe", method) for method in methods]
    return {
        "bom-ref": "model-card",
        **({"modelParameters": parameters} if parameters else {}),
        **({"quantitativeAnalysis": {"performanceMetrics": metrics}} if metrics else {}),
        "properties": [{"name": f"safeload:{name}", "value": value} for name, value in facts],
    }


def _properties(facts: Iterable[tuple[str, str]]) -> list[Property]:
    return [Property(name=f"safeload:{name}", value=value) for name, value in facts]
