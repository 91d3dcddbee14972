"""An instance of sigstore of our own: authority, certificate log, transparency log, trusted root.

What the services answer is made with the types of the packages that read it, or as their protocols
say. Each service can be told to do one thing wrong.

Source: Fulcio's certificate specification; RFC 6962 sections 2.1, 3.2 and 3.3; Rekor's OpenAPI
(dsse 0.0.1); transparency-dev's checkpoints and signed notes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from safeload.trust.envelope import MEDIA_TYPE, PAYLOAD_TYPE, pre_authentication_encoding
from tests.trust.identities.issuing import (
    CODE_SIGNING,
    Issued,
    between,
    issue,
    key,
    names,
    root,
    usage,
)

IDENTITY = "https://github.com/acme/models/.github/workflows/release.yml@refs/heads/main"
ISSUER = "https://token.actions.githubusercontent.com"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

_ISSUER = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
_TIMESTAMPS = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_ORIGIN = "rekor.acme.example - 1"
_ALWAYS: dict[str, Any] = {
    "start": datetime(2020, 1, 1, tzinfo=UTC),
    "end": datetime(2100, 1, 1, tzinfo=UTC),
}


def canonical(value: dict[str, Any]) -> bytes:
    """JSON as RFC 8785 has it, for values of ASCII and whole numbers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def spki(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def log_id(private: ec.EllipticCurvePrivateKey) -> bytes:
    return hashlib.sha256(spki(private)).digest()


def sha256_signed(private: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    return private.sign(data, ec.ECDSA(hashes.SHA256()))


def _key_ids(own: Any, above: Any) -> list[x509.ExtensionType]:
    """The extensions by which one certificate is found below another."""
    return [
        x509.SubjectKeyIdentifier.from_public_key(own.public_key()),
        x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()),
    ]


@cache
def _clock(instance: str) -> tuple[Issued, Issued]:
    name, above = f"{instance} clock", f"{instance} clock root"
    top = root(above, *_key_ids(key(above), key(above)), **_ALWAYS)
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    extensions = [usage("digital_signature"), purpose, *_key_ids(key(name), key(above))]
    critical = (x509.KeyUsage, x509.ExtendedKeyUsage)
    return issue(name, top, extensions, critical=critical, **_ALWAYS), top


@dataclass(frozen=True)
class Instance:
    """Services, by their keys.

    Attributes:
        name: What distinguishes its keys from another's.
        certificate_log: Whose signature stands in certificates; None for no signature.
        log: Who signs the transparency log's heads and promises.
        integrated: When the log says that it took an entry in.
        lifetime: When certificates begin and end.
        url: Where its services are, where they are.
        version: Which protocol the log speaks. The second promises no time, so that an authority
            has to sign one.
    """

    name: str = "acme"
    certificate_log: ec.EllipticCurvePrivateKey | None = field(
        default_factory=lambda: key("acme certificate log")
    )
    log: ec.EllipticCurvePrivateKey = field(default_factory=lambda: key("acme log"))
    integrated: datetime = NOW
    lifetime: tuple[datetime, datetime] = (NOW - MINUTE, NOW + 9 * MINUTE)
    url: str = "http://127.0.0.1:1"
    version: int = 1

    @property
    def authorities(self) -> tuple[Issued, Issued]:
        """The authority that issues certificates, and the root above it."""
        name, above = f"{self.name} sigstore", f"{self.name} sigstore root"
        top = root(above, *_key_ids(key(above), key(above)), **_ALWAYS)
        purpose = x509.ExtendedKeyUsage([CODE_SIGNING])
        ids = _key_ids(key(name), key(above))
        return between(name, top, purpose, *ids, path_length=0, **_ALWAYS), top

    @property
    def clock(self) -> tuple[Issued, Issued]:
        """The authority that signs times, and the root above it."""
        return _clock(self.name)

    def certificate(
        self,
        own: Any,
        *,
        identity: str = IDENTITY,
        issuer: str | None = ISSUER,
        purposes: Sequence[x509.ObjectIdentifier] = (CODE_SIGNING,),
        uses: str = "digital_signature",
    ) -> x509.Certificate:
        """Issue a certificate, and have the certificate log sign that it has seen it."""
        authority, _ = self.authorities
        start, end = self.lifetime
        extensions: list[x509.ExtensionType] = [
            usage(uses),
            x509.ExtendedKeyUsage(purposes),
            names(identity),
            *_key_ids(own, authority.key),
        ]
        if issuer is not None:
            extensions.append(x509.UnrecognizedExtension(_ISSUER, issuer.encode()))
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(authority.certificate.subject)
            .public_key(own.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
        )
        for extension in extensions:
            critical = isinstance(extension, x509.KeyUsage | x509.SubjectAlternativeName)
            builder = builder.add_extension(extension, critical=critical)
        if self.certificate_log is not None:
            before = builder.sign(authority.key, hashes.SHA256()).tbs_certificate_bytes
            stamps = x509.UnrecognizedExtension(_TIMESTAMPS, self._timestamps(before))
            builder = builder.add_extension(stamps, critical=False)
        return builder.sign(authority.key, hashes.SHA256())

    def _timestamps(self, before: bytes) -> bytes:
        """The extension that says that the certificate log has seen a certificate."""
        assert self.certificate_log is not None
        milliseconds = int(self.lifetime[0].timestamp() * 1000)
        issuer = log_id(self.authorities[0].key)
        seen = b"".join(
            (
                struct.pack("!BBQH", 0, 0, milliseconds, 1),
                issuer,
                len(before).to_bytes(3, "big"),
                before,
                b"\0\0",
            )
        )
        signature = sha256_signed(self.certificate_log, seen)
        stamp = b"".join(
            (
                b"\0",
                log_id(self.certificate_log),
                struct.pack("!QH", milliseconds, 0),
                b"\4\3",
                len(signature).to_bytes(2, "big"),
                signature,
            )
        )
        listed = len(stamp).to_bytes(2, "big") + stamp
        listed = len(listed).to_bytes(2, "big") + listed
        return b"\x04" + bytes([len(listed)]) + listed

    def entry(self, envelope: dict[str, Any], certificate: x509.Certificate) -> dict[str, Any]:
        """Take an envelope in, and answer as Rekor does."""
        payload = base64.b64decode(envelope["payload"])
        (signature,) = envelope["signatures"]
        body = {
            "apiVersion": "0.0.1",
            "kind": "dsse",
            "spec": {
                "envelopeHash": {
                    "algorithm": "sha256",
                    "value": hashlib.sha256(canonical(envelope)).hexdigest(),
                },
                "payloadHash": {
                    "algorithm": "sha256",
                    "value": hashlib.sha256(payload).hexdigest(),
                },
                "signatures": [
                    {
                        "signature": signature["sig"],
                        "verifier": b64(certificate.public_bytes(Encoding.PEM)),
                    }
                ],
            },
        }
        return self.logged(canonical(body))

    def second_entry(self, request: dict[str, Any]) -> dict[str, Any]:
        """Take a digest in, and answer as the second version of Rekor does."""
        asked = request["hashedRekordRequestV002"]
        data = {"algorithm": "SHA2_256", "digest": asked["digest"]}
        body = {
            "apiVersion": "0.0.2",
            "kind": "hashedrekord",
            "spec": {"hashedRekordV002": {"data": data, "signature": asked["signature"]}},
        }
        (entry,) = self.logged(canonical(body)).values()
        proof = entry["verification"]["inclusionProof"]
        return {
            "logIndex": "1",
            "logId": {"keyId": b64(log_id(self.log))},
            "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"},
            "inclusionProof": _proof(proof),
            "canonicalizedBody": entry["body"],
        }

    def logged(self, body: bytes) -> dict[str, Any]:
        """The answer about a body that is the second of three in the log."""
        first, third = (hashlib.sha256(b"\0" + other).digest() for other in (b"one", b"three"))
        own = hashlib.sha256(b"\0" + body).digest()
        left = hashlib.sha256(b"\1" + first + own).digest()
        head = hashlib.sha256(b"\1" + left + third).digest()
        promised = {
            "body": b64(body),
            "integratedTime": int(self.integrated.timestamp()),
            "logID": log_id(self.log).hex(),
            "logIndex": 1,
        }
        return {
            "1" * 64: {
                **promised,
                "verification": {
                    "signedEntryTimestamp": b64(sha256_signed(self.log, canonical(promised))),
                    "inclusionProof": {
                        "logIndex": 1,
                        "treeSize": 3,
                        "rootHash": head.hex(),
                        "hashes": [first.hex(), third.hex()],
                        "checkpoint": self._checkpoint(head),
                    },
                },
            }
        }

    def _checkpoint(self, head: bytes) -> str:
        note = f"{_ORIGIN}\n3\n{b64(head)}\n"
        signature = log_id(self.log)[:4] + sha256_signed(self.log, note.encode())
        return f"{note}\n\u2014 rekor.acme.example {b64(signature)}\n"

    @property
    def trusted_root(self) -> dict[str, Any]:
        """What verifiers pin."""
        always = {"start": "2020-01-01T00:00:00Z"}
        certificate_log = self.certificate_log or key(f"{self.name} certificate log")

        def instance(private: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
            return {
                "baseUrl": self.url,
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": b64(spki(private)),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": always,
                },
                "logId": {"keyId": b64(log_id(private))},
            }

        def listed(chain: Sequence[Issued]) -> dict[str, Any]:
            return {
                "subject": {"organization": self.name, "commonName": chain[0].name},
                "uri": self.url,
                "certChain": {"certificates": [{"rawBytes": b64(each.der)} for each in chain]},
                "validFor": always,
            }

        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [instance(self.log)],
            "certificateAuthorities": [listed(self.authorities)],
            "ctlogs": [instance(certificate_log)],
            "timestampAuthorities": [listed(self.clock)] if self.version == 2 else [],
        }

    @property
    def client_config(self) -> dict[str, Any]:
        """What signers are given: the trusted root, and where the services are."""
        service = {
            "url": self.url,
            "majorApiVersion": 1,
            "operator": self.name,
            "validFor": {"start": "2020-01-01T00:00:00Z"},
        }
        return {
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": self.trusted_root,
            "signingConfig": {
                "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
                "caUrls": [service],
                "oidcUrls": [service],
                "rekorTlogUrls": [{**service, "majorApiVersion": self.version}],
                "rekorTlogConfig": {"selector": "ANY"},
                "tsaUrls": [{**service, "url": f"{self.url}/time"}] if self.version == 2 else [],
                "tsaConfig": {"selector": "ANY"},
            },
        }


def _proof(proof: dict[str, Any]) -> dict[str, Any]:
    """A proof of inclusion as bundles have it."""
    return {
        "logIndex": str(proof["logIndex"]),
        "rootHash": b64(bytes.fromhex(proof["rootHash"])),
        "treeSize": str(proof["treeSize"]),
        "hashes": [b64(bytes.fromhex(each)) for each in proof["hashes"]],
        "checkpoint": {"envelope": proof["checkpoint"]},
    }


def envelope_of(payload: bytes, private: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    """A signed envelope."""
    signature = sha256_signed(private, pre_authentication_encoding(payload))
    return {
        "payload": b64(payload),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"sig": b64(signature)}],
    }


def bundle_of(
    envelope: dict[str, Any], certificate: x509.Certificate, answer: dict[str, Any]
) -> dict[str, Any]:
    """The bundle, from what the services have answered."""
    (entry,) = answer.values()
    proof = entry["verification"]["inclusionProof"]
    return {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {
            "certificate": {"rawBytes": b64(certificate.public_bytes(Encoding.DER))},
            "tlogEntries": [
                {
                    "logIndex": str(entry["logIndex"]),
                    "logId": {"keyId": b64(bytes.fromhex(entry["logID"]))},
                    "kindVersion": {"kind": "dsse", "version": "0.0.1"},
                    "integratedTime": str(entry["integratedTime"]),
                    "inclusionPromise": {
                        "signedEntryTimestamp": entry["verification"]["signedEntryTimestamp"]
                    },
                    "inclusionProof": _proof(proof),
                    "canonicalizedBody": entry["body"],
                }
            ],
            "timestampVerificationData": {"rfc3161Timestamps": []},
        },
        "dsseEnvelope": envelope,
    }


def signed(payload: bytes, instance: Instance | None = None, **about: Any) -> dict[str, Any]:
    """A payload that an identity has signed; ``about`` is what the certificate says."""
    instance = instance or Instance()
    private = key("an ephemeral key")
    certificate = instance.certificate(private, **about)
    envelope = envelope_of(payload, private)
    return bundle_of(envelope, certificate, instance.entry(envelope, certificate))


def as_json(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode()
