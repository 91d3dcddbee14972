"""What a trust file says in its tables, and that nothing in them is passed over."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from safeload.errors import UsageError
from safeload.trust.trustfile import ModelRule, TrustFile
from tests.trust.identities.issuing import root
from tests.trust.statements import ALICE, BOB, NOW

posix = pytest.mark.skipif(os.name != "posix", reason="owners and modes are a POSIX matter")

PEM = f'"""{ALICE.public.pem}"""'


ROOT = root("acme root").pem
CERTIFICATES = f'[certificates.acme]\nidentity = "ml@acme.example"\nroots = """{ROOT}"""\n'
IDENTITY = '[identities.release]\nidentity = "me"\nissuer = "https://idp"\n'
MODELS = 'models = ["churn"]\n'


def in_folder(folder: Path, text: str, **files: str) -> Path:
    """A trust file, and files beside it whose names have a point for each _."""
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content, "utf-8")
        (folder / name.replace("_", ".")).chmod(0o644)
    path = folder / "trust.toml"
    path.write_text(text, "utf-8")
    path.chmod(0o600)
    return path


def code_of(read: Callable[[], object]) -> str:
    with pytest.raises(UsageError) as caught:
        read()
    return caught.value.code


# Keys


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_a_key_on_each_curve_may_stand_as_ssh_keygen_writes_it(curve: ec.EllipticCurve) -> None:
    public = ec.generate_private_key(curve).public_key()
    line = public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    text = f'[keys.a]\npublic = "{line.decode()} a@b schlüssel"\n{MODELS}'
    (signer,) = TrustFile.parse(text.encode()).signers
    assert signer.key == type(signer.key).of(public)


def test_a_key_of_another_kind_is_named() -> None:
    line = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAQQC7"
    text = f'[keys.a]\npublic = "{line}"\n{MODELS}'
    assert code_of(lambda: TrustFile.parse(text.encode())) == "key-malformed"


def test_the_public_key_may_be_in_a_file_beside_the_trust_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = in_folder(
        tmp_path, f'[keys.alice]\npublic_file = "alice.pub"\n{MODELS}', alice_pub=ALICE.public.pem
    )
    monkeypatch.chdir("/")
    (signer,) = TrustFile.read(path).signers
    assert signer.key == ALICE.public
    # The text of the trust file is the same, and what it stands for is not.
    (tmp_path / "alice.pub").write_text(BOB.public.pem)
    (signer,) = TrustFile.read(path).signers
    assert signer.key == BOB.public


@pytest.mark.guarantee("G6")
@posix
def test_a_file_that_a_trust_file_names_is_judged_as_it_is(tmp_path: Path) -> None:
    path = in_folder(
        tmp_path, f'[keys.alice]\npublic_file = "alice.pub"\n{MODELS}', alice_pub=ALICE.public.pem
    )
    assert TrustFile.read(path).signers
    (tmp_path / "alice.pub").chmod(0o666)
    assert code_of(lambda: TrustFile.read(path)) == "trustfile-writable"
    (tmp_path / "alice.pub").unlink()
    other = tmp_path / "open"
    other.mkdir()
    other.chmod(0o777)
    (other / "alice.pub").write_text(ALICE.public.pem)
    (tmp_path / "alice.pub").symlink_to(other / "alice.pub")
    assert code_of(lambda: TrustFile.read(path)) == "trustfile-writable"


@pytest.mark.parametrize(
    "named", ["none.pub", ".", "a/b/c", "/dev/zero", "x" * 3000, "trust.toml/alice.pub"]
)
def test_a_named_file_that_cannot_be_read_is_said_with_its_line(tmp_path: Path, named: str) -> None:
    path = in_folder(tmp_path, f'\n[keys.alice]\n{MODELS}public_file = "{named}"\n')
    with pytest.raises(UsageError) as caught:
        TrustFile.read(path)
    assert caught.value.code == "trustfile-names-unreadable"
    assert re.search(r"\bline (\d+)\b", caught.value.message)[1] == "4"  # type: ignore[index]


def test_relative_paths_need_a_folder_to_begin_in(tmp_path: Path) -> None:
    in_folder(tmp_path, "", alice_pub=ALICE.public.pem)
    text = f'[keys.alice]\npublic_file = "alice.pub"\n{MODELS}'.encode()
    assert code_of(lambda: TrustFile.parse(text)) == "trustfile-malformed"
    assert TrustFile.parse(text, folder=tmp_path).signers
    absolute = text.replace(b"alice.pub", os.fsencode(tmp_path / "alice.pub"))
    assert TrustFile.parse(absolute).signers
    for line in ('ledger = "a.sqlite"\n', '[models.churn]\npolicy = "p.toml"\n'):
        assert code_of(partial(TrustFile.parse, line.encode())) == "trustfile-malformed"


# Certificates and identities


def test_roots_stand_in_the_trust_file_or_in_one_beside_it(tmp_path: Path) -> None:
    window = "not_before = 2026-01-01T00:00:00Z\nnot_after = 2027-01-01T00:00:00Z\nonly = []\n"
    (inline,) = TrustFile.parse((CERTIFICATES + MODELS + window).encode()).certificates
    assert inline.roots.certificates == (x509.load_pem_x509_certificate(ROOT.encode()),)
    assert (inline.name, inline.identity, inline.models) == ("acme", "ml@acme.example", ("churn",))
    assert inline.is_current(NOW)
    assert not inline.is_current(datetime(2028, 1, 1, tzinfo=UTC))
    assert inline.only == frozenset()
    text = f'[certificates.acme]\nidentity = "ml@acme.example"\nroots = "roots.pem"\n{MODELS}'
    path = in_folder(tmp_path, text, roots_pem=ROOT + root("another").pem)
    (beside,) = TrustFile.read(path).certificates
    assert len(beside.roots.certificates) == 2
    assert beside.roots.certificates[0] == inline.roots.certificates[0]


def test_an_identity_has_an_issuer_and_a_pinned_root(tmp_path: Path) -> None:
    text = f'{IDENTITY}trusted_root = "root.json"\n{MODELS}'
    (found,) = TrustFile.read(in_folder(tmp_path, text, root_json='{"a": 1}')).identities
    assert (found.identity, found.issuer, found.trusted_root) == ("me", "https://idp", b'{"a": 1}')
    assert found.may_sign("churn")
    path = in_folder(tmp_path, text, root_json="no json")
    assert code_of(lambda: TrustFile.read(path)) == "trustfile-malformed"


def test_every_signer_of_a_file_is_one_of_its_grants(tmp_path: Path) -> None:
    text = (
        f"[keys.alice]\npublic = {PEM}\n{MODELS}{CERTIFICATES}{MODELS}"
        f'{IDENTITY}trusted_root = "root.json"\n{MODELS}'
    )
    trust = TrustFile.read(in_folder(tmp_path, text, root_json="{}"))
    assert [grant.name for grant in trust.grants] == ["alice", "acme", "release"]


# What is demanded of models


def test_what_is_demanded_of_a_model(tmp_path: Path) -> None:
    text = (
        'ledger = "loads.sqlite"\n[models.churn]\nmin_serial = 7\nthreshold = 2\n'
        'policy = "churn.toml"\nprobe = "required"\ndrift = "warn"\n'
    )
    trust = TrustFile.read(in_folder(tmp_path, text))
    assert trust.rule_of("churn") == ModelRule(
        min_serial=7, threshold=2, policy=tmp_path / "churn.toml", probe=True, drift="warn"
    )
    assert trust.rule_of("another") == ModelRule()
    assert trust.ledger == tmp_path / "loads.sqlite"


KEY = f"[keys.alice]\n{MODELS}public = {PEM}\n"
# Each with the line that is at fault.
MALFORMED = {
    "two public keys": (7, f"[keys.alice]\n{MODELS}public = {PEM}\npublic_file = 1\n"),
    "a public file that is a number": (3, f"[keys.alice]\n{MODELS}public_file = 1\n"),
    "a public file of no name": (3, f"[keys.alice]\n{MODELS}public_file = ''\n"),
    "a public file of two lines": (3, f'[keys.alice]\n{MODELS}public_file = "a\\nb"\n'),
    "a window that closes before it opens": (
        8,
        f"{KEY}not_before = 2027-01-01T00:00:00Z\nnot_after = 2026-01-01T00:00:00Z\n",
    ),
    "a key and a certificate of one name": (
        7,
        f"{KEY}[certificates.alice]\nidentity = 'a'\n",
    ),
    "certificates without roots": (1, f"[certificates.acme]\nidentity = 'a'\n{MODELS}"),
    "roots that are not certificates": (
        2,
        "[certificates.acme]\nroots = '-----BEGIN CERTIFICATE-----'\nidentity = 'a'\n" + MODELS,
    ),
    "certificates of anybody": (1, f'[certificates.acme]\nroots = """{ROOT}"""\n{MODELS}'),
    "certificates for no model": (1, CERTIFICATES),
    "an unknown member of certificates": (1, f"certificates.acme.name = 'a'\n{CERTIFICATES[:0]}"),
    "an identity of two lines": (2, f'[identities.a]\nidentity = "a\\nb"\n{MODELS}'),
    "an identity without an issuer": (1, f"[identities.a]\nidentity = 'a'\n{MODELS}"),
    "an identity without a root": (1, f"{IDENTITY}{MODELS}"),
    "an unknown member of an identity": (2, "[identities.a]\nidentities = 'a'\n"),
    "identities that are a list": (1, "identities = []\n"),
    "a threshold beyond what anybody signs": (2, "[models.churn]\nthreshold = 17\n"),
    "a probe that is true": (2, "[models.churn]\nprobe = true\n"),
    "a probe that is optional": (2, "[models.churn]\nprobe = 'optional'\n"),
    "a drift of another word": (2, "[models.churn]\ndrift = 'error'\n"),
    "a drift that is false": (2, "[models.churn]\ndrift = false\n"),
    "a policy that is a table": (2, "[models.churn]\npolicy = {}\n"),
    "a ledger of no name": (1, "ledger = ''\n"),
    "a ledger that is a number": (1, "ledger = 1\n"),
}


@pytest.mark.parametrize(("line", "text"), MALFORMED.values(), ids=list(MALFORMED))
def test_a_table_that_is_off_is_refused_with_its_line(line: int, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        TrustFile.parse(text.encode(), folder="/nowhere")
    assert caught.value.code == "trustfile-malformed"
    assert re.search(r"\bline (\d+)\b", caught.value.message)[1] == str(line)  # type: ignore[index]


def test_nobody_is_in_a_file_twice(tmp_path: Path) -> None:
    folder = tmp_path
    (folder / "root.json").write_text("{}")
    (folder / "root.json").chmod(0o600)
    again = CERTIFICATES.replace("acme]", "acme-2]")
    who = f'{IDENTITY}trusted_root = "root.json"\n{MODELS}'
    for text in (
        KEY + KEY.replace("alice", "eve"),
        CERTIFICATES + MODELS + again + MODELS,
        who + who.replace("release", "release-2"),
    ):
        assert (
            code_of(partial(TrustFile.parse, text.encode(), folder=folder)) == "trustfile-malformed"
        )
    other = who.replace("release", "release-2").replace("https://idp", "https://other")
    assert len(TrustFile.parse((who + other).encode(), folder=folder).identities) == 2
