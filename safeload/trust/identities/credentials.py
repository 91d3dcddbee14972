"""A bundle that brings a certificate, and those who are trusted, become a credential.

The certificate is verified against one entry of the trust file after the other, of those that are
about the name in it. A bundle with a chain is never looked up among the identities of sigstore, and
one with an entry of a transparency log never among the holders of certificates.

Trust: the bundle is hostile. The name in it selects entries and proves nothing until the path, or
the log's entry, does.

Source: OpenSSF Model Signing 1.0 section 4; RFC 5280 section 6.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from safeload.errors import TrustError, printable
from safeload.trust.envelope import Evidence, UnverifiedBundle
from safeload.trust.identities.certificates import CertificatePath, Leaf
from safeload.trust.keys import VerifyingKey
from safeload.trust.tables.certificates import TrustedCertificates
from safeload.trust.tables.identities import TrustedIdentity

__all__ = ["Credential", "credential_of"]

_T = TypeVar("_T", TrustedCertificates, TrustedIdentity)


@dataclass(frozen=True, slots=True)
class Credential:
    """A key, and who holds it.

    Attributes:
        grant: The entry of the trust file that is about the holder.
        key: The key that the certificate is for.
        key_ids: The key ids of the certificate and of the authorities above it; each of them may
            have been revoked.
        path: The path to a root, whose times are to be judged; None where the log has said when
            it was signed.
    """

    grant: TrustedCertificates | TrustedIdentity
    key: VerifyingKey
    key_ids: frozenset[str]
    path: CertificatePath | None

    @property
    def ends(self) -> datetime | None:
        """Until when the certificate is believed; None where its end makes no difference."""
        path = self.path
        if path is None or isinstance(self.grant, TrustedIdentity):
            return None
        return None if self.grant.expired == "accept" else min(path.window.end, path.root.end)

    def check_times(self, *, now: datetime, signed: datetime | None) -> None:
        """Require that the certificate was valid at the times that matter.

        Beside the moment of verifying, that is the moment of signing, by the signer's own clock.
        Whoever stole a key can set that clock; so an expired certificate is good for nothing,
        unless the trust file says otherwise.

        Args:
            now: The time of verifying.
            signed: When the statement says that it was signed, or None if it does not say.

        Raises:
            TrustError: It is not valid yet (``certificate-not-yet-valid``) or not any more
                (``certificate-expired``), or was not when it signed (``certificate-not-valid``).
        """
        path = self.path
        if path is None or isinstance(self.grant, TrustedIdentity):
            return
        if signed is not None and not path.window.holds(signed):
            raise TrustError(
                f"The certificate was not valid when it signed, at {signed.isoformat()}.",
                code="certificate-not-valid",
                hint="Have the model signed with a certificate that is valid.",
            )
        if now < path.window.start or now < path.root.start:
            raise TrustError(
                "The certificate is not valid yet.",
                code="certificate-not-yet-valid",
                hint="Check the clock of this machine.",
            )
        ended = now > path.window.end or now > path.root.end
        if ended and (signed is None or self.grant.expired == "refuse"):
            raise TrustError(
                f"The certificate expired at {min(path.window.end, path.root.end).isoformat()}.",
                code="certificate-expired",
                hint='Have the model signed again; or list its payload under "only" of this '
                'entry and set expired = "accept", which docs/certificates.md explains.',
            )


def credential_of(
    bundle: UnverifiedBundle,
    *,
    certificates: Iterable[TrustedCertificates],
    identities: Iterable[TrustedIdentity],
    now: datetime,
) -> Credential:
    """Find out whose certificate a bundle brings.

    Args:
        bundle: A bundle that does not name a key.
        certificates: The holders of certificates that are trusted.
        identities: The identities of sigstore that are trusted.
        now: The time of verifying, with a time zone.

    Returns:
        Who it is, and the key. The bundle's signature has not been checked by then.

    Raises:
        TrustError: The certificates are malformed, nobody trusted has the name that they give
            (``signer-unknown``), or that name is not proven (``certificate-untrusted``,
            ``identity-unproven``).
        UsageError: The package that verifies identities is not installed.
    """
    leaf = Leaf.read(bundle.unverified_certificates)
    if bundle.evidence is Evidence.CERTIFICATES:

        def traced(holder: TrustedCertificates) -> Credential:
            path = leaf.path_to(holder.roots, now=now)
            return Credential(holder, path.key, path.key_ids, path)

        return _first(_named(certificates, leaf), traced, leaf)

    def proven(identity: TrustedIdentity) -> Credential:
        from safeload.trust.identities.keyless import prove

        prove(bundle, identity)
        key = leaf.unverified_key
        return Credential(identity, key, frozenset({key.key_id}), None)

    return _first(_named(identities, leaf), proven, leaf)


def _named(entries: Iterable[_T], leaf: Leaf) -> list[_T]:
    return [entry for entry in entries if entry.identity in leaf.unverified_names]


def _first(entries: list[_T], judge: Callable[[_T], Credential], leaf: Leaf) -> Credential:
    refusal: TrustError | None = None
    for entry in entries:
        try:
            return judge(entry)
        except TrustError as error:
            refusal = error
    if refusal is not None:
        raise refusal
    names = ", ".join(sorted(leaf.unverified_names)) or "it names nobody"
    raise TrustError(
        f"The bundle's certificate is for nobody who is trusted: {printable(names)}.",
        code="signer-unknown",
        hint="If you trust whoever signed it, add their identity to your trust file.",
    )
