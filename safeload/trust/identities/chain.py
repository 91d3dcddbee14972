"""A file of certificates becomes the chain that goes into a bundle beside a key's signature.

What a verifier would refuse for certain is refused before anything is signed.

Trust: the file is the signer's own and public; the key decides whether it belongs to it.

Source: RFC 5280 section 6; sigstore_common.proto (X509CertificateChain: the leaf first).
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from safeload.arguments import as_moment, as_path
from safeload.errors import UsageError, about, printable
from safeload.trust.envelope import CERTIFICATE_BYTES, CERTIFICATES
from safeload.trust.files import read_small
from safeload.trust.identities.certificates import check_leaf, key_id_of
from safeload.trust.keys import VerifyingKey
from safeload.unruly import UNRULY, described

__all__ = ["read_chain"]

# Each certificate, in base64 and with text around it, as openssl writes it.
_CHAIN_BYTES = 4 * CERTIFICATES * CERTIFICATE_BYTES


def read_chain(
    path: str | os.PathLike[str], key: VerifyingKey, *, now: datetime | None = None
) -> tuple[bytes, ...]:
    """Read the certificate of a key and those of the authorities above it.

    Args:
        path: Certificates in PEM: the key's own first, then each one's issuer. The root may be
            there or not; verifiers have their own.
        key: The public half of the signing key.
        now: The time of signing, with a time zone; the system's clock by default.

    Returns:
        The certificates in DER, in their order.

    Raises:
        UsageError: The file cannot be read (``chain-unreadable``), holds no such chain
            (``chain-malformed``), is about another key (``chain-of-another-key``), or its first
            certificate is not valid now or not for signing (``chain-unsuitable``).
    """
    where = as_path(path, "certificate_chain")
    with about(where, given=True):
        try:
            data, _ = read_small(where, limit=_CHAIN_BYTES)
        except OSError as error:
            raise UsageError(
                f"The certificate chain cannot be read: {error.strerror}.",
                code="chain-unreadable",
                hint=f"Check that {printable(os.fspath(path))!r} is your file of certificates.",
            ) from error
        try:
            chain = x509.load_pem_x509_certificates(data)
            ids = [key_id_of(each) for each in chain]
        except UNRULY as error:
            raise _malformed("it holds no certificates in PEM that can be read") from error
        if not 0 < len(chain) <= CERTIFICATES:
            raise _malformed(f"it does not hold 1 to {CERTIFICATES} certificates")
        _check_first(
            chain[0], ids[0], key, datetime.now(UTC) if now is None else as_moment(now, "now")
        )
        for below, above in pairwise(chain):
            try:
                below.verify_directly_issued_by(above)
            except UNRULY as error:
                raise _malformed("not every certificate is followed by its issuer's") from error
        if len({each.subject for each in chain}) != len(chain):
            raise _malformed("two of its certificates are of one subject")
        encoded = tuple(each.public_bytes(Encoding.DER) for each in chain)
        if max(map(len, encoded)) > CERTIFICATE_BYTES:
            raise _malformed(f"one of its certificates is larger than {CERTIFICATE_BYTES} bytes")
        return encoded


def _check_first(
    certificate: x509.Certificate, key_id: str, key: VerifyingKey, now: datetime
) -> None:
    if key_id != key.key_id:
        raise UsageError(
            "The first certificate of the chain is not that of the signing key.",
            code="chain-of-another-key",
            hint="Put the certificate of this key first, and its issuer's after it.",
        )
    try:
        check_leaf(certificate)
    except UNRULY as error:
        raise _unsuitable(f"cannot sign models: {described(error)}") from error
    if now < certificate.not_valid_before_utc:
        raise _unsuitable("is not valid yet")
    if now > certificate.not_valid_after_utc:
        raise _unsuitable("has expired")


def _malformed(why: str) -> UsageError:
    return UsageError(
        f"The certificate chain cannot be used: {why}.",
        code="chain-malformed",
        hint="Give the signing certificate and after it each one's issuer, in PEM.",
    )


def _unsuitable(why: str) -> UsageError:
    return UsageError(
        f"The signing certificate {why}.",
        code="chain-unsuitable",
        hint="Ask your authority for one that is valid now, for digital signatures and, if it "
        "lists purposes, for code signing.",
    )
