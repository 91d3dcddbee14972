"""Keys sign and verify, and only the right ones, from files that only their owner can read."""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from hypothesis import given
from hypothesis import strategies as st

from safeload.errors import TrustError, UsageError
from safeload.trust.keys import KeyType, SigningKey, VerifyingKey
from tests.trust.statements import ALICE, BOB, NOW

KEYS = {key_type: SigningKey.generate(key_type) for key_type in KeyType}
every_type = pytest.mark.parametrize("key_type", KeyType)
posix = pytest.mark.skipif(os.name != "posix", reason="file modes are a POSIX matter")

# A secp256k1 key: the curve of another world, which OpenSSL knows all the same.
OTHER_CURVE = ec.generate_private_key(ec.SECP256K1())
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def spki(public: Any) -> str:
    pem: bytes = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem.decode()


def openssh(public: Any) -> str:
    line: bytes = public.public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return line.decode()


def raw(key: VerifyingKey) -> Any:
    return serialization.load_pem_public_key(key.pem.encode())


def certificate() -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "alice")])
    key = ec.generate_private_key(ec.SECP256R1())
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(NOW)
        .not_valid_after(NOW.replace(year=NOW.year + 1))
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM).decode()


def private_pem(key: Any) -> bytes:
    pem: bytes = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem


def secret_file(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    path.chmod(0o600)
    return path


@every_type
def test_what_a_key_signs_its_public_key_verifies(key_type: KeyType) -> None:
    key = KEYS[key_type]
    key.public.verify(key.sign(b"data"), b"data")
    assert key.public.key_type is key_type


@every_type
def test_other_data_does_not_verify(key_type: KeyType) -> None:
    key = KEYS[key_type]
    with pytest.raises(TrustError) as caught:
        key.public.verify(key.sign(b"data"), b"datA")
    assert caught.value.code == "signature-invalid"


@pytest.mark.guarantee("G3")
@pytest.mark.parametrize("signer", KeyType)
@pytest.mark.parametrize("verifier", KeyType)
def test_a_key_of_one_type_never_verifies_the_signature_of_another(
    signer: KeyType, verifier: KeyType
) -> None:
    signature = KEYS[signer].sign(b"data")
    other = SigningKey.generate(verifier).public
    with pytest.raises(TrustError) as caught:
        other.verify(signature, b"data")
    assert caught.value.code == "signature-invalid"


@given(signature=st.binary(max_size=200), key_type=st.sampled_from(KeyType))
def test_any_bytes_as_a_signature_are_refused(signature: bytes, key_type: KeyType) -> None:
    with pytest.raises(TrustError) as caught:
        KEYS[key_type].public.verify(signature, b"data")
    assert caught.value.code == "signature-invalid"


@pytest.mark.parametrize(
    ("key_type", "algorithm"),
    [
        (KeyType.P256, hashes.SHA256()),
        (KeyType.P384, hashes.SHA384()),
        (KeyType.P521, hashes.SHA512()),
    ],
)
def test_each_curve_has_its_own_hash(key_type: KeyType, algorithm: hashes.HashAlgorithm) -> None:
    key = KEYS[key_type]
    raw(key.public).verify(key.sign(b"data"), b"data", ec.ECDSA(algorithm))


@every_type
def test_the_text_of_a_public_key_gives_the_same_key(key_type: KeyType) -> None:
    public = KEYS[key_type].public
    again = VerifyingKey.from_text(f"\n  {public.pem}\n")
    assert again == public
    assert again.pem == spki(raw(public))
    assert again.key_id == hashlib.sha256(public.pem.encode()).hexdigest()


@pytest.mark.parametrize("comment", ["", " alice@example", " Müller am Gerät", "\n"])
def test_an_ssh_line_gives_the_same_key_whatever_its_comment(comment: str) -> None:
    assert VerifyingKey.from_text(openssh(raw(ALICE.public)) + comment) == ALICE.public


def compressed() -> str:
    """An OpenSSH line whose point has one coordinate and a sign, as nobody writes it."""
    point = raw(BOB.public).public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
    )
    parts = (b"ecdsa-sha2-nistp256", b"nistp256", point)
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return f"ecdsa-sha2-nistp256 {base64.b64encode(blob).decode()}"


NOT_PUBLIC_KEYS = {
    "nothing at all": ("", "key-malformed"),
    "words": ("trust me", "key-malformed"),
    "a private key by mistake": (
        private_pem(ec.generate_private_key(ec.SECP256R1())).decode(),
        "key-malformed",
    ),
    "two keys in one text": (ALICE.public.pem + BOB.public.pem, "key-malformed"),
    "text before the key": ("alice " + ALICE.public.pem, "key-malformed"),
    "text after the key": (ALICE.public.pem + "alice", "key-malformed"),
    "a key cut short": (
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2Vw\n-----END PUBLIC KEY-----",
        "key-malformed",
    ),
    "a point that is not on its curve": (
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE"
        + "A" * 86
        + "==\n-----END PUBLIC KEY-----",
        "key-malformed",
    ),
    "letters outside ASCII in the key": (
        ALICE.public.pem.replace("MCow", "MCöw"),
        "key-malformed",
    ),
    "a certificate": (certificate(), "key-malformed"),
    "an RSA key": (spki(RSA.public_key()), "key-unsupported"),
    "an Ed448 key": (spki(ed448.Ed448PrivateKey.generate().public_key()), "key-unsupported"),
    "a key on secp256k1": (spki(OTHER_CURVE.public_key()), "key-unsupported"),
    "an ssh-rsa line": (openssh(RSA.public_key()), "key-malformed"),
    "an ecdsa line of another curve inside": (
        openssh(raw(BOB.public)).replace("nistp256", "nistp384", 1),
        "key-malformed",
    ),
    "an ssh line of a compressed point": (compressed(), "key-malformed"),
    "an ssh line of a security key": (f"sk-{openssh(raw(BOB.public))}", "key-malformed"),
    "an ssh line with options": (
        f"cert-authority {openssh(raw(ALICE.public))}",
        "key-malformed",
    ),
    "two ssh lines": ("\n".join([openssh(raw(ALICE.public))] * 2), "key-malformed"),
    "an ssh line without the key": ("ssh-ed25519 ", "key-malformed"),
    "an ssh line of another type inside": (
        openssh(RSA.public_key()).replace("ssh-rsa", "ssh-ed25519", 1),
        "key-malformed",
    ),
}


@pytest.mark.parametrize(("text", "code"), NOT_PUBLIC_KEYS.values(), ids=list(NOT_PUBLIC_KEYS))
def test_what_is_no_supported_public_key_is_refused(text: str, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        VerifyingKey.from_text(text)
    assert caught.value.code == code


@given(text=st.text())
def test_any_text_gives_a_public_key_or_a_usage_error(text: str) -> None:
    for candidate in (text, f"ssh-ed25519 {text}", ALICE.public.pem.replace("M", text, 1)):
        code = ""
        try:
            VerifyingKey.from_text(candidate)
        except UsageError as error:
            code = error.code
        assert code in {"", "key-malformed", "key-unsupported"}


@every_type
@pytest.mark.parametrize("passphrase", [None, b"correct horse", "Gedächtnis".encode()])
def test_a_written_key_reads_back(
    tmp_path: Path, key_type: KeyType, passphrase: bytes | None
) -> None:
    key = KEYS[key_type]
    path = tmp_path / "signing.key"
    key.write(path, passphrase=passphrase)
    again = SigningKey.read(path, passphrase=passphrase)
    assert again.public == key.public
    key.public.verify(again.sign(b"data"), b"data")
    assert (b"ENCRYPTED" in path.read_bytes()) == (passphrase is not None)


@posix
def test_a_written_key_belongs_to_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    before = os.umask(0)
    try:
        ALICE.write(path, passphrase=None)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_never_overwrites_a_file(tmp_path: Path) -> None:
    path = secret_file(tmp_path / "signing.key", b"precious")
    with pytest.raises(UsageError) as caught:
        ALICE.write(path, passphrase=None)
    assert caught.value.code == "key-exists"
    assert path.read_bytes() == b"precious"


@posix
def test_a_key_is_not_written_through_a_dangling_link(tmp_path: Path) -> None:
    link = tmp_path / "signing.key"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError) as caught:
        ALICE.write(link, passphrase=None)
    assert caught.value.code == "key-exists"
    assert not (tmp_path / "elsewhere").exists()


def test_a_key_that_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        ALICE.write(tmp_path / "no/such/directory/key", passphrase=None)
    assert caught.value.code == "key-unwritable"


@pytest.mark.guarantee("G6")
@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o777])
def test_a_private_key_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "signing.key"
    ALICE.write(path, passphrase=None)
    path.chmod(mode)
    with pytest.raises(UsageError) as caught:
        SigningKey.read(path)
    assert caught.value.code == "key-permissions"


def test_a_passphrase_is_asked_for_only_when_the_file_needs_one(tmp_path: Path) -> None:
    asked: list[str] = []

    def ask() -> bytes:
        asked.append("asked")
        return b"secret"

    ALICE.write(tmp_path / "open.key", passphrase=None)
    ALICE.write(tmp_path / "shut.key", passphrase=b"secret")
    assert SigningKey.read(tmp_path / "open.key", passphrase=ask).public == ALICE.public
    assert asked == []
    assert SigningKey.read(tmp_path / "shut.key", passphrase=ask).public == ALICE.public
    assert asked == ["asked"]


@pytest.mark.parametrize(
    ("passphrase", "code"),
    [
        (None, "passphrase-needed"),
        (b"Secret", "passphrase-wrong"),
        (b"secret ", "passphrase-wrong"),
        (b"", "passphrase-length"),
        (b"x" * 1024, "passphrase-length"),
    ],
)
def test_another_passphrase_does_not_open_a_key(
    tmp_path: Path, passphrase: bytes | None, code: str
) -> None:
    ALICE.write(tmp_path / "signing.key", passphrase=b"secret")
    with pytest.raises(UsageError) as caught:
        SigningKey.read(tmp_path / "signing.key", passphrase=passphrase)
    assert caught.value.code == code


@pytest.mark.parametrize("passphrase", [b"", b"x" * 1024])
def test_a_passphrase_that_does_not_fit_leaves_no_file(tmp_path: Path, passphrase: bytes) -> None:
    with pytest.raises(UsageError) as caught:
        ALICE.write(tmp_path / "signing.key", passphrase=passphrase)
    assert caught.value.code == "passphrase-length"
    assert list(tmp_path.iterdir()) == []


NOT_PRIVATE_KEYS = {
    "nothing at all": (b"", "key-malformed"),
    "a public key": (ALICE.public.pem.encode(), "key-malformed"),
    "bytes that are not a text": (b"\xff\x00" * 50, "key-malformed"),
    "an RSA key": (private_pem(RSA), "key-unsupported"),
    "a key on secp256k1": (private_pem(OTHER_CURVE), "key-unsupported"),
    "a file far too large": (b"x" * 100_000, "key-unreadable"),
}


@pytest.mark.parametrize(("data", "code"), NOT_PRIVATE_KEYS.values(), ids=list(NOT_PRIVATE_KEYS))
def test_what_is_no_supported_private_key_is_refused(
    tmp_path: Path, data: bytes, code: str
) -> None:
    path = secret_file(tmp_path / "signing.key", data)
    with pytest.raises(UsageError) as caught:
        SigningKey.read(path, passphrase=b"secret")
    assert caught.value.code == code


@pytest.mark.parametrize("name", ["missing.key", "."])
def test_a_path_that_leads_to_no_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        SigningKey.read(tmp_path / name)
    assert caught.value.code == "key-unreadable"


@posix
def test_a_pipe_in_place_of_a_key_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(UsageError) as caught:
        SigningKey.read(tmp_path / "pipe")
    assert caught.value.code == "key-unreadable"


@every_type
def test_neither_key_shows_a_secret(key_type: KeyType) -> None:
    key = KEYS[key_type]
    shown = repr(key) + str(key)
    assert "PRIVATE" not in shown
    assert "_private" not in shown
