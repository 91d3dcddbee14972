"""Was whoever signed allowed to say this, and does it still hold?

Trust: the statement was signed by a key of the trust file; all that it says is as good as that key
is trusted with it. The trust file is the caller's own.
"""

from __future__ import annotations

from datetime import datetime

from safeload.errors import TrustError, printable
from safeload.hashing import Digests
from safeload.trust.envelope import VerifiedPayload
from safeload.trust.manifest import Manifest
from safeload.trust.tables.grants import Grant
from safeload.trust.tables.revoked import Revoked
from safeload.trust.tables.text import Tables

__all__ = ["authorised", "believed_until", "require_not_revoked"]


def authorised(
    trust: Tables,
    payload: VerifiedPayload,
    manifest: Manifest,
    *,
    wanted: str | None,
    now: datetime,
) -> Grant:
    """Judge one signer; see :meth:`safeload.trust.trustfile.TrustFile.authorise`.

    Args:
        trust: Whom to believe about what.
        payload: The verified statement.
        manifest: What was parsed from it.
        wanted: Name of the model that the caller asks for, or None.
        now: The time of verifying, with a time zone.
    """
    signer = _signer_of(trust, payload)
    _check_revoked(trust.revoked, payload, manifest)
    if payload.credential is not None:
        signed = None if manifest.model is None else manifest.model.signed
        payload.credential.check_times(now=now, signed=signed)
    if not signer.is_current(now):
        raise TrustError(
            f"The trust file does not trust {signer.name!r} at this time.",
            code="signer-not-current",
            hint="Have the model signed with a current key, or fix not_before and not_after.",
        )
    if signer.only is not None and payload.sha256 not in signer.only:
        raise TrustError(
            f"The signer {signer.name!r} is retired, and this statement is not an exception.",
            code="signer-retired",
            hint="Have the model signed with a current key.",
        )
    _check_model(trust, signer, manifest, wanted)
    model = manifest.model
    if model is not None and model.not_after is not None and now > model.not_after:
        raise TrustError(
            f"The signature expired at {model.not_after.isoformat()}.",
            code="expired",
            hint="Have the model signed again, or train a new one.",
        )
    return signer


def believed_until(payload: VerifiedPayload, manifest: Manifest, signer: Grant) -> datetime | None:
    """Until when a statement is believed, as far as it or the trust file says.

    Args:
        payload: The verified statement.
        manifest: What was parsed from it.
        signer: Who signed it.

    Returns:
        The first moment at which one of the statement, the entry in the trust file and the
        signer's certificate ends, or None if none of them does.
    """
    ends = [
        signer.not_after,
        None if payload.credential is None else payload.credential.ends,
        None if manifest.model is None else manifest.model.not_after,
    ]
    return min((end for end in ends if end is not None), default=None)


def require_not_revoked(revoked: Revoked, content: Digests) -> None:
    """Require that a file is none that is not accepted any more, whatever statements call it.

    Args:
        revoked: What is not accepted.
        content: The digests of its bytes.

    Raises:
        TrustError: It is (``revoked``).
    """
    if revoked.files and content.sha256 in revoked.files:
        raise _revoked("This file")


def _signer_of(trust: Tables, payload: VerifiedPayload) -> Grant:
    credential = payload.credential
    if credential is None:
        for signer in trust.signers:
            if signer.key == payload.key:
                return signer
    elif credential.grant in (*trust.certificates, *trust.identities):
        return credential.grant
    raise TrustError(
        "The key that verified the bundle is not in the trust file.",
        code="signer-unknown",
        hint="If you trust whoever signed it, add their public key to your trust file.",
    )


def _check_revoked(revoked: Revoked, payload: VerifiedPayload, manifest: Manifest) -> None:
    what = ""
    if payload.key.key_id in revoked.keys:
        what = "The key that signed this"
    elif payload.credential is not None and payload.credential.key_ids & revoked.keys:
        what = "An authority that vouches for whoever signed this"
    elif payload.sha256 in revoked.payloads:
        what = "This signature"
    elif any(resource.sha256 in revoked.files for resource in manifest.resources):
        what = "This file"
    if what:
        raise _revoked(what)


def _revoked(what: str) -> TrustError:
    return TrustError(
        f"{what} was revoked in the trust file.",
        code="revoked",
        hint="Do not use the file; ask whoever signed it for another.",
    )


def _check_model(trust: Tables, signer: Grant, manifest: Manifest, wanted: str | None) -> None:
    model = manifest.model
    name = None if model is None else model.name
    shown = "of no name" if name is None else repr(printable(name))
    if wanted is not None and name != wanted:
        raise TrustError(
            f"The bundle is about a model {shown}, not {printable(wanted)!r}.",
            code="wrong-model",
            hint="Check the path, or ask for the model by the name it was signed with.",
        )
    if not signer.may_sign(name):
        raise TrustError(
            f"The trust file does not let {signer.name!r} sign a model {shown}.",
            code="signer-not-allowed",
            hint="If it should, add the name to the models of that signer.",
        )
    if model is not None and model.serial < trust.rule_of(model.name).min_serial:
        raise TrustError(
            f"Serial {model.serial} of model {shown} is older than the trust file accepts.",
            code="stale",
            hint="Get the newest release of the model.",
        )
