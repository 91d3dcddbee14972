"""What safeload signs, other tools verify; what they sign, safeload verifies.

The other tools are the ``model_signing`` command line, run by this interpreter, and ``openssl``.
Where one of them is missing, these tests fail: a form that nobody else has read is no standard.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from safeload.errors import TrustError
from safeload.trust.bundle import bundle_path, read_bundle
from safeload.trust.envelope import pre_authentication_encoding, seal, verify
from safeload.trust.keys import KeyType, SigningKey
from safeload.trust.manifest import Manifest, Model, Resource, to_payload
from tests.trust.statements import CONTENT, MODEL, SHA256, digests

CURVES = [KeyType.P256, KeyType.P384, KeyType.P521]
DIGESTS = {KeyType.P256: "-sha256", KeyType.P384: "-sha384", KeyType.P521: "-sha512"}
every_curve = pytest.mark.parametrize("key_type", CURVES)


def run(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(argument) for argument in arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def model_signing(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", "model_signing", *arguments)


def openssl(*arguments: str | Path) -> None:
    done = run("openssl", *arguments)
    assert done.returncode == 0, done.stderr


class Desk:
    """A directory with a model, a key pair of safeload's making, and the way to sign."""

    def __init__(self, directory: Path, key_type: KeyType) -> None:
        self.key = SigningKey.generate(key_type)
        self.private = directory / "signing.key"
        self.key.write(self.private, passphrase=None)
        self.public = directory / "signing.pub"
        self.public.write_text(self.key.public.pem, encoding="ascii")
        self.folder = directory / "model"
        self.folder.mkdir()
        self.file = self.folder / "churn.joblib"
        self.file.write_bytes(CONTENT)
        self.bundle = bundle_path(self.file)

    def sign(self, name: str, model: Model | None = MODEL) -> None:
        payload = to_payload(
            subject=self.file.name, resources=[Resource(name, SHA256)], model=model
        )
        self.bundle.write_bytes(seal(payload, self.key))

    def manifest(self) -> Manifest:
        payload = verify(read_bundle(self.bundle), [self.key.public])
        return Manifest.from_payload(payload)

    def model_signing_verifies(self, path: Path, *options: str) -> bool:
        where = ["--signature", str(self.bundle), "--public_key", str(self.public)]
        return model_signing("verify", "key", path, *where, *options).returncode == 0


@pytest.fixture
def desk(tmp_path: Path, key_type: KeyType) -> Desk:
    return Desk(tmp_path, key_type)


def test_the_other_tools_are_here() -> None:
    assert model_signing("--version").returncode == 0
    openssl("version")


@every_curve
def test_model_signing_verifies_what_we_sign(desk: Desk) -> None:
    desk.sign(".")
    assert desk.model_signing_verifies(desk.file)


@pytest.mark.parametrize("key_type", [KeyType.P256])
def test_model_signing_verifies_a_file_by_its_basename_in_its_directory(desk: Desk) -> None:
    desk.sign(desk.file.name)
    assert desk.model_signing_verifies(desk.folder)
    (desk.folder / "another").write_bytes(b"")
    assert not desk.model_signing_verifies(desk.folder)
    assert desk.model_signing_verifies(desk.folder, "--ignore_unsigned_files")


@pytest.mark.parametrize("key_type", [KeyType.P256])
def test_model_signing_sees_a_changed_file_and_a_changed_bundle(desk: Desk) -> None:
    desk.sign(".")
    bundle = json.loads(desk.bundle.read_bytes())
    desk.file.write_bytes(CONTENT + b"!")
    assert not desk.model_signing_verifies(desk.file)
    desk.file.write_bytes(CONTENT)
    payload = base64.b64decode(bundle["dsseEnvelope"]["payload"]).replace(b"churn", b"other")
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    desk.bundle.write_text(json.dumps(bundle), encoding="utf-8")
    assert not desk.model_signing_verifies(desk.file)


@every_curve
def test_we_verify_what_model_signing_signs(desk: Desk) -> None:
    done = model_signing(
        *("sign", "key", desk.file, "--signature", desk.bundle, "--private_key", desk.private)
    )
    assert done.returncode == 0, done.stderr
    manifest = desk.manifest()
    assert manifest.model is None
    assert manifest.resources == (Resource(".", SHA256),)
    assert manifest.check_content("churn.joblib", digests(len(CONTENT), SHA256))
    with pytest.raises(TrustError) as caught:
        manifest.check_content("churn.joblib", digests(len(CONTENT), "0" * 64))
    assert caught.value.code == "digest-mismatch"


@pytest.mark.parametrize("key_type", [KeyType.P256])
def test_we_verify_a_directory_that_model_signing_signs(desk: Desk) -> None:
    (desk.folder / "Größe.json").write_bytes(b"{}")
    done = model_signing(
        *("sign", "key", desk.folder, "--signature", desk.folder / "model.sig"),
        *("--private_key", desk.private),
    )
    assert done.returncode == 0, done.stderr
    desk.bundle = bundle_path(desk.folder)
    manifest = desk.manifest()
    assert {resource.name for resource in manifest.resources} == {"churn.joblib", "Größe.json"}
    assert manifest.check_content("churn.joblib", digests(len(CONTENT), SHA256))


@pytest.mark.parametrize("key_type", [KeyType.P256])
def test_a_bundle_that_model_signing_signed_and_somebody_changed_is_refused(desk: Desk) -> None:
    done = model_signing(
        *("sign", "key", desk.file, "--signature", desk.bundle, "--private_key", desk.private)
    )
    assert done.returncode == 0, done.stderr
    bundle: dict[str, Any] = json.loads(desk.bundle.read_bytes())
    payload = base64.b64decode(bundle["dsseEnvelope"]["payload"]).replace(b'"."', b'"a"')
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    desk.bundle.write_text(json.dumps(bundle), encoding="utf-8")
    with pytest.raises(TrustError) as caught:
        desk.manifest()
    assert caught.value.code == "signature-invalid"


@every_curve
def test_openssl_verifies_what_we_sign(desk: Desk, tmp_path: Path) -> None:
    desk.sign(".")
    envelope = json.loads(desk.bundle.read_bytes())["dsseEnvelope"]
    payload = base64.b64decode(envelope["payload"])
    (tmp_path / "pae").write_bytes(
        f"DSSEv1 28 application/vnd.in-toto+json {len(payload)} ".encode() + payload
    )
    (tmp_path / "sig").write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
    openssl(
        *("dgst", DIGESTS[desk.key.public.key_type], "-verify", desk.public),
        *("-signature", tmp_path / "sig", tmp_path / "pae"),
    )


@pytest.mark.parametrize("key_type", [KeyType.ED25519])
def test_openssl_verifies_what_we_sign_with_ed25519(desk: Desk, tmp_path: Path) -> None:
    payload = to_payload(subject="m", resources=[Resource(".", SHA256)], model=MODEL)
    (tmp_path / "pae").write_bytes(pre_authentication_encoding(payload))
    (tmp_path / "sig").write_bytes(desk.key.sign(pre_authentication_encoding(payload)))
    openssl(
        *("pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", desk.public),
        *("-sigfile", tmp_path / "sig", "-in", tmp_path / "pae"),
    )


@every_curve
def test_we_verify_what_openssl_signs_with_a_key_of_its_own(
    tmp_path: Path, key_type: KeyType
) -> None:
    curve = {"p256": "prime256v1", "p384": "secp384r1", "p521": "secp521r1"}[key_type]
    private, pae, sig = tmp_path / "key", tmp_path / "pae", tmp_path / "sig"
    openssl("ecparam", "-name", curve, "-genkey", "-noout", "-out", private)
    private.chmod(0o600)
    key = SigningKey.read(private)
    assert key.public.key_type is key_type
    payload = to_payload(subject="m", resources=[Resource(".", SHA256)], model=MODEL)
    pae.write_bytes(pre_authentication_encoding(payload))
    openssl("dgst", DIGESTS[key_type], "-sign", private, "-out", sig, pae)
    bundle = json.loads(seal(payload, key))
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(sig.read_bytes()).decode()
    (tmp_path / "m.sig").write_text(json.dumps(bundle, indent=2), encoding="utf-8")
    assert verify(read_bundle(tmp_path / "m.sig"), [key.public]).payload == payload


@pytest.mark.parametrize("cipher", ["-aes-256-cbc", "-aes256"])
def test_a_key_that_openssl_encrypted_opens_with_its_passphrase(
    tmp_path: Path, cipher: str
) -> None:
    private = tmp_path / "key"
    openssl("genpkey", "-algorithm", "ed25519", cipher, "-pass", "pass:secret", "-out", private)
    private.chmod(0o600)
    key = SigningKey.read(private, passphrase=b"secret")
    key.public.verify(key.sign(b"data"), b"data")


def test_openssl_reads_a_key_that_we_encrypted(tmp_path: Path) -> None:
    key = SigningKey.generate(KeyType.P256)
    key.write(tmp_path / "key", passphrase=b"secret")
    out = tmp_path / "pub"
    openssl("pkey", "-in", tmp_path / "key", "-passin", "pass:secret", "-pubout", "-out", out)
    assert out.read_text(encoding="ascii") == key.public.pem


@pytest.mark.parametrize("key_type", [KeyType.P256])
def test_our_bundle_has_exactly_the_members_of_theirs(desk: Desk) -> None:
    """Members and their types, down to the subject's annotations, which are ours."""
    done = model_signing(
        *("sign", "key", desk.file, "--signature", desk.bundle, "--private_key", desk.private)
    )
    assert done.returncode == 0, done.stderr
    theirs = shape(desk.bundle)
    desk.sign(".")
    ours = shape(desk.bundle)
    assert ours.pop("subject.annotations") == "dict"
    # They list the paths of git that they left out; a single file leaves nothing out.
    assert theirs.pop("predicate.serialization.ignore_paths") == "list"
    assert ours == theirs


def shape(path: Path) -> dict[str, str]:
    bundle = json.loads(path.read_bytes())
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    found: dict[str, str] = {}

    def walk(value: Any, where: str) -> None:
        if where:
            found[where] = type(value).__name__
        if where == "subject.annotations":
            return
        if isinstance(value, dict):
            for name, inner in value.items():
                walk(inner, f"{where}.{name}".lstrip("."))
        elif isinstance(value, list) and where != "predicate.serialization.ignore_paths":
            for inner in value:
                walk(inner, where)

    walk(bundle, "")
    walk(statement, "")
    return found
