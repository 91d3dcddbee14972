"""Keys, holders of certificates and identities count as signers, and each of them once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest

from safeload.errors import TrustError
from safeload.trust.envelope import UnverifiedBundle, signed_bundle
from safeload.trust.keys import SigningKey
from safeload.trust.manifest import Manifest
from safeload.trust.trustfile import TrustFile, entry_text
from tests.trust.identities import test_keyless as keyless
from tests.trust.identities.instance import as_json
from tests.trust.identities.instance import signed as signed_by_identity
from tests.trust.identities.issuing import END, IDENTITY, key, leaf, root
from tests.trust.identities.test_certificates import DAY, entry, signed
from tests.trust.statements import ALICE, NOW, PAYLOAD

ROOT = root()
OTHER = "second@acme.example"
LEAF = leaf(ROOT, identities=(IDENTITY, OTHER))
AS_KEY = SigningKey._of(LEAF.key)

KEY = signed_bundle(PAYLOAD, ALICE)
CERTIFICATE = signed([LEAF])
LOGGED = as_json(signed_by_identity(PAYLOAD))


def trust(threshold: int) -> TrustFile:
    text = (
        entry_text("alice", ALICE.public, ["churn"])
        # The same key, trusted as it is and by its certificate; and two names for its holder.
        + entry_text("bob", AS_KEY.public, ["churn"])
        + entry(ROOT.pem, "acme")
        + entry(ROOT.pem, "second", identity=OTHER)
        + f"[models.churn]\nthreshold = {threshold}\n"
    )
    return replace(TrustFile.parse(text.encode()), identities=keyless.TRUST.identities)


def signers(first: bytes, *further: bytes, threshold: int, now_more: int = 0) -> Sequence[str]:
    trusted, now = trust(threshold), NOW + now_more * DAY
    payload = trusted.verify(UnverifiedBundle.read(first), now=now)
    bundles = [(f"m.{n}.sig", UnverifiedBundle.read(each)) for n, each in enumerate(further)]
    grants = trusted.vouchers(
        payload, Manifest.from_payload(payload), wanted="churn", further=bundles, now=now
    )
    return [grant.name for grant in grants]


def test_signers_of_every_kind_count() -> None:
    assert signers(KEY, CERTIFICATE, LOGGED, threshold=3) == ["alice", "acme", "release"]
    assert signers(LOGGED, CERTIFICATE, KEY, threshold=3) == ["release", "acme", "alice"]


@dataclass(frozen=True)
class Attack:
    """Bundles that do not make two signers, and the error."""

    bundles: Callable[[], tuple[bytes, bytes]]
    code: str = "signer-repeated"
    days: int = 0


ATTACKS: dict[str, Attack] = {
    "a key signs as itself and by its certificate": Attack(
        lambda: (signed_bundle(PAYLOAD, AS_KEY), CERTIFICATE)
    ),
    "a key signs by its certificate and as itself": Attack(
        lambda: (CERTIFICATE, signed_bundle(PAYLOAD, AS_KEY))
    ),
    "a holder has two names in one certificate": Attack(lambda: (CERTIFICATE, CERTIFICATE)),
    "a holder has two certificates of one key": Attack(
        lambda: (CERTIFICATE, signed([leaf(ROOT, identities=(OTHER,))]))
    ),
    "a holder has two keys": Attack(
        lambda: (CERTIFICATE, signed([leaf(ROOT, own=key("another key of the holder's"))]))
    ),
    "an identity signs twice": Attack(lambda: (LOGGED, as_json(signed_by_identity(PAYLOAD)))),
    "the certificate of the second has expired": Attack(
        lambda: (KEY, CERTIFICATE), "threshold-not-met", (END - NOW).days + 1
    ),
    "the second certificate is a third party's": Attack(
        lambda: (KEY, signed([leaf(root("third_party"))])), "threshold-not-met"
    ),
    "the second is about another payload": Attack(
        lambda: (KEY, as_json(signed_by_identity(keyless.OTHER))), "countersignature-differs"
    ),
}


@pytest.mark.guarantee("G4")
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_nobody_is_two_signers(attack: Attack) -> None:
    with pytest.raises(TrustError) as caught:
        signers(*attack.bundles(), threshold=2, now_more=attack.days)
    assert caught.value.code == attack.code
