"""Fewer signers than the trust file demands."""

from __future__ import annotations

from tests.trust.attacks.scene import KEYS, Attack
from tests.trust.statements import setting

__all__ = ["SIGNERS"]

OURS = ("subject", 0, "annotations", "safeload_manifest_v1")
TWO = "[models.churn]\nthreshold = 2\n"

SIGNERS = {
    "one signs where two have to": Attack(code="threshold-not-met", trust=TWO),
    "one key signs twice": Attack(
        code="signer-repeated", trust=TWO, further={"a": ("alice", None)}
    ),
    "one key signs three times": Attack(
        code="signer-repeated", trust=TWO, further={"a": ("alice", None), "b": ("alice", None)}
    ),
    "the second bundle is over another release": Attack(
        code="countersignature-differs",
        trust=TWO,
        further={"bob": ("bob", setting(*OURS, "serial", to=8))},
    ),
    "the second bundle is over another model": Attack(
        code="countersignature-differs",
        trust=TWO,
        further={"bob": ("bob", setting(*OURS, "name", to="fraud"))},
    ),
    "the second signer is a third party": Attack(
        code="threshold-not-met", trust=TWO, further={"a": ("mallory", None)}
    ),
    "the second signer may sign other models": Attack(
        code="threshold-not-met", trust=TWO, further={"carol": ("carol", None)}
    ),
    "the second key is revoked": Attack(
        code="threshold-not-met",
        trust=TWO + f"[revoked]\nkeys = ['{KEYS['bob'].public.key_id}']\n",
        further={"bob": ("bob", None)},
    ),
    "the second key is no longer valid": Attack(
        code="threshold-not-met",
        trust=TWO,
        grants={"bob": "not_after = 2020-01-01T00:00:00Z"},
        further={"bob": ("bob", None)},
    ),
    "the second key is retired": Attack(
        code="threshold-not-met",
        trust=TWO,
        grants={"bob": "only = []"},
        further={"bob": ("bob", None)},
    ),
    "two sign where three have to": Attack(
        code="threshold-not-met",
        trust=TWO.replace("2", "3"),
        further={"bob": ("bob", None)},
    ),
    "all but the first may sign": Attack(
        code="signer-unknown",
        signer="mallory",
        trust=TWO,
        further={"bob": ("bob", None), "dave": ("dave", None)},
    ),
}
