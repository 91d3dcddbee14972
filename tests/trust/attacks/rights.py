"""Signed by the wrong one, at the wrong time, or about the wrong model."""

from __future__ import annotations

from safeload.errors import UsageError
from tests.trust.attacks.scene import KEYS, PAYLOAD_SHA256, Attack
from tests.trust.statements import SHA256, dropping, setting

__all__ = ["RIGHTS"]

OURS = ("subject", 0, "annotations", "safeload_manifest_v1")
PAST, FUTURE = "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"

RIGHTS = {
    "a third party signs it anew": Attack(code="signer-unknown", signer="mallory"),
    "a third party signs it anew in the name of alice": Attack(
        code="signature-invalid",
        signer="mallory",
        bundle=lambda bundle: (
            setting("verificationMaterial", "publicKey", "hint", to=KEYS["alice"].public.key_id)(
                bundle
            ),
            setting("dsseEnvelope", "signatures", 0, "keyid", to=KEYS["alice"].public.key_id)(
                bundle
            ),
        ),
    ),
    "the key of the wrong team signs it": Attack(code="signer-not-allowed", signer="carol"),
    "a team signs a model of another team under its own name": Attack(
        code="wrong-model",
        signer="carol",
        statement=setting(*OURS, "name", to="fraud-eu"),
        ask={"name": "churn"},
    ),
    "another model that was validly signed lies in its place": Attack(
        code="digest-mismatch", content=b"another model, signed elsewhere"
    ),
    "a statement about another model lies beside it": Attack(
        code="wrong-model",
        signer="dave",
        statement=setting(*OURS, "name", to="fraud"),
        ask={"name": "churn"},
    ),
    "a name that differs in case": Attack(
        code="signer-not-allowed", statement=setting(*OURS, "name", to="Churn")
    ),
    "a name that goes on": Attack(
        code="signer-not-allowed", statement=setting(*OURS, "name", to="churn-2")
    ),
    "a name with a letter that looks the same": Attack(
        code="signer-not-allowed", statement=setting(*OURS, "name", to="\u0441hurn")
    ),
    "a name that is taken for a pattern": Attack(
        code="signer-not-allowed", statement=setting(*OURS, "name", to="*")
    ),
    "a statement that names no model": Attack(
        code="signer-not-allowed", statement=dropping("subject", 0, "annotations")
    ),
    "an older version is put back": Attack(code="stale", trust="[models.churn]\nmin_serial = 8\n"),
    "the statement has expired": Attack(
        code="expired", statement=setting(*OURS, "not_after", to=PAST)
    ),
    "the key is not valid yet": Attack(
        code="signer-not-current", grants={"alice": f"not_before = {FUTURE}"}
    ),
    "the key is no longer valid": Attack(
        code="signer-not-current", grants={"alice": f"not_after = {PAST}"}
    ),
    "an old key signs with a time at which it was valid": Attack(
        code="signer-not-current",
        grants={"alice": f"not_after = {PAST}"},
        statement=setting(*OURS, "signed", to="2019-01-01T00:00:00Z"),
    ),
    "a retired key signs something new": Attack(
        code="signer-retired",
        grants={"alice": f"only = ['{PAYLOAD_SHA256}']"},
        statement=setting(*OURS, "serial", to=8),
    ),
    "a retired key without exceptions": Attack(
        code="signer-retired", grants={"alice": "only = []"}
    ),
    "a retired key, and the digest of the file in the place of the statement's": Attack(
        code="signer-retired", grants={"alice": f"only = ['{SHA256}']"}
    ),
    "a revoked key": Attack(
        code="revoked", trust=f"[revoked]\nkeys = ['{KEYS['alice'].public.key_id}']\n"
    ),
    "a revoked statement": Attack(
        code="revoked", trust=f"[revoked]\npayloads = ['{PAYLOAD_SHA256}']\n"
    ),
    "a revoked file": Attack(code="revoked", trust=f"[revoked]\nfiles = ['{SHA256}']\n"),
    "a revoked file that somebody else signs anew": Attack(
        code="revoked", signer="bob", trust=f"[revoked]\nfiles = ['{SHA256}']\n"
    ),
    "a revoked key that is retired as well": Attack(
        code="revoked",
        grants={"alice": f"only = ['{PAYLOAD_SHA256}']"},
        trust=f"[revoked]\nkeys = ['{KEYS['alice'].public.key_id}']\n",
    ),
    "a pack that the team forbids": Attack(
        code="pack-forbidden",
        statement=setting(*OURS, "packs", to=["catboost"]),
        trust="[models.churn]\nforbidden_packs = ['catboost']\n",
    ),
    "a name that no model can have is asked for": Attack(
        code="model-name", ask={"name": "../churn"}, error=UsageError
    ),
}
