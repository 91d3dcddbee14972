"""sigstore's own packages for JavaScript read and verify what safeload signs.

``make interop`` installs them; they need Node. They verify every elliptic curve with SHA-256, which
is not what goes with P-384 and P-521 here and in ``model_signing``, and take certificates from an
instance of sigstore alone.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from safeload.trust.envelope import UnverifiedBundle, signed_bundle
from safeload.trust.identities.chain import read_chain
from safeload.trust.keys import KeyType, SigningKey
from tests.trust.identities.instance import IDENTITY, ISSUER, Instance, as_json, signed
from tests.trust.identities.issuing import leaf, root
from tests.trust.identities.test_keyless import trusting
from tests.trust.statements import PAYLOAD, edited, payload_of, setting

TOOLS = Path(__file__).parent / "npm"
NODE = shutil.which("node")

pytestmark = [
    pytest.mark.skipif(NODE is None, reason="there is no node on the PATH"),
    pytest.mark.skipif(
        not (TOOLS / "node_modules" / "@sigstore" / "verify").is_dir(),
        reason="@sigstore/verify is not installed: make interop",
    ),
]

KEYS = {key_type: SigningKey.generate(key_type) for key_type in KeyType}
READ = [KeyType.ED25519, KeyType.P256]
UNREAD = [KeyType.P384, KeyType.P521]


def answers(*requests: dict[str, Any]) -> list[dict[str, Any]]:
    done = subprocess.run(
        [str(NODE), "verify.cjs"],
        cwd=TOOLS,
        input="\n".join(json.dumps(request) for request in requests),
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def with_key(bundle: bytes, *keys: SigningKey) -> dict[str, Any]:
    return {
        "bundle": json.loads(bundle),
        "keys": {key.public.key_id: key.public.pem for key in keys},
    }


@pytest.mark.parametrize("key_type", READ)
def test_they_verify_what_we_sign(key_type: KeyType) -> None:
    key = KEYS[key_type]
    bundle, other = signed_bundle(PAYLOAD, key), signed_bundle(payload_of(version="2"), key)
    other_payload = json.loads(other)["dsseEnvelope"]["payload"]
    legitimate, changed, unknown, third_party = answers(
        with_key(bundle, key),
        with_key(edited(bundle, setting("dsseEnvelope", "payload", to=other_payload)), key),
        with_key(bundle, SigningKey.generate(key_type)),
        {**with_key(bundle), "keys": {key.public.key_id: SigningKey.generate().public.pem}},
    )
    assert base64.b64decode(legitimate["payload"]) == PAYLOAD
    assert (changed["refused"], changed["code"]) == ("verify", "SIGNATURE_ERROR")
    assert unknown["message"].startswith("no key")
    assert (third_party["refused"], third_party["code"]) == ("verify", "SIGNATURE_ERROR")


@pytest.mark.parametrize("key_type", UNREAD)
def test_they_read_and_do_not_verify_the_larger_curves(key_type: KeyType) -> None:
    """Were this to fail, docs/interop.md would have good news to tell."""
    key = KEYS[key_type]
    (found,) = answers(with_key(signed_bundle(PAYLOAD, key), key))
    assert (found["refused"], found["code"]) == ("verify", "SIGNATURE_ERROR")


def test_they_do_not_read_a_chain_of_certificates(tmp_path: Path) -> None:
    """OpenSSF Model Signing has chains; sigstore's form 0.3, which it writes them in, has none."""
    key, top = KEYS[KeyType.P256], root()
    (tmp_path / "chain.pem").write_text(leaf(top, own=key._private).pem, "ascii")
    chain = read_chain(tmp_path / "chain.pem", key.public)
    (found,) = answers(with_key(signed_bundle(PAYLOAD, key, chain), key))
    assert found["refused"] == "bundle"
    assert found["fields"] == ["verificationMaterial.content.$case"]


@pytest.mark.parametrize("version", [1, 2])
def test_they_verify_the_identities_that_we_verify(version: int) -> None:
    """By an instance of sigstore of our own; ``version`` is that of its log's protocol."""
    # They want to see the log's name in its address.
    instance = Instance(version=version, url="https://rekor.acme.example")
    policy = {"subjectAlternativeName": IDENTITY, "extensions": {"issuer": ISSUER}}
    request = {"bundle": signed(PAYLOAD, instance), "root": instance.trusted_root}
    legitimate, third_party, elsewhere = answers(
        {**request, "policy": policy},
        {**request, "policy": {**policy, "subjectAlternativeName": f"{IDENTITY}x"}},
        {**request, "policy": policy, "root": Instance(name="elsewhere").trusted_root},
    )
    assert base64.b64decode(legitimate["payload"]) == PAYLOAD
    assert legitimate["identity"] == IDENTITY
    ours = trusting(instance).verify(UnverifiedBundle.read(as_json(request["bundle"])))
    assert ours.payload == PAYLOAD
    assert third_party["refused"] == elsewhere["refused"] == "verify"
