"""Did an identity of sigstore sign this? The bundle, the pinned trusted root and nothing else.

The package ``sigstore`` verifies, without a network: that the certificate leads to an authority of
the trusted root at the time that the log, or a timestamp, has signed; that a certificate log of the
root has seen it; that it is for code signing, for the identity, and by the issuer, both letter by
letter; that the entry of the log is about this very payload and signature, is included in the tree
whose head the log has signed, and was made while the certificate was valid.

Trust: the bundle is hostile, and is read by us first, strictly. The payload that is handed on is
ours, and has to be the one that the package has verified. The trusted root is the caller's own.

Source: Sigstore bundle v0.3; Sigstore client specification, "Verification".
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from safeload.errors import TrustError, UsageError
from safeload.forks import IMPORTING
from safeload.trust.envelope import PAYLOAD_TYPE, UnverifiedBundle
from safeload.trust.tables.identities import TrustedIdentity
from safeload.unruly import UNRULY, described

__all__ = ["prove"]


def prove(bundle: UnverifiedBundle, identity: TrustedIdentity) -> None:
    """Require that an identity signed a bundle.

    Args:
        bundle: A bundle with a certificate and the entry of a log.
        identity: Whom it has to be signed by, and the trusted root that says who may vouch.

    Raises:
        TrustError: It did not (``identity-unproven``).
        UsageError: The package is missing (``extra-missing``), or the trusted root is none
            (``trusted-root-malformed``).
    """
    try:
        with IMPORTING:
            from sigstore.models import Bundle
            from sigstore.verify.policy import Identity
    except ImportError as error:
        raise UsageError(
            "The bundle was signed by an identity of sigstore, and the package sigstore, which "
            "verifies it, is not installed.",
            code="extra-missing",
            hint="Install it: pip install 'safeload[sigstore]'.",
        ) from error
    verifier = _verifier(identity.trusted_root)
    if not identity.identity or not identity.issuer:
        raise ValueError("an identity without an issuer could be anybody's")
    try:
        policy = Identity(identity=identity.identity, issuer=identity.issuer)
        theirs = Bundle.from_json(bundle.unverified_json)
        kind, payload = verifier.verify_dsse(theirs, policy)
        certificate = theirs.signing_certificate.public_bytes(Encoding.DER)
    except UNRULY as error:
        raise _unproven(described(error)) from error
    read = (PAYLOAD_TYPE, bundle.unverified_payload, *bundle.unverified_certificates)
    if read != (kind, payload, certificate):
        raise _unproven("it can be read in two ways")


@lru_cache(maxsize=8)
def _verifier(trusted_root: bytes) -> Any:
    with IMPORTING:
        from sigstore.models import TrustedRoot
        from sigstore.verify import Verifier
        from sigstore_models.trustroot.v1 import TrustedRoot as Document
    try:
        return Verifier(trusted_root=TrustedRoot(Document.from_json(trusted_root)))
    except UNRULY as error:
        raise UsageError(
            f"The trusted root cannot be used: {described(error)}",
            code="trusted-root-malformed",
            hint="Give the trusted_root.json of the sigstore instance that you trust.",
        ) from error


def _unproven(why: str) -> TrustError:
    return TrustError(
        f"The identity that the bundle names did not sign it ({why}).",
        code="identity-unproven",
        hint="Get the bundle again from whoever signed the model, or check the trusted root.",
    )
