"""The signature bundle: any bytes are one or a TrustError, and only what was signed verifies."""

from __future__ import annotations

import base64
import json

from safeload.errors import TrustError
from safeload.trust.envelope import UnverifiedBundle, signed_bundle, verify
from tests.fuzz.documents import rewritten
from tests.fuzz.target import Target, Violation
from tests.trust.statements import ALICE, BOB, PAYLOAD

__all__ = ["TARGET"]

_PAYLOADS = (b"{}", PAYLOAD)
_KEYS = (ALICE.public, BOB.public)


def _examples() -> list[bytes]:
    return [signed_bundle(payload, key) for payload in _PAYLOADS for key in (ALICE, BOB)]


def _check(data: bytes) -> None:
    try:
        bundle = UnverifiedBundle.read(data)
    except TrustError:
        return
    envelope = json.loads(data)["dsseEnvelope"]
    if base64.b64decode(envelope["payload"]) != bundle.unverified_payload:
        raise Violation("the payload is another one")
    try:
        payload = verify(bundle, _KEYS)
    except TrustError:
        return
    if payload.payload not in _PAYLOADS:
        raise Violation("bytes verify that nobody signed")


TARGET = Target(
    name="bundle",
    about="only what was signed verifies",
    examples=_examples,
    check=_check,
    vary=rewritten,
)
