"""Certificates in the hands of others: ``model_signing``, both ways, and ``openssl``."""

from __future__ import annotations

import hashlib
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import model_signing
import pytest
from cryptography import x509
from OpenSSL.crypto import X509StoreContextError

from safeload.errors import TrustError
from safeload.trust.bundle import bundle_path, read_bundle
from safeload.trust.envelope import signed_bundle
from safeload.trust.identities.certificates import key_id_of
from safeload.trust.identities.chain import read_chain
from safeload.trust.keys import KeyType, SigningKey
from safeload.trust.manifest import Manifest, Resource, to_payload
from safeload.trust.trustfile import TrustFile
from tests.trust.identities.issuing import IDENTITY, between, leaf, root
from tests.trust.identities.test_certificates import entry
from tests.trust.interop.desks import CURVES, openssl, run
from tests.trust.statements import CONTENT, MODEL, SHA256

NOW = datetime.now(UTC).replace(microsecond=0)
WHEN: dict[str, Any] = {"start": NOW - timedelta(days=1), "end": NOW + timedelta(days=1)}
every_curve = pytest.mark.parametrize("key_type", CURVES)


class Desk:
    """A directory with a model, a key with a certificate, and the authority's root."""

    def __init__(self, directory: Path, key_type: KeyType) -> None:
        self.key = SigningKey.generate(key_type)
        self.private = directory / "signing.key"
        self.key.write(self.private, passphrase=None)
        top = root(**WHEN)
        below = between("between", top, **WHEN)
        own = leaf(below, own=self.key._private, **WHEN)
        self.certificate, self.below, self.root = (
            self.saved(directory / f"{each.name}.pem", each.pem) for each in (own, below, top)
        )
        self.chain = self.saved(directory / "chain.pem", own.pem + below.pem)
        self.trust = TrustFile.parse(entry(top.pem, "acme", 'models = ["*"]').encode())
        self.file = directory / "churn.joblib"
        self.file.write_bytes(CONTENT)
        self.bundle = bundle_path(self.file)

    @staticmethod
    def saved(path: Path, text: str) -> Path:
        path.write_text(text, encoding="ascii")
        return path

    def sign(self) -> None:
        model, resource = MODEL, Resource(".", SHA256)
        payload = to_payload(subject=self.file.name, resources=[resource], model=model)
        self.bundle.write_bytes(
            signed_bundle(payload, self.key, read_chain(self.chain, self.key.public))
        )

    def model_signing_signs(self, *chain: Path) -> None:
        config: Any = model_signing.signing.Config
        config().use_certificate_signer(
            private_key=self.private,
            signing_certificate=self.certificate,
            certificate_chain=chain,
        ).sign(self.file, self.bundle)

    def model_signing_verifies(self) -> bool:
        config: Any = model_signing.verifying.Config
        verifier = config().use_certificate_verifier(certificate_chain=[self.root])
        try:
            verifier.verify(self.file, self.bundle)
        except (ValueError, X509StoreContextError):
            return False
        return True

    def manifest(self) -> Manifest:
        payload = self.trust.verify(read_bundle(self.bundle))
        manifest = Manifest.from_payload(payload)
        self.trust.authorise(payload, manifest, wanted=None)
        return manifest


@pytest.fixture
def desk(tmp_path: Path, key_type: KeyType) -> Desk:
    return Desk(tmp_path, key_type)


@every_curve
def test_model_signing_verifies_what_we_sign(desk: Desk) -> None:
    desk.sign()
    assert desk.model_signing_verifies()


@pytest.mark.parametrize("key_type", [KeyType.P521])
def test_the_command_of_model_signing_verifies_what_we_sign(desk: Desk) -> None:
    desk.sign()
    where = ("--signature", desk.bundle, "--certificate_chain", desk.root)
    done = run(sys.executable, "-m", "model_signing", "verify", "certificate", desk.file, *where)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("key_type", [KeyType.P256])
def test_model_signing_sees_another_root_and_a_changed_file(desk: Desk) -> None:
    desk.sign()
    desk.file.write_bytes(CONTENT + b"!")
    assert not desk.model_signing_verifies()
    desk.file.write_bytes(CONTENT)
    desk.root.write_text(root("third_party", **WHEN).pem, encoding="ascii")
    assert not desk.model_signing_verifies()


@every_curve
def test_we_verify_what_model_signing_signs(desk: Desk) -> None:
    desk.model_signing_signs(desk.below, desk.root)
    assert desk.manifest().resources == (Resource(".", SHA256),)


@pytest.mark.parametrize("key_type", [KeyType.P256])
def test_we_refuse_what_model_signing_signed_without_the_authorities(desk: Desk) -> None:
    desk.model_signing_signs(desk.root)
    with pytest.raises(TrustError) as caught:
        desk.manifest()
    assert caught.value.code == "certificate-untrusted"


@pytest.mark.parametrize("key_type", [KeyType.P256])
def test_our_bundle_has_exactly_the_members_of_theirs(desk: Desk) -> None:
    desk.model_signing_signs(desk.below)
    theirs = json.loads(desk.bundle.read_bytes())
    desk.sign()
    ours = json.loads(desk.bundle.read_bytes())
    assert ours["verificationMaterial"] == theirs["verificationMaterial"]
    assert ours.keys() == theirs.keys()


OPENSSL = """
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
subjectAltName = email:{identity}
"""


def test_an_authority_that_openssl_made_is_one(tmp_path: Path) -> None:
    config = tmp_path / "openssl.cnf"
    config.write_text(OPENSSL.format(identity=IDENTITY), encoding="ascii")
    new = ("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out")
    for name in ("root", "leaf"):
        openssl(*new, tmp_path / f"{name}.key")
    openssl(
        *("req", "-new", "-key", tmp_path / "root.key", "-subj", "/CN=root"),
        *("-out", tmp_path / "root.csr"),
    )
    openssl(
        *("x509", "-req", "-in", tmp_path / "root.csr", "-key", tmp_path / "root.key"),
        *("-days", "2", "-extfile", config, "-extensions", "root", "-out", tmp_path / "root.pem"),
    )
    openssl(
        *("req", "-new", "-key", tmp_path / "leaf.key", "-subj", "/CN=ml"),
        *("-out", tmp_path / "leaf.csr"),
    )
    openssl(
        *("x509", "-req", "-in", tmp_path / "leaf.csr", "-days", "1", "-extfile", config),
        *("-CA", tmp_path / "root.pem", "-CAkey", tmp_path / "root.key"),
        *("-extensions", "leaf", "-out", tmp_path / "leaf.pem"),
    )
    (tmp_path / "leaf.key").chmod(0o600)
    key = SigningKey.read(tmp_path / "leaf.key")
    payload = to_payload(subject="m", resources=[Resource(".", SHA256)], model=None)
    bundle = tmp_path / "m.sig"
    bundle.write_bytes(signed_bundle(payload, key, read_chain(tmp_path / "leaf.pem", key.public)))
    pem = (tmp_path / "root.pem").read_text(encoding="ascii")
    trust = TrustFile.parse(entry(pem, "acme", 'models = ["*"]').encode())
    assert trust.verify(read_bundle(bundle)).payload == payload


def test_openssl_says_the_key_id_of_a_certificate(tmp_path: Path) -> None:
    path = tmp_path / "root.pem"
    pem = root().pem
    path.write_text(pem, encoding="ascii")
    shown = run("openssl", "x509", "-in", path, "-noout", "-pubkey").stdout
    certificate = x509.load_pem_x509_certificate(pem.encode())
    assert hashlib.sha256(shown.encode()).hexdigest() == key_id_of(certificate)
