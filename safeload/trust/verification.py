"""Which part of a trust file can speak for a bundle? The one of the kind of its evidence, alone.

Trust: the bundle is hostile, and chooses no more than which part is asked. The trust file is the
caller's own.

Source: Sigstore bundle v0.3 (VerificationMaterial).
"""

from __future__ import annotations

from datetime import datetime

from safeload.errors import TrustError
from safeload.forks import IMPORTING
from safeload.trust.envelope import (
    Evidence,
    UnverifiedBundle,
    VerifiedPayload,
    verify,
    verify_credential,
)
from safeload.trust.tables.text import Tables

__all__ = ["verified_by"]


def verified_by(trust: Tables, bundle: UnverifiedBundle, *, now: datetime) -> VerifiedPayload:
    """Check a bundle's signature; see :meth:`safeload.trust.trustfile.TrustFile.verify`.

    Args:
        trust: Whom to believe.
        bundle: What is to be verified.
        now: The time of verifying, with a time zone.
    """
    if bundle.evidence is Evidence.KEY:
        return verify(bundle, [signer.key for signer in trust.signers])
    logged = bundle.evidence is Evidence.LOGGED
    if not (trust.identities if logged else trust.certificates):
        what = "an identity of sigstore" if logged else "a certificate"
        raise TrustError(
            f"The bundle was signed with {what}, and the trust file trusts no such signer.",
            code="signer-unknown",
            hint="If you trust whoever signed it, add their identity to your trust file.",
        )
    # Most bundles name a key, and importing this takes as long as loading a small model.
    with IMPORTING:
        from safeload.trust.identities.credentials import credential_of
    credential = credential_of(
        bundle, certificates=trust.certificates, identities=trust.identities, now=now
    )
    return verify_credential(bundle, credential)
