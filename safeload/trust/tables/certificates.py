"""``[certificates.*]``: who holds a certificate that chains to these roots, and what it may sign.

Trust: the trust file is the caller's own. A file that it names is read by
:mod:`safeload.trust.trustfile`, which refuses one that others could have put there.

Source: RFC 5280; RFC 7468 for the roots' PEM.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from safeload.errors import UsageError
from safeload.trust.tables.faults import Unfit
from safeload.trust.tables.grants import GRANT, Grant, granted, shown
from safeload.trust.tables.values import known, line

if TYPE_CHECKING:
    from safeload.trust.identities.certificates import Roots

__all__ = ["PEM_BEGIN", "TrustedCertificates", "trusted_certificates"]

PEM_BEGIN = "-----BEGIN CERTIFICATE-----"
_CERTIFICATES = frozenset({"roots", "identity", "expired"}) | GRANT
_EXPIRED = ("refuse", "accept")
_IDENTITY_CHARACTERS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedCertificates(Grant):
    """Holders of certificates with what they may sign.

    Attributes:
        roots: Certificates that a chain may end at, at least one.
        identity: The subject alternative name that the signer's certificate has, exactly.
        expired: ``"refuse"`` what was signed with a certificate that has expired since, or
            ``"accept"`` it where the certificate was valid when it signed, as its holder says.
    """

    roots: Roots
    identity: str
    expired: str = "refuse"


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
    expired = found.get("expired", "refuse")
    if expired not in _EXPIRED:
        why = f'expired of {where} is neither "refuse" nor "accept"'
        raise Unfit(why, *place, "expired")
    pem = roots.encode() if roots.lstrip().startswith(PEM_BEGIN) else files[roots]
    return TrustedCertificates(
        roots=_roots(pem, where, *place, "roots"),
        identity=_identity(found.get("identity"), where, *place, "identity"),
        expired=expired,
        **granted(found, "certificates", name),
    )


def _identity(value: object, where: str, *place: str) -> str:
    identity = line(value, f"the identity of {where}", place, most=_IDENTITY_CHARACTERS)
    if "*" in identity:
        raise Unfit(
            f"the identity of {where} has a *, and stands for one exact name",
            *place,
            hint="Give each holder an entry of their own.",
        )
    return identity


def _roots(pem: bytes, where: str, *place: str) -> Roots:
    # Most trust files have none, and importing it takes as long as loading a small model.
    from safeload.trust.identities.certificates import Roots

    try:
        return Roots.from_pem(pem.decode("utf-8", "replace"))
    except UsageError as error:
        why = f"the roots of {where} cannot be used ({error.message})"
        raise Unfit(why, *place, hint=error.hint) from error
