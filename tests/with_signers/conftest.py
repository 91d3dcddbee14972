"""A model to sign, and what must be true of every signature; nothing without the libraries."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

import safeload
from safeload.cli.main import main
from safeload.trust.envelope import pre_authentication_encoding
from safeload.trust.keys import KeyType, VerifyingKey
from safeload.trust.signers import public_key_of

# What each module needs beyond the tests' own requirements; `make signers` installs all of it.
NEEDED = {
    "test_aws.py": "moto",
    "test_azure.py": "azure",
    "test_google.py": "grpc",
    "test_token.py": "pkcs11",
    "test_vault.py": "hvac",
}
collect_ignore = [module for module, name in NEEDED.items() if find_spec(name) is None]

Signs = Callable[..., VerifyingKey]


@pytest.fixture
def signs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Signs:
    """Signs a model with a key, has all others verify it, and gives the public key."""

    def with_key(key: str, *options: str) -> VerifyingKey:
        monkeypatch.chdir(tmp_path)
        for name in ("none.pkl.sig", "trust.toml"):
            Path(name).unlink(missing_ok=True)
        Path("none.pkl").write_bytes(b"\x80\x04N.")
        public = public_key_of(key)
        command = ["sign", "none.pkl", "--key", key, "--name", "none", "--version", "1", *options]
        assert main(command) == 0, capsys.readouterr().err
        safeload.TrustFile.add("trust.toml", name="alice", key=public, models=["none"])
        assert main(["verify", "none.pkl", "--trust", "trust.toml"]) == 0
        assert safeload.load("none.pkl", trust="trust.toml") is None
        others_verify(public)
        return public

    return with_key


def others_verify(public: VerifyingKey) -> None:
    """``openssl`` verifies the bundle that lies here; ``model_signing`` as well, but Ed25519."""
    envelope = json.loads(Path("none.pkl.sig").read_bytes())["dsseEnvelope"]
    payload = base64.b64decode(envelope["payload"])
    Path("data").write_bytes(pre_authentication_encoding(payload))
    Path("signature").write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
    Path("public.pem").write_text(public.pem)
    if public.key_type is KeyType.ED25519:
        run("openssl pkeyutl -verify -pubin -inkey public.pem -rawin -in data -sigfile signature")
        return
    bits = {KeyType.P256: 256, KeyType.P384: 384, KeyType.P521: 512}[public.key_type]
    run(f"openssl dgst -sha{bits} -verify public.pem -signature signature data")
    run(
        f"{sys.executable} -m model_signing verify key none.pkl --signature none.pkl.sig "
        "--public_key public.pem"
    )


def run(command: str) -> None:
    subprocess.run(command.split(), check=True, capture_output=True)


@pytest.fixture
def refused(tmp_path: Path) -> Callable[..., str]:
    """The code of the error with which a key does not sign."""

    def with_key(key: str, passphrase: bytes | None = None) -> str:
        model = tmp_path / "refused.pkl"
        model.write_bytes(b"\x80\x04N.")
        with pytest.raises(safeload.SafeloadError) as caught:
            safeload.sign(model, key=key, name="none", version="1", passphrase=passphrase)
        assert caught.value.hint
        assert not model.with_name("refused.pkl.sig").exists()
        return caught.value.code

    return with_key
