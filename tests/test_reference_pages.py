"""The pages on the trust file and the policy file have every key, and examples that are read."""

from __future__ import annotations

import re

import pytest

from safeload.policy import entries
from safeload.policy.callables import parameters
from safeload.policy.policy import Policy
from safeload.trust.tables import certificates, identities, keys, models, text
from safeload.trust.tables.grants import GRANT
from safeload.trust.tables.revoked import REVOKED
from safeload.trust.trustfile import TrustFile
from tests.documents import ROOT, blocks_of

TRUST = (ROOT / "docs" / "trust-file.md").read_text("utf-8")
POLICY = (ROOT / "docs" / "policy-file.md").read_text("utf-8")
TABLES = {"keys", "certificates", "identities", "models", "revoked"}
# Which keys the parser takes, by the heading that they stand under.
KEYS = {
    "At the top": text._FILE - TABLES,
    "Every signer": GRANT,
    "[keys.NAME]": keys._KEY - GRANT,
    "[certificates.NAME]": certificates._CERTIFICATES - GRANT,
    "[identities.NAME]": identities._IDENTITY - GRANT,
    "[models.NAME]": models._MODEL,
    "[revoked]": frozenset(REVOKED),
}
POLICY_KEYS = {
    "At the top": entries._FILE_KEYS - {"group", "callable"},
    "[[group]]": entries._GROUP_KEYS,
    "[[callable]]": entries._CALLABLE_KEYS | parameters.KEYS,
}


def sections(page: str) -> dict[str, set[str]]:
    """The keys in the tables of a page, by heading."""
    found = {}
    for part in page.split("\n## ")[1:]:
        heading = part.partition("\n")[0].partition(":")[0].strip("`")
        rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", part, re.MULTILINE)
        found[heading] = {key for row in rows for key in re.findall(r"`(\w+)`", row)}
    return found


@pytest.mark.parametrize(("page", "taken"), [(TRUST, KEYS), (POLICY, POLICY_KEYS)])
def test_the_page_has_the_keys_that_are_taken_and_no_others(
    page: str, taken: dict[str, frozenset[str]]
) -> None:
    assert sections(page) == {heading: set(of) for heading, of in taken.items()}


def test_the_examples_of_the_trust_file_are_read() -> None:
    examples = [block for language, block in blocks_of(TRUST) if language == "toml"]
    trust = TrustFile.parse("\n".join(examples).encode(), folder="/etc/safeload")
    assert [grant.name for grant in trust.grants] == ["alice", "bob"]
    assert trust.rule_of("churn").threshold == 2
    assert trust.revoked.keys
    assert "statsmodels" in trust.packs.of("churn").on


@pytest.mark.parametrize("table", ["certificates", "identities"])
def test_the_other_examples_have_every_key(table: str) -> None:
    (example,) = (block for language, block in blocks_of(TRUST) if f"[{table}." in block)
    written = set(re.findall(r"^(\w+) =", example, re.MULTILINE))
    assert written == set(KEYS[f"[{table}.NAME]"]) | {"models"}


def test_the_examples_of_the_policy_file_are_read() -> None:
    examples = [block for language, block in blocks_of(POLICY) if language == "toml"]
    policy = Policy.parse("\n".join(examples).encode(), "acme.toml")
    for module, name in (("acme.features", "DateParts"), ("acme.kinds", "Kind")):
        assert policy.get(module, name)
    called = policy.get("acme.maths", "log_price")
    assert called is not None
    assert called.signature is not None
    assert policy.version_check("scikit-learn", signed=True) == "warn"
    assert "statsmodels" in policy.packs
