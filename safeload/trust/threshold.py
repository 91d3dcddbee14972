"""Do enough signers vouch for a statement, each with another key?

A trust file may demand several signers for a model. Each signs the very same payload, in a bundle
of its own. A bundle that does not count does no harm: anybody could have put it there. But where
signers are missing, the error says why the ones that are there do not count.

Trust: bundles are hostile; each that counts was verified with a key of the trust file, whose holder
may sign this model now.

Source: DSSE 1.0 (several signatures over one payload); The Update Framework 1.0 section 5 for
what counts: distinct keys, not signatures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from safeload.errors import TrustError, printable
from safeload.trust.countersignatures import Countersignature
from safeload.trust.envelope import UnverifiedBundle, VerifiedPayload
from safeload.trust.tables.grants import Grant

__all__ = ["enough_signers"]


@dataclass(slots=True)
class _Faults:
    """Why bundles do not count: the names of their files, and reasons."""

    differing: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


def enough_signers(
    payload: VerifiedPayload,
    first: Grant,
    threshold: int,
    further: Iterable[Countersignature],
    judge: Callable[[UnverifiedBundle], tuple[Grant, VerifiedPayload]],
) -> tuple[Grant, ...]:
    """Require that so many signers vouch for a statement.

    Args:
        payload: The verified statement.
        first: Whose signature on it was verified and judged already.
        threshold: How many signers there have to be.
        further: Bundles that may be over the same payload; read only as far as they are needed.
        judge: Verifies a bundle over this payload and judges its signer, or raises a
            ``TrustError``; returns both.

    Returns:
        The signers, ``first`` in front; as many as the threshold.

    Raises:
        TrustError: There are fewer, because a bundle is over another payload
            (``countersignature-differs``), one signer made several of them
            (``signer-repeated``), or for any other reason (``threshold-not-met``).
    """
    signers = {first.name: first}
    # The same key may stand in two entries, once with a certificate.
    keys = {payload.key.key_id}
    if len(signers) >= threshold:
        return (first,)
    faults = _Faults()
    for name, bundle in further:
        shown = printable(name)
        if isinstance(bundle, TrustError):
            faults.reasons.append(f"{shown}: {bundle.message}")
            continue
        if bundle.unverified_payload != payload.payload:
            faults.differing.append(shown)
            continue
        try:
            signer, own = judge(bundle)
        except TrustError as error:
            faults.reasons.append(f"{shown}: {error.message}")
            continue
        if signer.name in signers or own.key.key_id in keys:
            faults.repeated.append(f"{shown}, by {printable(signer.name)}")
            continue
        signers[signer.name] = signer
        keys.add(own.key.key_id)
        if len(signers) >= threshold:
            return tuple(signers.values())
    raise _too_few(threshold, tuple(signers), faults)


def _too_few(threshold: int, signers: tuple[str, ...], faults: _Faults) -> TrustError:
    by = ", ".join(printable(name, limit=40) for name in signers)
    message = f"The trust file demands {threshold} signers, and there are {len(signers)} ({by})"
    if faults.differing:
        return TrustError(
            f"{message}: {faults.differing[0]} is over another statement.",
            code="countersignature-differs",
            hint="Have its signer sign this statement ('safeload sign MODEL --key KEY --add').",
        )
    if faults.repeated:
        return TrustError(
            f"{message}: {faults.repeated[0]}, counts once.",
            code="signer-repeated",
            hint="Another signer has to sign it, with a key of their own.",
        )
    return TrustError(
        f"{message}." if not faults.reasons else f"{message}. {faults.reasons[0]}",
        code="threshold-not-met",
        hint="Have another signer sign it ('safeload sign MODEL --key KEY --add').",
    )
