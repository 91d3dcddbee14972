"""``openssl`` and safeload: signatures over the encoded statement, and keys.

What is signed is the statement's pre-authentication encoding, which a shell can put together:
``DSSEv1``, the length and text of its type, its length, and the statement.
"""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from safeload.errors import UsageError
from safeload.trust.bundle import read_bundle
from safeload.trust.envelope import pre_authentication_encoding, signed_bundle, verify
from safeload.trust.keys import KeyType, SigningKey, VerifyingKey
from safeload.trust.manifest import Resource, to_payload
from tests.trust.interop.desks import DIGESTS, Desk, every_curve, openssl, run
from tests.trust.statements import MODEL, SHA256


@pytest.fixture
def desk(tmp_path: Path, key_type: KeyType) -> Desk:
    return Desk(tmp_path, key_type)


def test_openssl_is_here() -> None:
    openssl("version")


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
    bundle = json.loads(signed_bundle(payload, key))
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


# -- keys that openssl makes -----------------------------------------------------------------------

OLDEST = "-v1 PBE-SHA1-3DES"
# How people make a key, and whether it has a passphrase.
MADE = {
    "genpkey, Ed25519": ("genpkey -algorithm ed25519", KeyType.ED25519, False),
    "genpkey, P-384": (
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384",
        KeyType.P384,
        False,
    ),
    "genpkey, encrypted": (
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes-256-cbc -pass pass:secret",
        KeyType.P256,
        True,
    ),
    "ecparam, with a block of parameters": (
        "ecparam -name secp384r1 -genkey",
        KeyType.P384,
        False,
    ),
    "ecparam, traditional": ("ecparam -name secp521r1 -genkey -noout", KeyType.P521, False),
    "traditional, encrypted": (
        "ecparam -name prime256v1 -genkey -noout | openssl ec -aes256 -passout pass:secret",
        KeyType.P256,
        True,
    ),
    "PKCS#8 from a traditional one, encrypted": (
        "ecparam -name secp384r1 -genkey | openssl pkcs8 -topk8 -passout pass:secret",
        KeyType.P384,
        True,
    ),
    "PKCS#8 in the oldest way, encrypted": (
        f"ecparam -name secp521r1 -genkey | openssl pkcs8 -topk8 {OLDEST} -passout pass:secret",
        KeyType.P521,
        True,
    ),
    "parameters in full, which are those of a named curve": (
        "ecparam -name prime256v1 -genkey -noout -param_enc explicit",
        KeyType.P256,
        False,
    ),
}


def made(tmp_path: Path, command: str) -> Path:
    private = tmp_path / "made.key"
    shell = ["sh", "-c", f"openssl {command} > {private}"]
    done = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    private.chmod(0o600)
    return private


@pytest.mark.parametrize(("command", "key_type", "encrypted"), MADE.values(), ids=list(MADE))
def test_a_key_that_openssl_made_signs(
    tmp_path: Path, command: str, key_type: KeyType, encrypted: bool
) -> None:
    private = made(tmp_path, command)
    if encrypted:
        with pytest.raises(UsageError) as caught:
            SigningKey.read(private)
        assert caught.value.code == "passphrase-needed"
    key = SigningKey.read(private, passphrase=b"secret" if encrypted else None)
    assert key.public.key_type is key_type
    shown = run("openssl", "pkey", "-in", private, "-passin", "pass:secret", "-pubout")
    theirs = VerifyingKey.from_text(shown.stdout)
    theirs.verify(key.sign(b"data"), b"data")
    # However openssl wrote it, there is one text of a key, and so one id.
    assert theirs == key.public


UNFIT = {
    "RSA": "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048",
    "Ed448": "genpkey -algorithm ed448",
    "X25519": "genpkey -algorithm x25519",
    "secp256k1": "ecparam -name secp256k1 -genkey -noout",
    "secp256k1, its parameters in full": "ecparam -name secp256k1 -genkey -param_enc explicit",
    "a Brainpool curve": "ecparam -name brainpoolP256r1 -genkey -noout",
    "a curve of 224 bits": "ecparam -name secp224r1 -genkey -noout",
}


@pytest.mark.parametrize("command", UNFIT.values(), ids=list(UNFIT))
def test_a_key_of_another_kind_is_refused(tmp_path: Path, command: str) -> None:
    private = made(tmp_path, command)
    with pytest.raises(UsageError) as caught:
        SigningKey.read(private)
    assert caught.value.code in {"key-unsupported", "key-malformed"}
    public = run("openssl", "pkey", "-in", private, "-pubout").stdout
    with pytest.raises(UsageError) as caught:
        VerifyingKey.from_text(public)
    assert caught.value.code in {"key-unsupported", "key-malformed"}


def test_a_curve_with_another_base_point_is_refused(tmp_path: Path) -> None:
    """Whoever chooses the base point knows the private key of anybody's public one."""
    private = made(tmp_path, "ecparam -name prime256v1 -genkey -noout -param_enc explicit")
    der = run("openssl", "pkey", "-in", private, "-pubout").stdout
    assert VerifyingKey.from_text(der).key_type is KeyType.P256
    point = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    base, other = (
        ec.derive_private_key(number, ec.SECP256R1()).public_key().public_bytes(*point)
        for number in (1, 2)
    )
    for changed in (other, other[:33] + base[33:]):
        bytes_of_it = base64.b64decode("".join(der.split("\n")[1:-2]))
        assert bytes_of_it.count(base) == 1
        text = base64.encodebytes(bytes_of_it.replace(base, changed)).decode()
        with pytest.raises(UsageError) as caught:
            VerifyingKey.from_text(f"-----BEGIN PUBLIC KEY-----\n{text}-----END PUBLIC KEY-----\n")
        assert caught.value.code in {"key-unsupported", "key-malformed"}
