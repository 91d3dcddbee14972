"""Bundles that are not what a signer made."""

from __future__ import annotations

import base64
from typing import Any

from tests.trust.attacks.scene import KEYS, Attack
from tests.trust.statements import dropping, setting

__all__ = ["BUNDLES"]

MATERIAL, ENVELOPE = "verificationMaterial", "dsseEnvelope"
SIGNATURE = (ENVELOPE, "signatures", 0)
HINT = (MATERIAL, "publicKey", "hint")


def named(signer: str) -> Any:
    """An edit: the bundle says that another one's key made it."""

    def edit(bundle: Any) -> None:
        setting(*HINT, to=KEYS[signer].public.key_id)(bundle)
        setting(*SIGNATURE, "keyid", to=KEYS[signer].public.key_id)(bundle)

    return edit


def forged(bundle: Any) -> None:
    """Another payload under the same signature."""
    payload = base64.b64decode(bundle[ENVELOPE]["payload"]).replace(b'"serial":7', b'"serial":9')
    bundle[ENVELOPE]["payload"] = base64.b64encode(payload).decode()


MALFORMED = {
    "two signatures": lambda b: b[ENVELOPE]["signatures"].append(b[ENVELOPE]["signatures"][0]),
    "no signature": setting(ENVELOPE, "signatures", to=[]),
    "an algorithm of the bundle's own choice": setting(*SIGNATURE, "alg", to="none"),
    "a hint that points elsewhere than the key id": setting(*HINT, to="0" * 64),
    "another media type": setting("mediaType", to="application/json"),
    "another payload type": setting(ENVELOPE, "payloadType", to="application/octet-stream"),
    "a message signature beside the envelope": setting("messageSignature", to={}),
    "a key and a certificate": setting(MATERIAL, "certificate", to={"rawBytes": "AAAA"}),
    "neither key nor certificate": dropping(MATERIAL, "publicKey"),
    "base64 with bits left over": setting(*SIGNATURE, "sig", to="e31="),
    "base64 for URLs": setting(*SIGNATURE, "sig", to="-_-_"),
    "base64 with a line break": setting(*SIGNATURE, "sig", to="AAAA\n"),
    "base64 without padding": setting(*SIGNATURE, "sig", to="AAA"),
    "a member that no specification has": setting(MATERIAL, "trusted", to=True),
}

BUNDLES = {
    **{
        sentence: Attack(code="bundle-malformed", bundle=edit)
        for sentence, edit in MALFORMED.items()
    },
    "a member twice": Attack(
        code="bundle-malformed", raw=lambda b: b.replace(b'"sig"', b'"sig":"AAAA","sig"', 1)
    ),
    "a NaN": Attack(code="bundle-malformed", raw=lambda b: b.replace(b"[]", b"[NaN]", 1)),
    "deep JSON": Attack(
        code="bundle-malformed", raw=lambda b: b.replace(b"[]", b"[" * 5_000 + b"]" * 5_000, 1)
    ),
    "JSON without end": Attack(code="bundle-unreadable", raw=lambda b: b + b" " * (64 << 20)),
    "text behind it": Attack(code="bundle-malformed", raw=lambda b: b + b"{}"),
    "a byte order mark": Attack(code="bundle-malformed", raw=lambda b: b"\xef\xbb\xbf" + b),
    "it is cut short": Attack(code="bundle-malformed", raw=lambda b: b[: len(b) // 2]),
    "it is empty": Attack(code="bundle-malformed", raw=lambda _: b""),
    "another payload under the same signature": Attack(code="signature-invalid", bundle=forged),
    "a signature of all zeros": Attack(
        code="signature-invalid",
        bundle=setting(*SIGNATURE, "sig", to=base64.b64encode(bytes(64)).decode()),
    ),
    "an Ed25519 signature for a key on P-256": Attack(
        code="signature-invalid", bundle=named("bob")
    ),
    "a signature on P-256 for an Ed25519 key": Attack(
        code="signature-invalid", signer="bob", bundle=named("alice")
    ),
    "a signature on P-256 for a key on P-384": Attack(
        code="signature-invalid", signer="bob", bundle=named("dave")
    ),
    "a third party's key in the bundle itself": Attack(
        code="signer-unknown",
        signer="mallory",
        bundle=setting(MATERIAL, "publicKey", "rawBytes", to="AAAA"),
    ),
    "a hint that points to nobody": Attack(
        code="signer-unknown",
        bundle=lambda b: (
            setting(*HINT, to="0" * 64)(b),
            setting(*SIGNATURE, "keyid", to="0" * 64)(b),
        ),
    ),
    "no hint, by a third party": Attack(
        code="signer-unknown",
        signer="mallory",
        bundle=lambda b: (
            setting(*HINT, to="")(b),
            setting(*SIGNATURE, "keyid", to="")(b),
        ),
    ),
}
