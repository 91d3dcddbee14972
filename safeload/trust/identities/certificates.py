"""Certificates out of a bundle, and roots that are trusted, become the key of whoever signed.

A path leads from the leaf, the first certificate of the bundle, over the others to a root of the
trust file. Every certificate on it but the leaf is a certificate authority within its path length
and name constraints; the leaf is none, may make digital signatures and, where it lists purposes,
lists code signing. Who the leaf belongs to is what its subject alternative names say, letter by
letter: no wildcard stands for anything, and the common name for nothing.

The path is looked for at the time of verifying, and failing that at the time that the leaf begins
to be valid; what comes back says from when to when it holds, for the caller to compare with the
times that matter. Algorithms are those of the keys: for the leaf what keys of models are, for the
authorities ECDSA over P-256, P-384 or P-521, or RSA of 2,048 bits and more, and never SHA-1.

Trust: the certificates are hostile; the roots are the caller's own. Revocation lists and responders
are never asked: what the trust file revokes is.

Source: RFC 5280 (sections 4.2.1 and 6.1); the path is built by ``cryptography.x509.verification``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import NamedTuple, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
)

from safeload.arguments import require_type
from safeload.errors import TrustError, UsageError
from safeload.trust.envelope import CERTIFICATES
from safeload.trust.keys import VerifyingKey
from safeload.unruly import UNRULY, described

__all__ = ["CertificatePath", "Leaf", "Roots", "Window", "check_leaf", "key_id_of"]

_Name: TypeAlias = x509.RFC822Name | x509.UniformResourceIdentifier | x509.DNSName

# Where Fulcio says who told it of the holder: as it is, and in DER.
_ISSUERS = (
    x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1"),
    x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8"),
)
# Roots in one trust file entry. Companies have a few; the world's browsers trust some 150.
_ROOTS = 300


class Window(NamedTuple):
    """From when to when something holds, both ends included."""

    start: datetime
    end: datetime

    def holds(self, moment: datetime) -> bool:
        """Whether a moment lies within."""
        return self.start <= moment <= self.end


@dataclass(frozen=True, slots=True)
class Roots:
    """Certificates of authorities that are trusted, at least one.

    Attributes:
        certificates: The certificates, in the order of the text.
    """

    certificates: tuple[x509.Certificate, ...]

    @classmethod
    def from_pem(cls, text: str) -> Roots:
        """Read certificates of authorities.

        Args:
            text: One or more certificates in PEM; text between them is passed over.

        Returns:
            The roots. Each is a certificate authority, self-signed or not.

        Raises:
            UsageError: There is none, one cannot be read, or one is no authority's
                (``roots-malformed``).
        """
        require_type(text, "text", str, takes="text")
        try:
            found = x509.load_pem_x509_certificates(text.encode("ascii", "replace"))
            authorities = [_is_authority(certificate) for certificate in found]
        except UNRULY as error:
            raise _no_roots("one of its certificates cannot be read") from error
        if not 0 < len(found) <= _ROOTS:
            raise _no_roots(f"it does not hold 1 to {_ROOTS} certificates in PEM")
        # A leaf among the roots would vouch for itself, whatever its purpose.
        if not all(authorities):
            raise _no_roots("one of its certificates is not a certificate authority's")
        return cls(tuple(found))


@dataclass(frozen=True, slots=True)
class CertificatePath:
    """A path from a leaf to a trusted root.

    Attributes:
        key: The leaf's public key.
        key_ids: The key ids of all certificates on the path, the root's too.
        window: When the leaf and every certificate between it and the root are valid.
        root: When the root is.
    """

    key: VerifyingKey
    key_ids: frozenset[str]
    window: Window
    root: Window


@dataclass(frozen=True, slots=True)
class Leaf:
    """The certificates of a bundle, read and not verified.

    Attributes:
        unverified_names: What the leaf calls its holder: e-mail addresses, URIs and DNS names,
            each as its subject alternative names have it.
        unverified_key: The leaf's public key.
        unverified_issuer: Who told the authority that this is its holder, by Fulcio's extension; an
            empty text where it has none.
    """

    unverified_names: frozenset[str]
    unverified_key: VerifyingKey
    unverified_issuer: str
    _leaf: x509.Certificate = field(repr=False)
    _others: tuple[x509.Certificate, ...] = field(repr=False)

    @classmethod
    def read(cls, certificates: Sequence[bytes]) -> Leaf:
        """Read the certificates of a bundle.

        Args:
            certificates: Certificates in DER, the leaf first.

        Returns:
            The leaf, with what came with it.

        Raises:
            TrustError: One of them cannot be read, two are of one subject
                (``certificate-malformed``), or the leaf's key is of a type that is not supported
                (``certificate-key``).
        """
        if not 0 < len(certificates) <= CERTIFICATES:
            raise _malformed(f"it has not 1 to {CERTIFICATES} certificates")
        try:
            leaf, *others = map(_read, certificates)
            # One issuer for each, so that there is no more than one way to a root, and no circle.
            distinct = len({each.subject for each in (leaf, *others)}) == 1 + len(others)
            names, issuer, public = _names(leaf), _issuer(leaf), leaf.public_key()
        except UNRULY as error:
            raise _malformed("one of its certificates cannot be read") from error
        if not distinct:
            raise _malformed("two of its certificates are of one subject")
        try:
            key = VerifyingKey.of(public)
        except UsageError as error:
            raise TrustError(
                "The certificate is for a key of a type that is not supported.",
                code="certificate-key",
                hint="Have one issued for a key of Ed25519, or ECDSA over P-256, P-384 or P-521.",
            ) from error
        return cls(names, key, issuer, leaf, tuple(others))

    def path_to(self, roots: Roots, *, now: datetime) -> CertificatePath:
        """Find the path to a root.

        Args:
            roots: The roots that are trusted for this purpose.
            now: The time of verifying, with a time zone.

        Returns:
            The path. When it holds is for the caller to compare.

        Raises:
            TrustError: There is none (``certificate-untrusted``).
        """
        store = Store(list(roots.certificates))
        try:
            chain = self._chain(store, now)
        except UNRULY:
            try:
                chain = self._chain(store, self._leaf.not_valid_before_utc)
            except UNRULY as error:
                raise _untrusted(described(error)) from error
        *path, root = chain
        # A leaf is never among the roots: they are authorities, and it is none.
        return CertificatePath(
            key=self.unverified_key,
            key_ids=frozenset(map(key_id_of, chain)),
            window=_window(path),
            root=_window([root]),
        )

    def _chain(self, store: Store, moment: datetime) -> list[x509.Certificate]:
        authority, leaf = _policies()
        verifier = (
            PolicyBuilder()
            .store(store)
            .time(moment)
            .max_chain_depth(CERTIFICATES)
            .extension_policies(ca_policy=authority, ee_policy=leaf)
            .build_client_verifier()
        )
        return verifier.verify(self._leaf, list(self._others)).chain


def _read(der: bytes) -> x509.Certificate:
    certificate = x509.load_der_x509_certificate(der)
    # The number of bits that are left out of a signature's last byte is covered by nothing.
    if not der.endswith(b"\0" + certificate.signature):
        raise ValueError("its signature is not made of whole bytes")
    return certificate


def key_id_of(certificate: x509.Certificate) -> str:
    """The key id of a certificate's key: SHA-256 over its SPKI in PEM, 64 lower-case hex digits."""
    public = certificate.public_key()
    return hashlib.sha256(
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    ).hexdigest()


def check_leaf(certificate: x509.Certificate) -> None:
    """Require that a certificate may sign models and says who its holder is.

    Raises:
        ValueError: It may not; the text says why, in a clause.
    """
    extensions = certificate.extensions
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        raise ValueError("it does not say what its key may be used for") from None
    _may_sign(usage)
    with suppress(x509.ExtensionNotFound):
        _for_code(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    if _is_authority(certificate):
        raise ValueError("it is a certificate authority's")
    if not _names(certificate):
        raise ValueError("its subject alternative names hold no address, URI or DNS name")


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _names(certificate: x509.Certificate) -> frozenset[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(
        name.value
        for name in names
        if isinstance(name, _Name) and isinstance(name, _kind_of(name.value))
    )


def _issuer(certificate: x509.Certificate) -> str:
    for where in _ISSUERS:
        with suppress(x509.ExtensionNotFound):
            value = certificate.extensions.get_extension_for_oid(where).value
            if isinstance(value, x509.UnrecognizedExtension):
                return value.value.decode("ascii", "backslashreplace")
    return ""


def _kind_of(text: str) -> type[_Name]:
    """What kind a name is of by its text, so that none passes for a name of another kind."""
    if ":" in text:
        return x509.UniformResourceIdentifier
    return x509.RFC822Name if "@" in text else x509.DNSName


def _window(certificates: Iterable[x509.Certificate]) -> Window:
    times = [(each.not_valid_before_utc, each.not_valid_after_utc) for each in certificates]
    return Window(max(start for start, _ in times), min(end for _, end in times))


@cache
def _policies() -> tuple[ExtensionPolicy, ExtensionPolicy]:
    """What extensions an authority may have, and what a leaf; unknown critical ones are refused."""
    any_way = Criticality.AGNOSTIC
    authority = (
        ExtensionPolicy.webpki_defaults_ca()
        # Authorities of companies leave these out; they only help to find a path.
        .may_be_present(x509.AuthorityKeyIdentifier, any_way, None)
        .may_be_present(x509.SubjectKeyIdentifier, any_way, None)
        .may_be_present(x509.KeyUsage, any_way, _authority_usage)
        .may_be_present(x509.ExtendedKeyUsage, any_way, _authority_purposes)
    )
    leaf = (
        ExtensionPolicy.webpki_defaults_ee()
        .may_be_present(x509.AuthorityKeyIdentifier, any_way, None)
        .may_be_present(x509.SubjectKeyIdentifier, any_way, None)
        .require_present(x509.SubjectAlternativeName, any_way, None)
        .require_present(x509.KeyUsage, any_way, _leaf_usage)
        .may_be_present(x509.ExtendedKeyUsage, any_way, _leaf_purposes)
    )
    return authority, leaf


def _authority_usage(_: Policy, __: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("an authority's key may not sign certificates")


def _authority_purposes(
    _: Policy, __: x509.Certificate, purposes: x509.ExtendedKeyUsage | None
) -> None:
    any_purpose = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
    if purposes is not None and any_purpose not in purposes:
        _for_code(purposes)


def _leaf_usage(_: Policy, __: x509.Certificate, usage: x509.KeyUsage) -> None:
    _may_sign(usage)


def _leaf_purposes(_: Policy, __: x509.Certificate, purposes: x509.ExtendedKeyUsage | None) -> None:
    if purposes is not None:
        _for_code(purposes)


def _may_sign(usage: x509.KeyUsage) -> None:
    if not usage.digital_signature:
        raise ValueError("its key may not make digital signatures")
    if usage.key_cert_sign:
        raise ValueError("its key may sign certificates")


def _for_code(purposes: x509.ExtendedKeyUsage) -> None:
    if ExtendedKeyUsageOID.CODE_SIGNING not in purposes:
        raise ValueError("its purposes do not include code signing")


def _malformed(why: str) -> TrustError:
    return TrustError(
        f"The certificates of the bundle cannot be used: {why}.",
        code="certificate-malformed",
        hint="Have the model signed anew, with the leaf and the authorities up to the root.",
    )


def _untrusted(why: str) -> TrustError:
    return TrustError(
        f"No path leads from the certificate to a root of the trust file ({why}).",
        code="certificate-untrusted",
        hint="Check the roots in the trust file, and that the bundle has the authorities between.",
    )


def _no_roots(why: str) -> UsageError:
    return UsageError(
        f"The text of the roots cannot be used: {why}.",
        code="roots-malformed",
        hint="Give the certificates of the authorities that you trust, in PEM.",
    )
