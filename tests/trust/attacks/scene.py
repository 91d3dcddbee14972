"""A team whose model is signed, and the ways in which an attacker changes what a loader finds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from safeload.errors import SafeloadError, TrustError
from safeload.hashing import root_digest
from safeload.trust.envelope import signed_bundle
from safeload.trust.keys import KeyType, SigningKey
from safeload.trust.manifest import Resource, to_payload
from tests.trust.statements import CONTENT, MODEL, SHA256

__all__ = [
    "Attack",
    "FolderAttack",
    "covering",
    "digest_of",
    "put_file",
    "put_folder",
    "sharded",
]

# Who signs. Alice and Bob may sign churn, Carol fraud models alone; Mallory is nobody's friend.
KEYS = {
    "alice": SigningKey.generate(),
    "bob": SigningKey.generate(KeyType.P256),
    "carol": SigningKey.generate(),
    "dave": SigningKey.generate(KeyType.P384),
    "mallory": SigningKey.generate(),
}
GRANTS = {"alice": "churn", "bob": "churn", "carol": "fraud-*", "dave": "*"}
NAME = "churn.joblib"
PAYLOAD = to_payload(
    subject=NAME,
    resources=[Resource(".", SHA256)],
    model=replace(MODEL, not_after=datetime(2999, 1, 1, tzinfo=UTC)),
)
PAYLOAD_SHA256 = hashlib.sha256(PAYLOAD).hexdigest()
FILES = {
    "MLmodel": b"flavors: {}\n",
    "model/model.joblib": CONTENT,
    "model/requirements.txt": b"scikit-learn\n",
}

Edit = Callable[[Any], object]


@dataclass(frozen=True, kw_only=True)
class Attack:
    """What differs from a model that is accepted.

    Attributes:
        code: Of the error that it ends in.
        statement: What is changed in the statement before it is signed.
        payload: What is changed in its bytes before they are signed.
        signer: Who signs it.
        bundle: What is changed in the bundle's JSON after that.
        raw: What is changed in the bundle's bytes at last.
        further: Bundles of further signers by file name, each with who signs what changed.
        trust: Lines at the end of the trust file.
        grants: Lines in the table of a signer.
        content: What lies in the place of the model.
        ask: What the caller asks for.
        error: The type of the error.
    """

    code: str
    statement: Edit | None = None
    payload: Callable[[bytes], bytes] | None = None
    signer: str = "alice"
    bundle: Edit | None = None
    raw: Callable[[bytes], bytes] | None = None
    further: Mapping[str, tuple[str, Edit | None]] = field(default_factory=dict)
    trust: str = ""
    grants: Mapping[str, str] = field(default_factory=dict)
    content: bytes = CONTENT
    ask: Mapping[str, Any] = field(default_factory=dict)
    error: type[SafeloadError] = TrustError


@dataclass(frozen=True, kw_only=True)
class FolderAttack:
    """What differs from a folder that is accepted.

    Attributes:
        code: Of the error that it ends in.
        change: What is done to the folder after it was signed.
        statement: What is changed in the statement before it is signed.
        error: The type of the error.
    """

    code: str
    change: Callable[[Path], object] | None = None
    statement: Edit | None = None
    error: type[SafeloadError] = TrustError


def put_file(folder: Path, attack: Attack) -> tuple[Path, Path]:
    """Lay out a model, its bundles and a trust file as an attack leaves them.

    Args:
        folder: An empty folder.
        attack: What differs.

    Returns:
        The model, and the trust file.
    """
    model = folder / NAME
    model.write_bytes(attack.content)
    payload = _edited(PAYLOAD, attack.statement)
    payload = payload if attack.payload is None else attack.payload(payload)
    bundle = _edited(signed_bundle(payload, KEYS[attack.signer]), attack.bundle)
    Path(f"{model}.sig").write_bytes(bundle if attack.raw is None else attack.raw(bundle))
    for label, (signer, edit) in attack.further.items():
        model.with_name(f"{NAME}.{label}.sig").write_bytes(
            signed_bundle(_edited(payload, edit), KEYS[signer])
        )
    return model, _trust(folder, attack.trust, attack.grants)


def put_folder(folder: Path, attack: FolderAttack) -> tuple[Path, Path]:
    """Lay out a signed folder and a trust file as an attack leaves them.

    Args:
        folder: An empty folder.
        attack: What differs.

    Returns:
        The signed folder, and the trust file.
    """
    signed = folder / "signed"
    for name, content in FILES.items():
        path = signed / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    resources = [Resource(name, digest_of(content)) for name, content in FILES.items()]
    payload = to_payload(subject="signed", resources=resources, model=None)
    bundle = signed_bundle(_edited(payload, attack.statement), KEYS["dave"])
    (signed / "model.sig").write_bytes(bundle)
    if attack.change is not None:
        attack.change(signed)
    return signed, _trust(folder, "", {})


def covering(*resources: tuple[str, str]) -> Edit:
    """An edit: the statement covers these files, and is right about the digest of all."""

    def edit(statement: Any) -> None:
        statement["subject"][0]["digest"]["sha256"] = root_digest(
            tuple([digest for _, digest in resources])
        )
        statement["subject"][0].pop("annotations", None)
        statement["predicate"]["resources"] = [
            {"name": name, "algorithm": "sha256", "digest": digest} for name, digest in resources
        ]

    return edit


def sharded(size: int, *shards: tuple[str, str]) -> Edit:
    """An edit: the statement covers these shards, and is right about the digest of all."""

    def edit(statement: Any) -> None:
        covering(*shards)(statement)
        predicate = statement["predicate"]
        predicate["serialization"] |= {"method": "shards", "shard_size": size}
        for resource in predicate["resources"]:
            resource["algorithm"] = f"sha256-sharded-{size}"

    return edit


def digest_of(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def _edited(data: bytes, edit: Edit | None) -> bytes:
    if edit is None:
        return data
    value = json.loads(data)
    edit(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True).encode()


def _trust(folder: Path, lines: str, grants: Mapping[str, str]) -> Path:
    text = "".join(
        f'[keys.{name}]\npublic = """{KEYS[name].public.pem}"""\nmodels = ["{models}"]\n'
        f"{grants.get(name, '')}\n"
        for name, models in GRANTS.items()
    )
    path = folder / "trust.toml"
    path.write_text(text + lines, "utf-8")
    path.chmod(0o600)
    return path
