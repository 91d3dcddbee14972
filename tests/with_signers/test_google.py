"""Keys of Google Cloud KMS, played on loopback with Google's own message types.

Nothing of this was tried with Google's cloud itself. What speaks to it here is Google's own
library, by gRPC over TLS, to the real name of its host.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from google.cloud.kms_v1 import types

from safeload.trust.keys import KeyType
from tests.with_signers.clouds import Certificates, Tunnel
from tests.with_signers.conftest import Signs

HOST = "cloudkms.googleapis.com"
RING = "projects/acme/locations/global/keyRings/models/cryptoKeys"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEYS: dict[str, Any] = {
    "p256": (ec.generate_private_key(ec.SECP256R1()), "EC_SIGN_P256_SHA256"),
    "p384": (ec.generate_private_key(ec.SECP384R1()), "EC_SIGN_P384_SHA384"),
    "koblitz": (ec.generate_private_key(ec.SECP256K1()), "EC_SIGN_SECP256K1_SHA256"),
    "rsa": (RSA, "RSA_SIGN_PSS_2048_SHA256"),
}


def key_of(name: str, context: grpc.ServicerContext) -> tuple[Any, str]:
    short = name.split("/")[-3]
    if short == "forbidden":
        context.abort(grpc.StatusCode.PERMISSION_DENIED, "No.")
    if short not in KEYS:
        context.abort(grpc.StatusCode.NOT_FOUND, "None.")
    found: tuple[Any, str] = KEYS[short]
    return found


def get_public_key(request: Any, context: grpc.ServicerContext) -> Any:
    key, algorithm = key_of(request.name, context)
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return types.PublicKey(
        name=request.name,
        algorithm=algorithm,
        pem=pem.decode(),
        public_key=types.ChecksummedData(data=pem),
        public_key_format=types.PublicKey.PublicKeyFormat.PEM,
    )


def asymmetric_sign(request: Any, context: grpc.ServicerContext) -> Any:
    key, algorithm = key_of(request.name, context)
    kind: hashes.HashAlgorithm = hashes.SHA256()
    digest = request.digest.sha256
    if algorithm.endswith("384"):
        digest, kind = request.digest.sha384, hashes.SHA384()
    return types.AsymmetricSignResponse(
        name=request.name, signature=key.sign(digest, ec.ECDSA(Prehashed(kind)))
    )


@pytest.fixture(scope="module")
def tunnel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tunnel]:
    folder = tmp_path_factory.mktemp("google")
    certificates = Certificates(folder, HOST)
    handlers = {
        "GetPublicKey": grpc.unary_unary_rpc_method_handler(
            get_public_key, types.GetPublicKeyRequest.deserialize, types.PublicKey.serialize
        ),
        "AsymmetricSign": grpc.unary_unary_rpc_method_handler(
            asymmetric_sign,
            types.AsymmetricSignRequest.deserialize,
            types.AsymmetricSignResponse.serialize,
        ),
    }
    server = grpc.server(ThreadPoolExecutor(2))
    service = "google.cloud.kms.v1.KeyManagementService"
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, handlers)])
    pair = (certificates.key.read_bytes(), certificates.chain.read_bytes())
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
    server.start()
    tunnel = Tunnel(port)
    # gRPC reads it once in a process.
    os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] = str(certificates.authority)
    yield tunnel
    tunnel.close()
    server.stop(None)


@pytest.fixture(autouse=True)
def environment(tunnel: Tunnel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    account = tmp_path / "account.json"
    account.write_text(
        json.dumps(
            {
                "type": "service_account",
                "project_id": "acme",
                "private_key_id": "1",
                "private_key": RSA.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                ).decode(),
                "client_email": "signer@acme.iam.gserviceaccount.com",
                "client_id": "1",
                "token_uri": "https://oauth2.googleapis.com/token",
            }
        )
    )
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(account))
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, tunnel.address)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("key_type", [KeyType.P256, KeyType.P384])
def test_a_key_of_the_cloud_signs(signs: Signs, tunnel: Tunnel, key_type: KeyType) -> None:
    assert signs(f"gcpkms:{RING}/{key_type}/cryptoKeyVersions/1").key_type is key_type
    assert tunnel.asked == {HOST}


REFUSALS = {
    "a key that is not there": ("nothing", "signer-key-missing"),
    "a key that is not for us": ("forbidden", "signer-denied"),
    "a key on secp256k1": ("koblitz", "key-unsupported"),
    "an RSA key": ("rsa", "key-unsupported"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_names_no_key_says_why(refused: Callable[..., str], case: str) -> None:
    key, code = REFUSALS[case]
    assert refused(f"gcpkms:{RING}/{key}/cryptoKeyVersions/1") == code


def test_without_credentials_nothing_is_signed(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere")
    assert refused(f"gcpkms:{RING}/p256/cryptoKeyVersions/1") == "signer-denied"
