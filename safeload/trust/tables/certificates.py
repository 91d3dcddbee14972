"""``[certificates.*]``: who holds a certificate that chains to these roots, and what it may sign.

Trust: the trust file is the caller's own. A file that it names is read by
:mod:`safeload.trust.trustfile`, which refuses one that others could have put there.

Source: RFC 5280; RFC 7468 for the roots' PEM.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from safeload.trust.tables.faults import Unfit
from safeload.trust.tables.grants import GRANT, Grant, granted, shown
from safeload.trust.tables.values import known, line

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

__all__ = ["PEM_BEGIN", "TrustedCertificates", "trusted_certificates"]

PEM_BEGIN = "-----BEGIN CERTIFICATE-----"
_CERTIFICATES = frozenset({"roots", "identity"}) | GRANT
_IDENTITY_CHARACTERS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedCertificates(Grant):
    """Holders of certificates with what they may sign.

    Attributes:
        roots: Certificates that a chain may end at, at least one.
        identity: The subject alternative name that the signer's certificate has, exactly.
    """

    roots: tuple[Certificate, ...]
    identity: str


def trusted_certificates(
    name: str, value: object, files: Mapping[str, bytes]
) -> TrustedCertificates:
    """Parse the table of a holder of certificates.

    Args:
        name: Who it is.
        value: The table.
        files: What is in the files that the trust file names, by the text that names them.
    """
    where, place = shown("certificates", name), ("certificates", name)
    found = known(value, where, _CERTIFICATES, *place)
    roots = found.get("roots")
    if not isinstance(roots, str):
        raise Unfit(f"{where} has no roots in quotes", *place, "roots")
    pem = roots.encode() if roots.lstrip().startswith(PEM_BEGIN) else files[roots]
    return TrustedCertificates(
        roots=_roots(pem, where, *place, "roots"),
        identity=line(
            found.get("identity"),
            f"the identity of {where}",
            (*place, "identity"),
            most=_IDENTITY_CHARACTERS,
        ),
        **granted(found, "certificates", name),
    )


def _roots(pem: bytes, where: str, *place: str) -> tuple[Certificate, ...]:
    # Most trust files have none, and importing it takes as long as loading a small model.
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return tuple(load_pem_x509_certificates(pem))
    except ValueError as error:
        raise Unfit(
            f"the roots of {where} are no certificates in PEM",
            *place,
            hint="Give the text from BEGIN CERTIFICATE to END CERTIFICATE, or the file it is in.",
        ) from error
