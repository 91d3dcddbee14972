"""Keys of Azure Key Vault, played on loopback as far as its documentation says what it answers.

Nothing of this was tried with Azure itself. What speaks to it here is Azure's own library, over
HTTPS, to the real names of its hosts.
"""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature

from safeload.trust.keys import KeyType
from tests.with_signers.clouds import Certificates, Tunnel
from tests.with_signers.conftest import Signs

LOGIN, VAULT = "login.microsoftonline.com", "acme.vault.azure.net"
TENANT = "11111111-2222-3333-4444-555555555555"
KEYS = {
    "p256": ("P-256", ec.generate_private_key(ec.SECP256R1())),
    "p384": ("P-384", ec.generate_private_key(ec.SECP384R1())),
    "p521": ("P-521", ec.generate_private_key(ec.SECP521R1())),
    "koblitz": ("P-256K", ec.generate_private_key(ec.SECP256K1())),
}
HASHES: dict[str, hashes.HashAlgorithm] = {
    "ES256": hashes.SHA256(),
    "ES384": hashes.SHA384(),
    "ES512": hashes.SHA512(),
}


def encoded(number_or_bytes: int | bytes, size: int = 0) -> str:
    if isinstance(number_or_bytes, int):
        number_or_bytes = number_or_bytes.to_bytes(size, "big")
    return base64.urlsafe_b64encode(number_or_bytes).decode().rstrip("=")


class Azure(BaseHTTPRequestHandler):
    """Answers for both hosts."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes | None) -> None:
        host = self.headers["Host"].partition(":")[0]
        parts = self.path.partition("?")[0].strip("/").split("/")
        if host == LOGIN:
            self._send(200, self._login(parts))
        elif "Authorization" not in self.headers:
            # A vault says who gives tokens for it.
            demand = f'Bearer authorization="https://{LOGIN}/{TENANT}", '
            demand += 'resource="https://vault.azure.net"'
            self._send(401, {}, {"WWW-Authenticate": demand})
        elif parts[1] == "forbidden":
            self._send(403, {"error": {"code": "Forbidden", "message": "No."}})
        elif parts[1] not in KEYS:
            self._send(404, {"error": {"code": "KeyNotFound", "message": "None."}})
        else:
            self._send(200, self._key(parts[1]) if body is None else self._signed(parts[1], body))

    def _login(self, parts: list[str]) -> dict[str, Any]:
        here = f"https://{LOGIN}/{TENANT}"
        if parts[-1] == "token":
            return {"access_token": "a.token", "expires_in": 3600, "token_type": "Bearer"}
        if parts[-1] == "instance":
            return {
                "tenant_discovery_endpoint": f"{here}/v2.0/.well-known/openid-configuration",
                "metadata": [
                    {"preferred_network": LOGIN, "preferred_cache": LOGIN, "aliases": [LOGIN]}
                ],
            }
        return {
            "issuer": f"{here}/v2.0",
            "authorization_endpoint": f"{here}/oauth2/v2.0/authorize",
            "token_endpoint": f"{here}/oauth2/v2.0/token",
        }

    def _key(self, name: str) -> dict[str, Any]:
        curve, key = KEYS[name]
        numbers, size = key.public_key().public_numbers(), (key.key_size + 7) // 8
        return {
            "key": {
                "kid": f"https://{VAULT}/keys/{name}/0123",
                "kty": "EC",
                "crv": curve,
                "key_ops": ["sign", "verify"],
                "x": encoded(numbers.x, size),
                "y": encoded(numbers.y, size),
            },
            "attributes": {"enabled": True},
        }

    def _signed(self, name: str, body: bytes) -> dict[str, Any]:
        asked, (_, key) = json.loads(body), KEYS[name]
        digest = base64.urlsafe_b64decode(asked["value"] + "==")
        made = key.sign(digest, ec.ECDSA(Prehashed(HASHES[asked["alg"]])))
        size = (key.key_size + 7) // 8
        both = b"".join(number.to_bytes(size, "big") for number in decode_dss_signature(made))
        return {"kid": f"https://{VAULT}/keys/{name}/0123", "value": encoded(both)}

    def _send(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("azure"), LOGIN, VAULT)


@pytest.fixture(scope="module")
def tunnel(certificates: Certificates) -> Iterator[Tunnel]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Azure)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.chain, certificates.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    tunnel = Tunnel(server.server_address[1])
    yield tunnel
    tunnel.close()
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def environment(
    tunnel: Tunnel, certificates: Certificates, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in {
        "HOME": str(tmp_path),
        "HTTPS_PROXY": tunnel.address,
        "NO_PROXY": "",
        "REQUESTS_CA_BUNDLE": str(certificates.authority),
        "AZURE_TENANT_ID": TENANT,
        "AZURE_CLIENT_ID": "client",
        "AZURE_CLIENT_SECRET": "secret",
        "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("key_type", [KeyType.P256, KeyType.P384, KeyType.P521])
def test_a_key_of_a_vault_signs(signs: Signs, tunnel: Tunnel, key_type: KeyType) -> None:
    key = f"azurekms://{VAULT}/keys/{key_type}"
    public = signs(key)
    assert public.key_type is key_type
    assert signs(f"{key}/0123") == public
    assert tunnel.asked == {LOGIN, VAULT}


REFUSALS = {
    "a key that is not there": ("nothing", "signer-key-missing"),
    "a version that is not the newest": ("p256/0122", "signer-key-missing"),
    "a key on secp256k1": ("koblitz", "key-unsupported"),
    "a key that is not for us": ("forbidden", "signer-denied"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_names_no_key_says_why(refused: Callable[..., str], case: str) -> None:
    key, code = REFUSALS[case]
    assert refused(f"azurekms://{VAULT}/keys/{key}") == code


def test_without_credentials_nothing_is_signed(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AZURE_CLIENT_SECRET")
    assert refused(f"azurekms://{VAULT}/keys/p256") == "signer-denied"
