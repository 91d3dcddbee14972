"""The signed statement: any payload is a manifest or a TrustError, and reads as it was written."""

from __future__ import annotations

from datetime import datetime

from safeload.errors import SafeloadError, TrustError
from safeload.trust import envelope
from safeload.trust.envelope import VerifiedPayload
from safeload.trust.manifest import Manifest, Resource, to_payload
from safeload.trust.trustfile import TrustFile, entry_text
from tests.fuzz.documents import rewritten
from tests.fuzz.target import Target, Violation
from tests.trust.statements import ALICE, MODEL, NOW, digests, payload_of

__all__ = ["TARGET"]

_TRUST = TrustFile.parse(
    entry_text("alice", ALICE.public, ["*"]).encode() + b"[models.churn]\nmin_serial = 3\n"
)


def _examples() -> list[bytes]:
    digests = ["0" * 64, "f" * 64]
    several = [Resource(name, digest) for name, digest in zip("ab", digests, strict=True)]
    return [
        payload_of(),
        payload_of(probe=None, not_after=None, globals=(), versions={}),
        to_payload(subject="models", resources=several, model=None),
        to_payload(subject=".", resources=[Resource(".", "0" * 64)], model=None),
    ]


def _check(data: bytes) -> None:
    # Signing each input would take ten times as long and prove nothing more.
    payload = VerifiedPayload(data, ALICE.public, proof=envelope._PROOF)
    try:
        manifest = Manifest.from_payload(payload)
    except TrustError:
        return
    model = manifest.model
    written = to_payload(subject=manifest.subject, resources=manifest.resources, model=model)
    again = Manifest.from_payload(VerifiedPayload(written, ALICE.public, proof=envelope._PROOF))
    if (again.subject, again.model) != (manifest.subject, model):
        raise Violation("what is written anew reads as something else")
    if sorted(again.resources, key=repr) != sorted(manifest.resources, key=repr):
        raise Violation("what is written anew covers other files")
    _judge(payload, manifest, NOW)


def _judge(payload: VerifiedPayload, manifest: Manifest, now: datetime) -> None:
    try:
        _TRUST.authorise(payload, manifest, wanted=MODEL.name, now=now)
        manifest.check_content("a", digests(MODEL.size, "0" * 64))
    except SafeloadError:
        return


TARGET = Target(
    name="manifest",
    about="any payload is a manifest or a TrustError",
    examples=_examples,
    check=_check,
    vary=rewritten,
)
