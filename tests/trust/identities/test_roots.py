"""What stands in ``[certificates.*]`` of a trust file is what it says, or an error at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from safeload.errors import UsageError
from safeload.trust.identities.certificates import Roots
from safeload.trust.trustfile import TrustFile
from tests.trust.identities.issuing import between, leaf, root
from tests.trust.identities.test_certificates import entry

ROOT = root()
BETWEEN = between("between", ROOT)
LEAF = leaf(BETWEEN)
OTHER = root("other")


def refused(text: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        TrustFile.parse(text.encode())
    return caught.value


def test_several_roots_are_trusted_alike() -> None:
    trusted = TrustFile.parse(entry(ROOT.pem + OTHER.pem).encode())
    assert trusted.certificates[0].roots == Roots((ROOT.certificate, OTHER.certificate))


def test_roots_may_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "roots.pem").write_text(ROOT.pem, encoding="ascii")
    (tmp_path / "roots.pem").chmod(0o600)
    path = tmp_path / "trust.toml"
    path.write_text(
        '[certificates.acme]\nroots = "roots.pem"\nidentity = "a@b"\nmodels = ["*"]\n',
        encoding="ascii",
    )
    path.chmod(0o600)
    assert TrustFile.read(path).certificates[0].roots == Roots((ROOT.certificate,))


def test_an_authority_below_a_root_can_be_trusted_in_its_place() -> None:
    assert Roots.from_pem(BETWEEN.pem).certificates == (BETWEEN.certificate,)


@pytest.mark.parametrize(
    "pem",
    [
        LEAF.pem,
        ROOT.pem + LEAF.pem,
        ROOT.pem.replace("M", "N", 4),
        ROOT.pem[:200],
        ROOT.pem * 301,
        "-----BEGIN CERTIFICATE-----",
    ],
    ids=["a leaf", "a leaf behind a root", "changed", "cut", "too many", "a beginning"],
)
def test_what_is_no_authority_is_no_root(pem: str) -> None:
    assert refused(entry(pem)).code == "trustfile-malformed"
    with pytest.raises(UsageError) as caught:
        Roots.from_pem(pem)
    assert caught.value.code == "roots-malformed"


@pytest.mark.parametrize("identity", ["*", "*@acme.example", "*.acme.example"])
def test_an_identity_has_no_wildcard(identity: str) -> None:
    error = refused(entry(identity=identity))
    assert error.code == "trustfile-malformed"
    assert "line" in error.message


@pytest.mark.parametrize("expired", ['"never"', '""', "true", '["accept"]'])
def test_what_is_done_about_expiry_is_one_of_two_words(expired: str) -> None:
    text = entry(ROOT.pem, "acme", 'models = ["*"]', f"expired = {expired}")
    assert refused(text).code == "trustfile-malformed"
