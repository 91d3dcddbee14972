"""Keys, models, statements and bundles for the tests of ``safeload.trust``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from safeload.hashing import Digests
from safeload.trust.envelope import UnverifiedBundle, VerifiedPayload, signed_bundle, verify
from safeload.trust.keys import KeyType, SigningKey
from safeload.trust.manifest import (
    Dataset,
    Manifest,
    Model,
    Resource,
    SignedGlobal,
    Training,
    to_payload,
)

ALICE = SigningKey.generate(KeyType.ED25519)
BOB = SigningKey.generate(KeyType.P256)

CONTENT = b"the bytes of a model"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
FILE = Resource("churn.joblib", SHA256)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)

MODEL = Model(
    name="churn",
    version="1.2.0",
    serial=7,
    serializer="joblib+zlib",
    size=len(CONTENT),
    versions={"python": "3.11.7", "scikit-learn": "1.9.1"},
    training=Training(
        date=datetime(2026, 5, 1, tzinfo=UTC),
        dataset=Dataset("customers", "0" * 64),
        metrics={"auc": 0.93, "rows": 12.0},
        feature_names=("âge", "plan"),
        n_features=2,
    ),
    globals=(
        SignedGlobal("sklearn.pipeline", "Pipeline", ("construct",)),
        SignedGlobal("numpy", "log1p", ("call", "reference")),
    ),
    probe={"rows": [[1.5, 2.0]], "predictions": [0], "tolerance": 1e-9},
    signed=datetime(2026, 5, 2, 8, 30, 0, 250000, tzinfo=UTC),
    not_after=datetime(2027, 5, 2, tzinfo=UTC),
)


def digests(size: int, sha256: str) -> Digests:
    """Of some bytes that nobody has."""
    found = Digests(lambda start, end: bytes([7]) * (end - start), size)
    found.keep(0, (sha256,))
    return found


def payload_of(**changes: Any) -> bytes:
    """The statement about MODEL with some of its fields changed."""
    return to_payload(subject=FILE.name, resources=[FILE], model=replace(MODEL, **changes))


PAYLOAD = payload_of()


def verified(payload: bytes, key: SigningKey = ALICE) -> VerifiedPayload:
    """Any bytes, signed and verified."""
    return verify(UnverifiedBundle.read(signed_bundle(payload, key)), [key.public])


def manifest_of(payload: bytes = PAYLOAD) -> Manifest:
    """The manifest in any bytes, signed and verified."""
    return Manifest.from_payload(verified(payload))


def edited(data: bytes, edit: Callable[[Any], object]) -> bytes:
    """JSON with an edit made to its parsed form."""
    value = json.loads(data)
    edit(value)
    return json.dumps(value, ensure_ascii=False).encode()


def setting(*path: str | int, to: Any) -> Callable[[Any], None]:
    """An edit: put a value at a path."""

    def edit(value: Any) -> None:
        for step in path[:-1]:
            value = value[step]
        value[path[-1]] = to

    return edit


def dropping(*path: str | int) -> Callable[[Any], None]:
    """An edit: remove what is at a path."""

    def edit(value: Any) -> None:
        for step in path[:-1]:
            value = value[step]
        del value[path[-1]]

    return edit
