"""Keys of AWS KMS, which moto plays on loopback: with real keys, and boto speaks to it as to AWS.

moto takes a digest for a message, and hashes it again; AWS does not (``MessageType`` ``DIGEST``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from moto.kms.utils import ECDSAPrivateKey
from moto.server import ThreadedMotoServer

from safeload.trust.keys import KeyType
from tests.with_signers.conftest import Signs


@pytest.fixture
def as_aws_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has moto sign the digests that it is given."""

    def sign(self: ECDSAPrivateKey, message: bytes, signing_algorithm: str) -> bytes:
        algorithm: Any = getattr(hashes, signing_algorithm.replace("ECDSA_SHA_", "SHA"))()
        signature: bytes = self.private_key.sign(message, ec.ECDSA(Prehashed(algorithm)))
        return signature

    monkeypatch.setattr(ECDSAPrivateKey, "sign", sign)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def client(address: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": "/nowhere",
        "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    # It keeps credentials once it has found some.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    return boto3.client("kms")


def made(client: Any, spec: str) -> dict[str, str]:
    created: dict[str, str] = client.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    return created


@pytest.mark.parametrize(
    ("spec", "key_type"), [("ECC_NIST_P256", KeyType.P256), ("ECC_NIST_P384", KeyType.P384)]
)
@pytest.mark.usefixtures("as_aws_does")
def test_a_key_of_kms_signs(client: Any, signs: Signs, spec: str, key_type: KeyType) -> None:
    key = made(client, spec)
    alias = f"alias/{spec}"
    client.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    public = signs(f"awskms:{key['KeyId']}")
    assert public.key_type is key_type
    assert signs(f"awskms:{key['Arn']}") == signs(f"awskms:{alias}") == public


@pytest.mark.parametrize("spec", ["RSA_2048", "ECC_NIST_P521", "ECC_SECG_P256K1"])
def test_a_key_of_another_type_is_refused(
    client: Any, refused: Callable[..., str], spec: str
) -> None:
    assert refused(f"awskms:{made(client, spec)['KeyId']}") == "key-unsupported"


def test_a_service_that_signs_something_else_is_found_out(
    client: Any, refused: Callable[..., str]
) -> None:
    assert refused(f"awskms:{made(client, 'ECC_NIST_P256')['KeyId']}") == "signer-wrong"


def test_a_key_that_is_not_there_is_told_so(refused: Callable[..., str]) -> None:
    assert refused("awskms:12345678-1234-1234-1234-123456789012") == "signer-key-missing"


def test_without_credentials_nothing_is_signed(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    assert refused("awskms:alias/models") == "signer-denied"


@pytest.mark.parametrize("missing", ["AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"])
def test_a_service_that_is_away_is_told_so(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    if missing == "AWS_DEFAULT_REGION":
        monkeypatch.delenv(missing)
    assert refused("awskms:alias/models") == "signer-unreachable"
