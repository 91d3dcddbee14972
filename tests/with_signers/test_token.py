"""Keys on a PKCS#11 token, which SoftHSM plays: all that a token does, but in software."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from safeload.trust.envelope import UnverifiedBundle, verify
from safeload.trust.keys import KeyType, VerifyingKey
from safeload.trust.signers import public_key_of
from tests.with_signers.conftest import Signs

MODULES = [
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/softhsm/libsofthsm2.so"),
    Path("/opt/homebrew/lib/softhsm/libsofthsm2.so"),
]
MODULE = next((path for path in MODULES if path.exists()), None)
PIN = "123456"
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    MODULE is None or not shutil.which("softhsm2-util") or not shutil.which("pkcs11-tool"),
    reason="Debian's softhsm2 and opensc are not installed",
)


@pytest.fixture(scope="module", autouse=True)
def tokens(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Two tokens, the first with a key of each sort."""
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\n")
    # The library reads it once, when it is first used in this process.
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    for label in ("models", "other token"):
        run("softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "12345678")
    curves = ["prime256v1", "secp384r1", "secp521r1", "secp256k1"]
    for number, curve in enumerate(curves, 2):
        keypair("models", number, f"EC:{curve}")
    keypair("models", 6, "rsa:2048")
    keypair("models", 7, "EC:prime256v1", "--private")
    keypair("other token", 2, "EC:secp384r1")


def run(*command: str) -> None:
    subprocess.run([*command, "--pin", PIN], check=True, capture_output=True)


def keypair(label: str, number: int, kind: str, *options: str) -> None:
    where = ["--module", str(MODULE), "--token-label", label, "--login"]
    what = ["--keypairgen", "--key-type", kind, "--id", f"{number:02}", *options]
    run("pkcs11-tool", *where, *what)


@pytest.fixture(autouse=True)
def module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYKCS11LIB", str(MODULE))


@pytest.fixture
def pin(tmp_path: Path) -> str:
    file = tmp_path / "pin"
    file.write_text(f"{PIN}\n")
    file.chmod(0o600)
    return str(file)


@pytest.mark.parametrize(
    ("key", "key_type"),
    [
        ("hsm:2?label=models", KeyType.P256),
        ("hsm:?label=models", KeyType.P256),
        ("hsm:3?label=models", KeyType.P384),
        ("hsm:2?label=other+token", KeyType.P384),
        ("hsm:?label=other%20token", KeyType.P384),
    ],
)
def test_a_key_of_a_token_signs(signs: Signs, pin: str, key: str, key_type: KeyType) -> None:
    assert signs(key, "--passphrase-file", pin).key_type is key_type


REFUSALS = {
    "a number that no key has": ("hsm:9?label=models", "signer-key-missing"),
    "a token that is not there": ("hsm:2?label=third", "signer-key-missing"),
    "two tokens and no label": ("hsm:2", "signer-key-missing"),
    "an RSA key": ("hsm:6?label=models", "signer-key-missing"),
    "a key on P-521": ("hsm:4?label=models", "key-unsupported"),
    "a key on secp256k1": ("hsm:5?label=models", "key-unsupported"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_names_no_key_says_why(refused: Callable[..., str], case: str) -> None:
    key, code = REFUSALS[case]
    assert refused(key, PIN.encode()) == code


@pytest.mark.parametrize("wrong", [b"654321", b"1", b"1" * 300, b"12345\0"])
def test_a_wrong_pin_is_refused(refused: Callable[..., str], wrong: bytes) -> None:
    assert refused("hsm:2?label=models", wrong) == "pin-wrong"


def test_a_public_key_that_the_token_hides_takes_the_pin(signs: Signs, pin: str) -> None:
    key = "hsm:7?label=models"
    asked: list[bool] = []

    def ask() -> bytes:
        asked.append(True)
        return PIN.encode()

    public_key_of(key, passphrase=ask)
    assert asked == [True]


def test_what_the_documentation_shows_works(tmp_path: Path) -> None:
    (tmp_path / "model.joblib").write_bytes(b"\x80\x04N.")
    text = (ROOT / "docs" / "keys.md").read_text("utf-8")
    (block,) = re.findall(r"^```text\n(\(umask.*?)^```$", text, re.MULTILINE | re.DOTALL)
    block = block.replace("/usr/lib/softhsm/libsofthsm2.so", str(MODULE))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    subprocess.run(
        ["bash", "-euc", block], cwd=tmp_path, env={**os.environ, "PATH": path}, check=True
    )
    bundle = UnverifiedBundle.read((tmp_path / "model.joblib.sig").read_bytes())
    verify(bundle, [VerifyingKey.from_text((tmp_path / "churn.pub").read_text())])


def test_a_module_that_is_none_is_an_error(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "empty.so").write_bytes(b"")
    for name in ("nowhere.so", "empty.so", "."):
        monkeypatch.setenv("PYKCS11LIB", str(tmp_path / name))
        assert refused("hsm:2?label=models", PIN.encode()) == "signer-failed"
