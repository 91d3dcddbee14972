"""Keys of the transit engine: that of OpenBao, which continues HashiCorp's Vault, and runs here."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import hvac
import pytest

from safeload.errors import TrustError
from safeload.trust.keys import KeyType
from safeload.trust.signers import public_key_of, signer_of
from tests.with_signers.conftest import Signs

TOKEN = "root"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[hvac.Client]:
    """A server whose keys are in memory."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = [str(Path(sys.executable).with_name("bao")), "server", "-dev", "-dev-no-store-token"]
    command += [f"-dev-root-token-id={TOKEN}", f"-dev-listen-address=127.0.0.1:{port}"]
    folder = tmp_path_factory.mktemp("bao")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder
    ) as process:
        try:
            assert process.stdout is not None
            # It says the token once all else is done.
            said: list[str] = []
            while "Root Token" not in (line := process.stdout.readline()):
                assert line, "".join(said)
                said.append(line)
            client = hvac.Client(f"http://127.0.0.1:{port}", TOKEN)
            client.sys.enable_secrets_engine("transit")
            for name, kind in (("models", "ed25519"), ("curve", "ecdsa-p256"), ("rsa", "rsa-2048")):
                client.secrets.transit.create_key(name, key_type=kind)
            yield client
        finally:
            process.terminate()


@pytest.fixture(autouse=True)
def environment(server: hvac.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_ADDR", server.url)
    monkeypatch.setenv("VAULT_TOKEN", TOKEN)


def test_a_key_of_the_engine_signs(signs: Signs) -> None:
    assert signs("hv:models").key_type is KeyType.ED25519
    assert signs("hv:models/1") == public_key_of("hv:models")


def test_only_the_newest_version_signs(
    server: hvac.Client, signs: Signs, refused: Callable[..., str]
) -> None:
    server.secrets.transit.create_key("rotated", key_type="ed25519")
    before = signer_of("hv:rotated")
    for _ in range(10):
        server.secrets.transit.rotate_key("rotated")
    # Whoever began with the former version ends with it.
    before.public.verify(before.sign(b"data"), b"data")
    assert refused("hv:rotated/1") == "signer-key-missing"
    assert signs("hv:rotated/11") == signs("hv:rotated") != before.public


REFUSALS = {
    "a key that is not there": ("hv:nothing", "signer-key-missing"),
    "a key on P-256": ("hv:curve", "key-unsupported"),
    "an RSA key": ("hv:rsa", "key-unsupported"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_names_no_key_says_why(refused: Callable[..., str], case: str) -> None:
    key, code = REFUSALS[case]
    assert refused(key) == code


def test_who_may_read_and_not_sign_is_told_so(
    server: hvac.Client, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.sys.create_or_update_policy(
        "reader", 'path "transit/keys/models" { capabilities = ["read"] }'
    )
    token = server.auth.token.create(policies=["reader"])["auth"]["client_token"]
    monkeypatch.setenv("VAULT_TOKEN", token)
    assert public_key_of("hv:models")
    assert refused("hv:models") == "signer-denied"


def test_who_may_sign_one_key_needs_no_more(
    server: hvac.Client, signs: Signs, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.sys.create_or_update_policy(
        "signer",
        'path "transit/keys/models" { capabilities = ["read"] }\n'
        'path "transit/sign/models" { capabilities = ["update"] }\n',
    )
    token = server.auth.token.create(policies=["signer"])["auth"]["client_token"]
    monkeypatch.setenv("VAULT_TOKEN", token)
    assert signs("hv:models")
    assert refused("hv:curve") == "signer-denied"


@pytest.mark.parametrize("token", ["", "wrong"])
def test_without_a_token_that_is_known_nothing_is_signed(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, token: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("VAULT_TOKEN", token)
    assert refused("hv:models") == "signer-denied"


def test_a_server_that_is_away_is_told_so(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAULT_ADDR", "http://127.0.0.1:1")
    assert refused("hv:models") == "signer-unreachable"


def test_a_key_that_is_exchanged_meanwhile_signs_nothing(server: hvac.Client) -> None:
    transit = server.secrets.transit
    transit.create_key("exchanged", key_type="ed25519")
    signer = signer_of("hv:exchanged")
    transit.update_key_configuration("exchanged", deletion_allowed=True)
    transit.delete_key("exchanged")
    transit.create_key("exchanged", key_type="ed25519")
    with pytest.raises(TrustError) as caught:
        signer.sign(b"data")
    assert caught.value.code == "signer-wrong"


def test_a_sealed_server_is_told_so(server: hvac.Client, refused: Callable[..., str]) -> None:
    """The last test of this server's: nothing unseals it."""
    server.sys.seal()
    assert refused("hv:models") == "signer-unreachable"
