"""Authorities, and the certificates that they issue, legitimate or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

START = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2027, 1, 1, tzinfo=UTC)
IDENTITY = "ml@acme.example"

CODE_SIGNING = ExtendedKeyUsageOID.CODE_SIGNING
SERVER_AUTH = ExtendedKeyUsageOID.SERVER_AUTH

_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def usage(*names: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in names for name in _USAGES})


def authority(path_length: int | None = None) -> x509.BasicConstraints:
    return x509.BasicConstraints(ca=True, path_length=path_length)


def names(*identities: str) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([_name(identity) for identity in identities])


def _name(identity: str) -> x509.GeneralName:
    if ":" in identity:
        return x509.UniformResourceIdentifier(identity)
    return x509.RFC822Name(identity) if "@" in identity else x509.DNSName(identity)


@cache
def key(name: str, curve: type[ec.EllipticCurve] = ec.SECP256R1) -> ec.EllipticCurvePrivateKey:
    """The key of a name, the same each time."""
    return ec.generate_private_key(curve())


@dataclass(frozen=True)
class Issued:
    """A certificate with the key that it is for."""

    name: str
    key: Any
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()


def issue(
    name: str,
    by: Issued | None,
    extensions: Sequence[x509.ExtensionType],
    *,
    own: Any = None,
    start: datetime = START,
    end: datetime = END,
    digest: Any = None,
    critical: Sequence[type[x509.ExtensionType]] = (x509.BasicConstraints, x509.KeyUsage),
    issuer: str | None = None,
) -> Issued:
    """Issue a certificate; by nobody, it is self-signed."""
    own = key(name) if own is None else own
    builder = (
        x509.CertificateBuilder()
        .subject_name(_subject(name))
        .issuer_name(_subject(issuer or (by.name if by else name)))
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, tuple(critical)))
    signed = builder.sign(by.key if by else own, digest or hashes.SHA256())
    return Issued(name, own, signed)


def root(name: str = "root", *more: x509.ExtensionType, **options: Any) -> Issued:
    extensions = [authority(), usage("key_cert_sign", "crl_sign"), *more]
    return issue(name, None, extensions, **options)


def between(name: str, by: Issued, *more: x509.ExtensionType, **options: Any) -> Issued:
    """An authority below another one."""
    length = options.pop("path_length", None)
    extensions = [authority(length), usage("key_cert_sign"), *more]
    return issue(name, by, extensions, **options)


def leaf(by: Issued, *more: x509.ExtensionType, **options: Any) -> Issued:
    """What signs models."""
    identities = options.pop("identities", (IDENTITY,))
    extensions = [usage("digital_signature"), names(*identities), *more]
    return issue(options.pop("name", "signer"), by, extensions, **options)


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
