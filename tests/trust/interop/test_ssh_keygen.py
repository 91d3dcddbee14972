"""Keys that ``ssh-keygen`` makes sign models, and their public lines stand in trust files."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path

import pytest

from safeload.errors import UsageError
from safeload.trust import private
from safeload.trust.envelope import UnverifiedBundle, signed_bundle
from safeload.trust.keys import KeyType, SigningKey, VerifyingKey
from safeload.trust.trustfile import TrustFile
from tests.trust.interop.desks import run
from tests.trust.statements import PAYLOAD

pytestmark = pytest.mark.skipif(
    shutil.which("ssh-keygen") is None, reason="there is no ssh-keygen on the PATH"
)

KINDS = {
    KeyType.ED25519: ("-t", "ed25519"),
    KeyType.P256: ("-t", "ecdsa", "-b", "256"),
    KeyType.P384: ("-t", "ecdsa", "-b", "384"),
    KeyType.P521: ("-t", "ecdsa", "-b", "521"),
}
every_type = pytest.mark.parametrize("key_type", KeyType)


def made(folder: Path, *kind: str, passphrase: str = "") -> Path:
    path = folder / "id"
    # One round of bcrypt: fast, and for no key that is kept.
    ssh_keygen(*kind, "-a", "1", "-N", passphrase, "-f", path)
    return path


def ssh_keygen(*arguments: str | Path) -> str:
    done = run("ssh-keygen", "-q", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@every_type
def test_a_key_of_openssh_signs_for_whoever_trusts_its_line(
    tmp_path: Path, key_type: KeyType
) -> None:
    path = made(tmp_path, *KINDS[key_type], "-C", "ann@laptop")
    line = Path(f"{path}.pub").read_text("ascii").strip()
    trust = TrustFile.parse(f'[keys.ann]\npublic = "{line}"\nmodels = ["*"]\n'.encode())
    key = SigningKey.read(path)
    assert key.public.key_type is key_type
    verified = trust.verify(UnverifiedBundle.read(signed_bundle(PAYLOAD, key)))
    assert verified.payload == PAYLOAD
    assert verified.key == key.public == VerifyingKey.from_text(line)


@every_type
def test_a_key_that_openssh_encrypted_opens_with_its_passphrase(
    tmp_path: Path, key_type: KeyType
) -> None:
    path = made(tmp_path, *KINDS[key_type], passphrase="open sesame")
    for passphrase, code in ((None, "passphrase-needed"), (b"open", "passphrase-wrong")):
        with pytest.raises(UsageError) as caught:
            SigningKey.read(path, passphrase=passphrase)
        assert caught.value.code == code
    key = SigningKey.read(path, passphrase=b"open sesame")
    assert key.public == VerifyingKey.from_text(Path(f"{path}.pub").read_text("ascii"))


@pytest.mark.parametrize("cipher", ["aes256-cbc", "aes256-gcm@openssh.com"])
def test_other_ciphers_of_openssh_are_read(tmp_path: Path, cipher: str) -> None:
    path = made(tmp_path, *KINDS[KeyType.ED25519], "-Z", cipher, passphrase="open sesame")
    with pytest.raises(UsageError) as caught:
        SigningKey.read(path, passphrase=b"open")
    assert caught.value.code == "passphrase-wrong"
    SigningKey.read(path, passphrase=b"open sesame")


def test_a_cipher_that_is_not_supported_is_exchanged(tmp_path: Path) -> None:
    rare = ("-Z", "chacha20-poly1305@openssh.com")
    path = made(tmp_path, *KINDS[KeyType.ED25519], *rare, passphrase="open sesame")
    with pytest.raises(UsageError) as caught:
        SigningKey.read(path, passphrase=b"open sesame")
    assert caught.value.code == "key-unsupported"
    # What the hint says.
    old = ("-P", "open sesame", "-N", "open sesame")
    ssh_keygen("-p", "-Z", "aes256-ctr", *old, "-f", path)
    SigningKey.read(path, passphrase=b"open sesame")


@every_type
@pytest.mark.parametrize("passphrase", ["", "open sesame"])
def test_a_damaged_key_of_openssh_is_a_key_or_a_usage_error(
    tmp_path: Path, key_type: KeyType, passphrase: str
) -> None:
    """Some of the bytes, each with other values: none ends in another error."""
    cipher = ("-Z", "aes256-gcm@openssh.com") if passphrase else ()
    begin, *lines, end = (
        made(tmp_path, *KINDS[key_type], *cipher, passphrase=passphrase)
        .read_text("ascii")
        .splitlines()
    )
    content = base64.b64decode("".join(lines))
    # Before that stands how much work bcrypt has, and any number of rounds is allowed.
    first = 100 if passphrase else 0
    codes = set()
    for place in range(first, len(content), 37 if passphrase else 3):
        for change in (1, 0x80, content[place]):
            changed = bytearray(content)
            changed[place] ^= change
            text = "\n".join([begin, base64.b64encode(changed).decode(), end, ""])
            try:
                private.load_private(text.encode(), passphrase.encode() or None)
            except UsageError as error:
                codes.add(error.code)
    known = {"key-malformed", "key-unsupported", "passphrase-needed", "passphrase-wrong"}
    assert codes
    assert codes <= known


def test_what_is_missing_to_open_a_key_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = made(tmp_path, *KINDS[KeyType.P256])
    (tmp_path / "encrypted").mkdir()
    encrypted = made(tmp_path / "encrypted", *KINDS[KeyType.P256], passphrase="open sesame")
    monkeypatch.setattr(private, "find_spec", lambda _: None)
    SigningKey.read(plain)
    with pytest.raises(UsageError) as caught:
        SigningKey.read(encrypted, passphrase=b"open sesame")
    assert caught.value.code == "extra-missing"
    # What the hint says.
    old = ("-P", "open sesame", "-N", "open sesame")
    ssh_keygen("-p", "-m", "PKCS8", *old, "-f", encrypted)
    SigningKey.read(encrypted, passphrase=b"open sesame")


@pytest.mark.parametrize("form", ["PEM", "PKCS8"])
def test_other_forms_of_openssh_are_read(tmp_path: Path, form: str) -> None:
    path = made(tmp_path, *KINDS[KeyType.P384], "-m", form, passphrase="open sesame")
    key = SigningKey.read(path, passphrase=b"open sesame")
    public = ssh_keygen("-e", "-m", "PKCS8", "-f", f"{path}.pub")
    assert VerifyingKey.from_text(public) == key.public


def test_an_rsa_key_of_openssh_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path, "-t", "rsa", "-b", "2048")
    with pytest.raises(UsageError) as caught:
        SigningKey.read(path)
    assert caught.value.code == "key-unsupported"


BROKEN = {
    "a public key in its place": "PUBLIC",
    "cut": "CUT",
    "nothing within": "-----BEGIN OPENSSH PRIVATE KEY-----\n-----END OPENSSH PRIVATE KEY-----\n",
    "no base64 within": (
        "-----BEGIN OPENSSH PRIVATE KEY-----\n????\n-----END OPENSSH PRIVATE KEY-----\n"
    ),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=list(BROKEN))
def test_what_is_no_key_of_openssh_is_refused(tmp_path: Path, text: str) -> None:
    path = made(tmp_path, *KINDS[KeyType.ED25519])
    if text == "PUBLIC":
        text = Path(f"{path}.pub").read_text("ascii")
    elif text == "CUT":
        begin, *lines, end = path.read_text("ascii").splitlines()
        text = "\n".join([begin, *lines[:2], end, ""])
    path.write_text(text, "ascii")
    with pytest.raises(UsageError) as caught:
        SigningKey.read(path)
    assert caught.value.code == "key-malformed"
