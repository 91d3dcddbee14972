"""What was verified of a model, as JSON types; ``safeload verify --format json`` shows it.

Trust: the statement was verified; its words are still the signer's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from safeload.gate import Verified
    from safeload.trust.resources import Resource

__all__ = ["as_document"]


def as_document(verified: Verified) -> dict[str, Any]:
    """What a trusted signer says of a file or folder.

    Args:
        verified: The file or folder, the statement about it, and who signed.

    Returns:
        The document; ``docs/calling.md`` describes its fields.
    """
    manifest, model = verified.manifest, verified.manifest.model
    return {
        **_content(verified),
        "signer": verified.signer,
        "signers": list(verified.signers),
        "believed_until": None if verified.until is None else verified.until.isoformat(),
        "payload_sha256": manifest.payload_sha256,
        "resources": [_resource(item) for item in manifest.resources],
        "model": None if model is None else {**model.to_json(), "packs": list(model.packs)},
    }


def _resource(resource: Resource) -> dict[str, Any]:
    if not resource.shards:
        return {"name": resource.name, "sha256": resource.sha256}
    return {
        "name": resource.name,
        # What the signer adds; the shards are what was compared.
        "sha256": resource.sha256 or None,
        "size": resource.size,
        "shards": list(resource.shards),
    }


def _content(verified: Verified) -> dict[str, Any]:
    """What is said of the bytes of a single file; a folder has those of its resources."""
    if verified.is_folder:
        return {}
    artefact = verified.artefact
    return {"sha256": artefact.sha256, "size": artefact.size}
