"""A payload and a key become a bundle; a bundle and trusted keys become a verified payload.

The bundle is JSON: a Sigstore bundle around a DSSE envelope around the payload. What is signed is
the payload's pre-authentication encoding (PAE), so its exact bytes and its type, with lengths in
bytes. Those very bytes are handed on; nothing is parsed and written again in between.

Trust: a bundle is hostile. What is read from it is called ``unverified_…`` until :func:`verify` or
:func:`verify_credential` returns a :class:`VerifiedPayload`, and nothing else makes one. The key id
in a bundle selects among the trusted keys: one that lies selects the wrong key, and verification
fails.

Source: DSSE 1.0 (protocol.md, envelope.md), Sigstore bundle v0.3 (sigstore_bundle.proto), OpenSSF
Model Signing 1.0 section 4, RFC 4648 section 4.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from safeload.errors import TrustError, printable
from safeload.limits import Limits
from safeload.trust.keys import Signer, VerifyingKey
from safeload.trust.strict_json import parse_json

if TYPE_CHECKING:
    from safeload.trust.identities.credentials import Credential

__all__ = [
    "CERTIFICATES",
    "CERTIFICATE_BYTES",
    "MEDIA_TYPE",
    "PAYLOAD_TYPE",
    "Evidence",
    "UnverifiedBundle",
    "VerifiedPayload",
    "pre_authentication_encoding",
    "signed_bundle",
    "verify",
    "verify_credential",
]

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"

# Certificates in one bundle, the leaf included, and the bytes of one in DER. Legitimate chains have
# two to four, of one or two thousand bytes.
CERTIFICATES = 8
CERTIFICATE_BYTES = 16 * 1024

# Opening brackets in one bundle. A legitimate one has six, and some twenty more for every entry of
# a transparency log; the payload is base64 and has none. Counting them before parsing bounds what
# the parser may build, and how deep.
_BRACKETS = 1_000


def pre_authentication_encoding(payload: bytes) -> bytes:
    """Encode what is signed: ``DSSEv1``, then type and payload, each after its length in bytes.

    Args:
        payload: The exact bytes of the statement.

    Returns:
        The bytes to sign or to verify.
    """
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def signed_bundle(payload: bytes, key: Signer, certificates: Sequence[bytes] = ()) -> bytes:
    """Sign a payload and put it into a bundle.

    Args:
        payload: The exact bytes of the statement.
        key: Who signs.
        certificates: The certificate of the key and those of the authorities above it, in DER, for
            whoever trusts an authority; none for whoever trusts the key.

    Returns:
        The bundle, one line of JSON.

    Raises:
        SafeloadError: As :meth:`safeload.trust.keys.Signer.sign`.
    """
    signature = key.sign(pre_authentication_encoding(payload))
    chain = [{"rawBytes": base64.b64encode(each).decode()} for each in certificates]
    material = (
        {"x509CertificateChain": {"certificates": chain}}
        if chain
        else {"publicKey": {"hint": key.public.key_id}}
    )
    bundle = {
        "mediaType": MEDIA_TYPE,
        # sigstore's own reader insists on the empty list.
        "verificationMaterial": {**material, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [
                {"sig": base64.b64encode(signature).decode(), "keyid": key.public.key_id}
            ],
        },
    }
    return json.dumps(bundle, separators=(",", ":")).encode()


class Evidence(StrEnum):
    """What a bundle brings along to say who signed it; each is verified in its own way alone.

    ``KEY``: the id of a key. ``CERTIFICATES``: a certificate, perhaps with those of authorities.
    ``LOGGED``: a certificate, with an entry of a transparency log.
    """

    KEY = "key"
    CERTIFICATES = "certificates"
    LOGGED = "logged"


@dataclass(frozen=True, slots=True)
class UnverifiedBundle:
    """A bundle of the right form. Nobody has vouched for any of it.

    Attributes:
        unverified_payload: What it claims was signed.
        unverified_signature: What it claims is the signature.
        unverified_key_id: Which key it claims to be signed with, or an empty string.
        evidence: What it brings along, and so how it is verified.
        unverified_certificates: Certificates in DER, the leaf first; none with a key.
        unverified_json: The bundle as it was read.
    """

    unverified_payload: bytes = field(repr=False)
    unverified_signature: bytes = field(repr=False)
    unverified_key_id: str
    evidence: Evidence
    unverified_certificates: tuple[bytes, ...] = field(repr=False)
    unverified_json: bytes = field(repr=False)

    @classmethod
    def read(cls, data: bytes, *, limits: Limits | None = None) -> UnverifiedBundle:
        """Parse a bundle.

        Members that bear on the meaning must be as the specifications say, and unknown ones are
        refused, so that no two verifiers read the same bundle in two ways. Beside a key, or a
        chain of certificates, entries of a transparency log and timestamps are allowed and prove
        nothing.

        Args:
            data: The bundle, JSON in UTF-8.
            limits: Bounds; ``bundle_bytes`` applies.

        Returns:
            The bundle.

        Raises:
            TrustError: It is malformed or too large.
        """
        limits = limits or Limits()
        if len(data) > limits.bundle_bytes:
            raise _malformed(f"it is larger than {limits.bundle_bytes} bytes")
        if data.count(b"[") + data.count(b"{") > _BRACKETS:
            raise _malformed("its JSON has too many objects or arrays")
        bundle = _members(parse_json(data, _malformed), "the bundle", _BUNDLE)
        if bundle.get("mediaType") != MEDIA_TYPE:
            raise _malformed("its mediaType is not that of a Sigstore bundle v0.3")
        evidence, hint, certificates = _material(bundle.get("verificationMaterial"))
        envelope = _members(bundle.get("dsseEnvelope"), "dsseEnvelope", _ENVELOPE)
        if envelope.get("payloadType") != PAYLOAD_TYPE:
            raise _malformed("its payloadType is not that of an in-toto statement")
        signatures = envelope.get("signatures")
        if not isinstance(signatures, list) or len(signatures) != 1:
            raise _malformed("it does not hold exactly one signature")
        signature = _members(signatures[0], "the signature", _SIGNATURE)
        key_id = signature.get("keyid") or ""
        if not isinstance(key_id, str) or (key_id and hint and key_id != hint):
            raise _malformed("its hint and its keyid name two keys")
        return cls(
            unverified_payload=_base64(envelope.get("payload")),
            unverified_signature=_base64(signature.get("sig")),
            unverified_key_id="" if certificates else hint or key_id,
            evidence=evidence,
            unverified_certificates=certificates,
            unverified_json=data,
        )


# Members that each object of a bundle may have. rawBytes and keyDetails stood in for the hint
# until model_signing 1.1; they are never looked at.
_BUNDLE = frozenset({"mediaType", "verificationMaterial", "dsseEnvelope"})
_KINDS = frozenset({"publicKey", "certificate", "x509CertificateChain"})
_MATERIAL = _KINDS | {"tlogEntries", "timestampVerificationData"}
_CHAIN = frozenset({"certificates"})
_CERTIFICATE = frozenset({"rawBytes"})
_PUBLIC_KEY = frozenset({"hint", "rawBytes", "keyDetails"})
_ENVELOPE = frozenset({"payload", "payloadType", "signatures"})
_SIGNATURE = frozenset({"sig", "keyid"})


def _material(material: object) -> tuple[Evidence, str, tuple[bytes, ...]]:
    """What a bundle brings along, the id of its key, and its certificates."""
    members = _members(material, "verificationMaterial", _MATERIAL)
    entries = members.get("tlogEntries", [])
    if not isinstance(entries, list):
        raise _malformed("its tlogEntries are not a list")
    if not isinstance(members.get("timestampVerificationData") or {}, dict):
        raise _malformed("its timestampVerificationData are not an object")
    if len(members.keys() & _KINDS) != 1:
        raise _malformed("it does not bring exactly one of a key, a certificate and a chain")
    if "publicKey" in members:
        hint = _members(members["publicKey"], "publicKey", _PUBLIC_KEY).get("hint") or ""
        if not isinstance(hint, str):
            raise _malformed("its key hint is not a text")
        return Evidence.KEY, hint, ()
    if "certificate" in members:
        evidence = Evidence.LOGGED if entries else Evidence.CERTIFICATES
        return evidence, "", (_certificate(members["certificate"]),)
    chain = _members(members["x509CertificateChain"], "x509CertificateChain", _CHAIN)
    listed = chain.get("certificates")
    if not isinstance(listed, list) or not 0 < len(listed) <= CERTIFICATES:
        raise _malformed(f"its chain does not have 1 to {CERTIFICATES} certificates")
    return Evidence.CERTIFICATES, "", tuple(map(_certificate, listed))


def _certificate(value: object) -> bytes:
    der = _base64(_members(value, "a certificate", _CERTIFICATE).get("rawBytes"))
    if len(der) > CERTIFICATE_BYTES:
        raise _malformed(f"one of its certificates is larger than {CERTIFICATE_BYTES} bytes")
    return der


def _members(value: object, what: str, allowed: frozenset[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _malformed(f"{what} is not an object")
    if not value.keys() <= allowed:
        raise _malformed(f"{what} has members that no specification gives it")
    return value


def _base64(value: object) -> bytes:
    """Decode standard base64, in the one canonical spelling of the bytes."""
    if isinstance(value, str) and value:
        try:
            decoded = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            decoded = b""
        # Bits left over in the last character must be zero: one spelling for one payload.
        if decoded and base64.b64encode(decoded).decode() == value:
            return decoded
    raise _malformed("a part of it is not in canonical base64")


def _malformed(why: str) -> TrustError:
    return TrustError(
        f"The signature bundle cannot be read: {why}.",
        code="bundle-malformed",
        hint="Get the bundle again from whoever signed the model, or have it signed anew.",
    )


# Held by verify() alone.
_PROOF = object()


class VerifiedPayload:
    """Bytes that somebody trusted signed. Only the functions of this module make one.

    Attributes:
        payload: The exact bytes.
        key: The key that verified them; with a certificate, the key that it is for.
        credential: Whose certificate it was, and whom the trust file knows them as; None where
            the key itself is trusted.
        sha256: SHA-256 of the bytes, 64 lower-case hex digits. This names what was signed; a
            signature never does.
    """

    __slots__ = ("credential", "key", "payload", "sha256")

    payload: bytes
    key: VerifyingKey
    credential: Credential | None
    sha256: str

    def __init__(
        self,
        payload: bytes,
        key: VerifyingKey,
        credential: Credential | None = None,
        *,
        proof: object,
    ) -> None:
        if proof is not _PROOF:
            raise TypeError("a VerifiedPayload comes from verify() alone")
        object.__setattr__(self, "payload", payload)
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "credential", credential)
        object.__setattr__(self, "sha256", hashlib.sha256(payload).hexdigest())

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name} was verified and stays as it is")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{name} was verified and stays")

    def __reduce__(self) -> str:
        raise TypeError("a VerifiedPayload cannot be copied, pickled or sent: verify again")


def verify(bundle: UnverifiedBundle, keys: Iterable[VerifyingKey]) -> VerifiedPayload:
    """Check the signature with trusted keys.

    A bundle that names a key is checked with that key alone, if it is trusted; one that names none
    is checked with each trusted key. One that brings a certificate is not about a key, whichever
    key the certificate is for.

    Args:
        bundle: What is to be verified.
        keys: The keys trusted for this purpose. What a key may sign is for the caller to judge
            afterwards (:meth:`safeload.trust.trustfile.TrustFile.authorise`).

    Returns:
        The payload, with the key that verified it.

    Raises:
        TrustError: No trusted key signed it (``signer-unknown``), or the key that it names did
            not (``signature-invalid``).
    """
    if bundle.evidence is not Evidence.KEY:
        raise TrustError(
            "The bundle was signed with a certificate, not with a key.",
            code="signer-unknown",
            hint="If you trust its authority, add its roots and identity to your trust file.",
        )
    named = bundle.unverified_key_id
    data = pre_authentication_encoding(bundle.unverified_payload)
    for key in keys:
        if named and named != key.key_id:
            continue
        try:
            key.verify(bundle.unverified_signature, data)
        except TrustError:
            if named:
                raise
            continue
        return VerifiedPayload(bundle.unverified_payload, key, proof=_PROOF)
    raise TrustError(
        f"The bundle names a key that is not trusted: {printable(named, limit=64)}."
        if named
        else "The bundle names no key, and no trusted key made its signature.",
        code="signer-unknown",
        hint="If you trust whoever signed it, add their public key to your trust file.",
    )


def verify_credential(bundle: UnverifiedBundle, credential: Credential) -> VerifiedPayload:
    """Check the signature with the key of a certificate that was traced to somebody trusted.

    Args:
        bundle: What is to be verified.
        credential: Whose certificate the bundle brings, as
            :mod:`safeload.trust.identities.credentials` has found.

    Returns:
        The payload, with the key and whose it is.

    Raises:
        TrustError: The key did not sign it (``signature-invalid``).
    """
    data = pre_authentication_encoding(bundle.unverified_payload)
    credential.key.verify(bundle.unverified_signature, data)
    return VerifiedPayload(bundle.unverified_payload, credential.key, credential, proof=_PROOF)
