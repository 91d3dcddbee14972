"""A bundle verifies with the key that signed it, unchanged to the last bit, or not at all."""

from __future__ import annotations

import base64
import copy
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from hypothesis import given
from hypothesis import strategies as st

from safeload.errors import TrustError
from safeload.limits import Limits
from safeload.trust.bundle import bundle_path, read_bundle
from safeload.trust.envelope import (
    UnverifiedBundle,
    VerifiedPayload,
    pre_authentication_encoding,
    signed_bundle,
    verify,
)
from safeload.trust.keys import KeyType, SigningKey
from tests.trust.statements import ALICE, BOB, PAYLOAD, dropping, edited, setting

SMALL = b'{"a":"\xc3\xa9"}'
BUNDLE = signed_bundle(SMALL, ALICE)
BOTH = [ALICE.public, BOB.public]
# The order of P-256's base point (FIPS 186-5, SP 800-186 3.2.1.3).
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def check(data: bytes) -> VerifiedPayload:
    return verify(UnverifiedBundle.read(data), BOTH)


def refused(data: bytes) -> str:
    with pytest.raises(TrustError) as caught:
        check(data)
    return caught.value.code


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize("key_type", KeyType)
def test_a_signed_payload_verifies_to_the_same_bytes(key_type: KeyType) -> None:
    key = SigningKey.generate(key_type)
    bundle = UnverifiedBundle.read(signed_bundle(PAYLOAD, key))
    payload = verify(bundle, [ALICE.public, key.public, BOB.public])
    assert payload.payload == PAYLOAD
    assert payload.key == key.public


@given(payload=st.binary(min_size=1))
def test_any_payload_makes_the_round_trip(payload: bytes) -> None:
    assert check(signed_bundle(payload, ALICE)).payload == payload


def test_lengths_in_the_encoding_are_bytes_not_characters() -> None:
    payload = '{"name":"Zürich 東京 🐍"}'.encode()
    encoded = pre_authentication_encoding(payload)
    head = b"DSSEv1 28 application/vnd.in-toto+json %d " % len(payload)
    assert encoded == head + payload
    assert len(payload) > len(payload.decode())
    assert check(signed_bundle(payload, BOB)).payload == payload


@pytest.mark.guarantee("G2")
def test_a_bundle_with_any_bit_flipped_is_refused() -> None:
    for index in range(len(BUNDLE)):
        for bit in range(8):
            changed = bytearray(BUNDLE)
            changed[index] ^= 1 << bit
            with pytest.raises(TrustError):
                check(bytes(changed))


# Signed once: an ECDSA signature is another one each time, and not always as long.
OF_BOB = signed_bundle(PAYLOAD, BOB)


@pytest.mark.guarantee("G2")
@given(data=st.data())
def test_a_bundle_with_any_byte_changed_is_refused(data: st.DataObject) -> None:
    bundle = bytearray(OF_BOB)
    index = data.draw(st.integers(0, len(bundle) - 1))
    bundle[index] ^= data.draw(st.integers(1, 255))
    with pytest.raises(TrustError):
        check(bytes(bundle))


@pytest.mark.guarantee("G2")
@given(data=st.data())
def test_a_payload_with_any_byte_changed_is_refused(data: st.DataObject) -> None:
    payload = bytearray(PAYLOAD)
    index = data.draw(st.integers(0, len(payload) - 1))
    payload[index] ^= data.draw(st.integers(1, 255))
    bundle = edited(
        signed_bundle(PAYLOAD, ALICE), setting("dsseEnvelope", "payload", to=b64(bytes(payload)))
    )
    assert refused(bundle) == "signature-invalid"


@given(length=st.integers(0, len(BUNDLE) - 1))
def test_a_bundle_cut_short_is_refused(length: int) -> None:
    assert refused(BUNDLE[:length]) == "bundle-malformed"


@given(data=st.binary())
def test_any_bytes_are_refused_as_a_bundle(data: bytes) -> None:
    assert refused(data) == "bundle-malformed"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
PLACES: list[tuple[str | int, ...]] = [
    ("mediaType",),
    ("verificationMaterial",),
    ("verificationMaterial", "publicKey"),
    ("verificationMaterial", "publicKey", "hint"),
    ("verificationMaterial", "tlogEntries"),
    ("dsseEnvelope",),
    ("dsseEnvelope", "payload"),
    ("dsseEnvelope", "payloadType"),
    ("dsseEnvelope", "signatures"),
    ("dsseEnvelope", "signatures", 0),
    ("dsseEnvelope", "signatures", 0, "sig"),
    ("dsseEnvelope", "signatures", 0, "keyid"),
]


@given(place=st.sampled_from(PLACES), value=JSON_VALUES)
def test_any_json_in_any_place_is_refused_or_changes_nothing(
    place: tuple[str | int, ...], value: Any
) -> None:
    try:
        payload = check(edited(BUNDLE, setting(*place, to=value)))
    except TrustError:
        return
    assert payload.payload == SMALL


MATERIAL = "verificationMaterial"
ENVELOPE = "dsseEnvelope"
SIGNATURE = ("dsseEnvelope", "signatures", 0)
CERTIFICATE = {"rawBytes": "AAAA"}

MALFORMED_EDITS: dict[str, Callable[[Any], object]] = {
    "a media type of another version": setting(
        "mediaType", to="application/vnd.dev.sigstore.bundle+json;version=0.2"
    ),
    "no media type": dropping("mediaType"),
    "no verification material": dropping(MATERIAL),
    "no envelope": dropping(ENVELOPE),
    "a message signature beside the envelope": setting("messageSignature", to={}),
    "a member unknown to the specification": setting(MATERIAL, "trusted", to=True),
    "no public key": dropping(MATERIAL, "publicKey"),
    "a hint that is not a text": setting(MATERIAL, "publicKey", "hint", to=["a"]),
    "log entries that are not a list": setting(MATERIAL, "tlogEntries", to={"a": 1}),
    "log entries without end": setting(MATERIAL, "tlogEntries", to=[[]] * 2_000),
    "timestamps that are not an object": setting(MATERIAL, "timestampVerificationData", to=[1]),
    "another payload type": setting(ENVELOPE, "payloadType", to="text/plain"),
    "a payload type with a parameter": setting(
        ENVELOPE, "payloadType", to="application/vnd.in-toto+json;v=1"
    ),
    "no payload type": dropping(ENVELOPE, "payloadType"),
    "no payload": dropping(ENVELOPE, "payload"),
    "an empty payload": setting(ENVELOPE, "payload", to=""),
    "no signature": setting(ENVELOPE, "signatures", to=[]),
    "signatures that are not a list": setting(ENVELOPE, "signatures", to={"sig": "AAAA"}),
    "a signature that is not an object": setting(*SIGNATURE, to="AAAA"),
    "two signatures, both good": lambda bundle: bundle[ENVELOPE]["signatures"].append(
        bundle[ENVELOPE]["signatures"][0]
    ),
    "a second signature after a good one": lambda bundle: bundle[ENVELOPE]["signatures"].append(
        {"sig": "AAAA", "keyid": ""}
    ),
    "an empty signature": setting(*SIGNATURE, "sig", to=""),
    "a signature that is not a text": setting(*SIGNATURE, "sig", to=5),
    "a key id other than the hint": setting(*SIGNATURE, "keyid", to=BOB.public.key_id),
    "a key id that is not a text": setting(*SIGNATURE, "keyid", to=5),
    "an algorithm of its own choice": setting(*SIGNATURE, "alg", to="none"),
    "base64 without padding": lambda bundle: bundle[ENVELOPE].update(
        payload=b64(b"{}").rstrip("=")
    ),
    "base64 with a line break": setting(ENVELOPE, "payload", to=b64(b"abc") + "\n"),
    "base64 for URLs": setting(ENVELOPE, "payload", to="-_-_"),
    "base64 with bits left over": setting(ENVELOPE, "payload", to="e31="),
    "base64 with letters outside ASCII": setting(ENVELOPE, "payload", to="\uff21" * 4),
    "base64 with too much padding": setting(ENVELOPE, "payload", to="AAAA===="),
    "a payload that is not a text": setting(ENVELOPE, "payload", to=[1]),
}


@pytest.mark.parametrize("edit", MALFORMED_EDITS.values(), ids=list(MALFORMED_EDITS))
def test_a_malformed_bundle_is_refused(edit: Callable[[Any], object]) -> None:
    assert refused(edited(BUNDLE, edit)) == "bundle-malformed"


MALFORMED_BYTES = {
    "nothing": b"",
    "no object": b"[]",
    "a member twice, the same": BUNDLE.replace(b'"sig":', b'"sig":"AAAA","sig":'),
    "the envelope twice": BUNDLE[:-1] + b',"dsseEnvelope":{}}',
    "the media type twice, once in escapes": BUNDLE[:-1] + rb',"media\u0054ype":"x"}',
    "a NaN": BUNDLE.replace(b'"tlogEntries":[]', b'"tlogEntries":[NaN]'),
    "an infinity": BUNDLE.replace(b'"tlogEntries":[]', b'"tlogEntries":[-Infinity]'),
    "a number that overflows": BUNDLE.replace(b'"tlogEntries":[]', b'"tlogEntries":[1e999]'),
    "a number of ten thousand digits": BUNDLE.replace(b"[]", b"[" + b"9" * 10_000 + b"]"),
    "half a surrogate pair": BUNDLE.replace(b'"tlogEntries":[]', rb'"tlogEntries":["\ud800"]'),
    "100,000 nested lists": BUNDLE.replace(b"[]", b"[" * 100_000 + b"]" * 100_000),
    "100,000 nested objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a list of a million lists": b"[" + b"[]," * 1_000_000 + b"[]]",
    "a byte order mark": b"\xef\xbb\xbf" + BUNDLE,
    "UTF-16": BUNDLE.decode().encode("utf-16"),
    "latin-1 text": BUNDLE.replace(b'"tlogEntries":[]', b'"tlogEntries":["\xe9"]'),
    "text after the bundle": BUNDLE + b"{}",
    "a comment": b"/* signed */" + BUNDLE,
    "a NUL at the end": BUNDLE + b"\0",
}


@pytest.mark.guarantee("G3")
@pytest.mark.parametrize("data", MALFORMED_BYTES.values(), ids=list(MALFORMED_BYTES))
def test_bytes_that_parsers_could_read_differently_are_refused(data: bytes) -> None:
    assert refused(data) == "bundle-malformed"


LEGITIMATE_VARIANTS: dict[str, Callable[[Any], object]] = {
    "no key id, as the Go signer writes": dropping(*SIGNATURE, "keyid"),
    "an empty key id, as model_signing writes": setting(*SIGNATURE, "keyid", to=""),
    "a null key id, as model_signing wrote": setting(*SIGNATURE, "keyid", to=None),
    "no log entries": dropping(MATERIAL, "tlogEntries"),
    "a log entry, which proves nothing here": setting(
        MATERIAL, "tlogEntries", to=[{"logIndex": "1"}]
    ),
    "raw key bytes in place of the hint": lambda bundle: (
        setting(MATERIAL, "publicKey", to={"rawBytes": "AAAA", "keyDetails": "X"})(bundle),
        setting(*SIGNATURE, "keyid", to="")(bundle),
    ),
}


@pytest.mark.parametrize("edit", LEGITIMATE_VARIANTS.values(), ids=list(LEGITIMATE_VARIANTS))
def test_what_other_legitimate_signers_write_is_accepted(edit: Callable[[Any], object]) -> None:
    assert check(edited(BUNDLE, edit)).payload == SMALL


@pytest.mark.guarantee("G3")
@pytest.mark.parametrize(
    ("material", "code"),
    [
        ({"certificate": CERTIFICATE, "tlogEntries": []}, "signer-unknown"),
        ({"certificate": CERTIFICATE, "tlogEntries": [{}]}, "signer-unknown"),
        ({"x509CertificateChain": {"certificates": [CERTIFICATE]}}, "signer-unknown"),
        ({"publicKey": {"hint": ""}, "certificate": CERTIFICATE}, "bundle-malformed"),
    ],
)
def test_a_bundle_that_brings_a_certificate_is_not_about_a_trusted_key(
    material: object, code: str
) -> None:
    bundle = edited(BUNDLE, setting(MATERIAL, to=material))
    assert refused(bundle) == code


def naming(key_id: str) -> bytes:
    """The bundle of ALICE, claiming that the key is another one."""
    return BUNDLE.replace(ALICE.public.key_id.encode(), key_id.encode())


def test_a_key_id_that_names_another_trusted_key_does_not_verify() -> None:
    assert refused(naming(BOB.public.key_id)) == "signature-invalid"


def test_a_key_id_that_names_no_trusted_key_is_an_unknown_signer() -> None:
    assert refused(naming("f" * 64)) == "signer-unknown"


@pytest.mark.guarantee("G3")
def test_a_key_id_that_names_a_trusted_key_does_not_make_a_third_party_trusted() -> None:
    third_party = SigningKey.generate()
    forged = signed_bundle(SMALL, third_party).replace(
        third_party.public.key_id.encode(), ALICE.public.key_id.encode()
    )
    assert refused(forged) == "signature-invalid"


def test_a_third_party_is_unknown_with_a_key_id_and_without() -> None:
    third_party = SigningKey.generate()
    bundle = signed_bundle(SMALL, third_party)
    assert refused(bundle) == "signer-unknown"
    assert refused(bundle.replace(third_party.public.key_id.encode(), b"")) == "signer-unknown"


def test_a_bundle_that_names_no_key_is_tried_with_each_trusted_key() -> None:
    payload = verify(UnverifiedBundle.read(naming("")), [BOB.public, ALICE.public])
    assert payload.key == ALICE.public


def test_no_trusted_keys_trust_nobody() -> None:
    with pytest.raises(TrustError) as caught:
        verify(UnverifiedBundle.read(BUNDLE), [])
    assert caught.value.code == "signer-unknown"


@pytest.mark.guarantee("G3")
def test_the_signature_of_one_payload_does_not_serve_another() -> None:
    other = json.loads(signed_bundle(b"{}", ALICE))[ENVELOPE]["signatures"]
    assert refused(edited(BUNDLE, setting(ENVELOPE, "signatures", to=other))) == "signature-invalid"


def test_a_signature_over_the_bare_payload_does_not_serve() -> None:
    bare = b64(ALICE.sign(SMALL))
    assert refused(edited(BUNDLE, setting(*SIGNATURE, "sig", to=bare))) == "signature-invalid"


def test_the_second_form_of_an_ecdsa_signature_stands_for_the_same_payload() -> None:
    # Nobody can stop (r, -s) from verifying; so nothing may be identified by its signature.
    bundle = signed_bundle(SMALL, BOB)
    r, s = decode_dss_signature(UnverifiedBundle.read(bundle).unverified_signature)
    twin = b64(encode_dss_signature(r, P256_ORDER - s))
    changed = edited(bundle, setting(*SIGNATURE, "sig", to=twin))
    assert check(changed).sha256 == check(bundle).sha256


def test_a_bundle_over_the_limit_is_refused_before_it_is_parsed() -> None:
    limits = Limits(bundle_bytes=len(BUNDLE))
    assert UnverifiedBundle.read(BUNDLE, limits=limits).unverified_payload == SMALL
    with pytest.raises(TrustError) as caught:
        UnverifiedBundle.read(BUNDLE + b" ", limits=limits)
    assert caught.value.code == "bundle-malformed"


@pytest.mark.guarantee("G1")
def test_only_verification_makes_a_verified_payload() -> None:
    with pytest.raises(TypeError):
        VerifiedPayload(SMALL, ALICE.public, proof=None)
    payload = check(BUNDLE)
    for copier in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            copier(payload)
    with pytest.raises(AttributeError):
        payload.payload = b"{}"
    with pytest.raises(AttributeError):
        del payload.payload


def test_a_bundle_lies_beside_its_model(tmp_path: Path) -> None:
    assert bundle_path(tmp_path / "churn.joblib") == tmp_path / "churn.joblib.sig"
    assert bundle_path(tmp_path) == tmp_path / "model.sig"


def test_a_bundle_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "m.sig").write_bytes(BUNDLE)
    assert verify(read_bundle(tmp_path / "m.sig"), BOTH).payload == SMALL


def test_a_missing_bundle_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(TrustError) as caught:
        read_bundle(tmp_path / "m.sig")
    assert caught.value.code == "bundle-missing"


def test_a_bundle_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.sig").write_bytes(BUNDLE)
    with pytest.raises(TrustError) as caught:
        read_bundle(tmp_path / "m.sig", Limits(bundle_bytes=100))
    assert caught.value.code == "bundle-unreadable"


@pytest.mark.skipif(os.name != "posix", reason="FIFOs and devices are a POSIX matter")
def test_a_pipe_or_device_or_directory_is_no_bundle(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "m.sig")
    for path in (tmp_path / "m.sig", Path("/dev/zero"), tmp_path, Path("a\0b")):
        with pytest.raises(TrustError) as caught:
            read_bundle(path)
        assert caught.value.code == "bundle-unreadable"
