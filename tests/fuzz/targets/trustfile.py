"""The trust file and the public keys in it: any bytes are one or a UsageError."""

from __future__ import annotations

import random
from collections.abc import Sequence

from safeload.errors import UsageError
from safeload.trust.trustfile import TrustFile, entry_text
from tests.fuzz.mutation import bent
from tests.fuzz.target import Target, Violation
from tests.trust.statements import ALICE, BOB, NOW

__all__ = ["TARGET"]

_WORDS = (
    b"[keys.alice]\n", b"[keys]\n", b"[models.churn]\n", b"[revoked]\n", b"public = ", b"models = ",
    b"not_before = 2026-01-01T00:00:00Z\n", b"not_after = 2026-01-01\n", b"min_serial = 1\n",
    b"threshold = 2\n", b'probe = "required"\n',
    b'drift = "warn"\n', b'policy = "p.toml"\n',
    b'ledger = "/l"\n', b"[certificates.acme]\n", b"[identities.release]\n",
    b'identity = "i"\n',
    b'roots = "-----BEGIN CERTIFICATE-----"\n', b'issuer = "i"\n',
    b"only = []\n", b'keys = ["' + b"0" * 64 + b'"]\n', b"files = [1]\n", b"1",
    b'"""', b'"*"', b'["a", "b*"]', b"{}", b"{a = 1}", b"nan", b"-1", b"99999999999999999999",
    b"true",
    b"ssh-ed25519 AAAA", b"ecdsa-sha2-nistp256 AAAA", b"-----BEGIN PUBLIC KEY-----\n", b"\n",
    b'"\\u0000"',
    b'packs = ["mlxtend"]\n', b'forbidden_packs = ["mlxtend"]\n',
    b"12:00:00", b"0001-01-01T00:00:00+23:59\n", b"9999-12-31T23:59:59-23:59\n",
)  # fmt: skip


def _examples() -> list[bytes]:
    alice = entry_text("alice", ALICE.public, ["churn", "fraud-*"])
    bob = entry_text("bob b", BOB.public, ["*"])
    times = "not_before = 2026-01-01T00:00:00Z\nnot_after = 2027-01-01T00:00:00+01:00\n"
    revoked = f'[revoked]\nkeys = ["{"0" * 64}"]\npayloads = []\nfiles = ["{"f" * 64}"]\n'
    return [
        alice.encode(),
        (alice + times + bob + "[models.churn]\nmin_serial = 7\n" + revoked).encode(),
        revoked.encode(),
    ]


def _vary(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    if rng.random() < 0.5:
        return bent(data, others, rng)
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.choice(_WORDS) + data[place + rng.choice((0, 0, 1, 10, 60)) :]


def _check(data: bytes) -> None:
    try:
        trust = TrustFile.parse(data)
    except UsageError:
        return
    trust.keys_at(NOW)
    for signer in trust.signers:
        text = entry_text(signer.name, signer.key, signer.models)
        (again,) = TrustFile.parse(text.encode()).signers
        if (again.name, again.key, again.models) != (signer.name, signer.key, signer.models):
            raise Violation("an entry that is written anew is another one")
        signer.may_sign("churn")
    for model in ("churn", *trust.packs.by_model):
        rule = trust.packs.of(model)
        if rule.on & rule.forbidden or not trust.packs.named >= rule.on | rule.forbidden:
            raise Violation("a pack is on and forbidden, or was never named")


TARGET = Target(
    name="trustfile",
    about="any bytes are a trust file or a UsageError",
    examples=_examples,
    check=_check,
    vary=_vary,
    dictionary=_WORDS,
)
