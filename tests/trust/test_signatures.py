"""Signatures that are almost right: numbers out of range, other spellings of DER, weak keys.

What the libraries below are known to get right today is held here, as all of it rests on them.

Source: FIPS 186-5 section 6.4.2, X.690 sections 8.1.3, 8.3 and 10.1, RFC 8032 section 5.1.7; the
questions are those of Project Wycheproof, whose own cases ``make interop`` runs.
"""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from safeload.errors import TrustError, UsageError
from safeload.trust.keys import KeyType, SigningKey, VerifyingKey

DATA = b"what was signed"
CURVES = [KeyType.P256, KeyType.P384, KeyType.P521]
KEYS = {key_type: SigningKey.generate(key_type) for key_type in KeyType}
# The number of points of each group, or of the part of it that is used.
ORDERS = {
    KeyType.ED25519: 2**252 + 27742317777372353535851937790883648493,
    KeyType.P256: 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    KeyType.P384: int("F" * 48 + "C7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973", 16),
    KeyType.P521: int(
        "1" + "F" * 64 + "FA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409", 16
    ),
}


def length(of: bytes, *, padded: int = 0) -> bytes:
    """A length in DER, in more bytes than it takes if ``padded``."""
    if len(of) < 0x80 and not padded:
        return bytes([len(of)])
    number = len(of).to_bytes((len(of).bit_length() + 7) // 8, "big")
    number = number.rjust(len(number) + padded - (len(of) < 0x80), b"\0")
    return bytes([0x80 | len(number)]) + number


def integer(value: int, *, zeros: int = 0, padded: int = 0) -> bytes:
    data = value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)
    data = (b"\xff" if value < 0 else b"\0") * zeros + data
    return b"\x02" + length(data, padded=padded) + data


def sequence(content: bytes, *, padded: int = 0) -> bytes:
    return b"\x30" + length(content, padded=padded) + content


def pair(r: int, s: int) -> bytes:
    return sequence(integer(r) + integer(s))


def verifies(key: VerifyingKey, signature: bytes) -> bool:
    try:
        key.verify(signature, DATA)
    except TrustError as error:
        if error.code != "signature-invalid":
            raise
        return False
    return True


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("key_type", CURVES)
def test_an_ecdsa_signature_has_numbers_in_range_and_one_spelling(key_type: KeyType) -> None:
    key, n = KEYS[key_type], ORDERS[key_type]
    r, s = decode_dss_signature(key.sign(DATA))
    assert verifies(key.public, pair(r, s))
    # The second form, which every signature has, and why nothing is known by its signature.
    assert verifies(key.public, pair(r, n - s))
    both = integer(r) + integer(s)
    wrong = {
        "r is 0": pair(0, s),
        "s is 0": pair(r, 0),
        "both are 0": pair(0, 0),
        "both are 1": pair(1, 1),
        "r is the order": pair(n, s),
        "s is the order": pair(r, n),
        "r is the order, s 0": pair(n, 0),
        "r with the order": pair(r + n, s),
        "s with the order": pair(r, s + n),
        "r less the order": pair(r - n, s),
        "s less the order": pair(r, s - n),
        "r negative": pair(-r, s),
        "s negative": pair(r, -s),
        "the two exchanged": pair(s, r),
        "r far too large": pair(r + (n << 4096), s),
        "a zero before r": sequence(integer(r, zeros=1) + integer(s)),
        "a zero before s": sequence(integer(r) + integer(s, zeros=1)),
        "a longer length of r": sequence(integer(r, padded=1) + integer(s)),
        "a longer length of s": sequence(integer(r) + integer(s, padded=2)),
        "a longer length of both": sequence(both, padded=1),
        "no length": b"\x30\x80" + both + b"\0\0",
        "bytes after it": sequence(both) + b"\0",
        "bytes within it": sequence(both + b"\0\0"),
        "a null within it": sequence(both + b"\x05\x00"),
        "a third number": sequence(both + integer(1)),
        "one number": sequence(integer(r)),
        "no number": sequence(b""),
        "a set": b"\x31" + sequence(both)[1:],
        "a sequence in a sequence": sequence(sequence(both)),
        "cut": sequence(both)[:-1],
        "r as a text": sequence(b"\x04" + integer(r)[1:] + integer(s)),
        "r as an empty number": sequence(b"\x02\x00" + integer(s)),
        "the numbers alone": b"".join(x.to_bytes((n.bit_length() + 7) // 8, "big") for x in (r, s)),
        "nothing": b"",
    }
    assert not [name for name, signature in wrong.items() if verifies(key.public, signature)]


@pytest.mark.guarantee("G2")
def test_an_ed25519_signature_is_64_bytes_with_a_number_in_range() -> None:
    key, order = KEYS[KeyType.ED25519], ORDERS[KeyType.ED25519]
    signature = key.sign(DATA)
    point, number = signature[:32], int.from_bytes(signature[32:], "little")

    def changed(to: int) -> bytes:
        return point + to.to_bytes(32, "little")

    assert changed(number) == signature
    wrong = {
        "the number with the order": changed(number + order),
        "the number with a high bit": changed(number | 1 << 255),
        "the number 0": changed(0),
        "the order": changed(order),
        "the number negated": changed(order - number),
        "the point's sign changed": bytes([*point[:31], point[31] ^ 0x80]) + signature[32:],
        "the point of no effect": b"\1".ljust(32, b"\0") + signature[32:],
        "the same, written otherwise": (2**255 - 18).to_bytes(32, "little") + signature[32:],
        "a byte more": signature + b"\0",
        "a byte less": signature[:-1],
        "in DER": sequence(b"\x04\x40" + signature),
        "nothing": b"",
    }
    assert not [name for name, other in wrong.items() if verifies(key.public, other)]


FIELD = 2**255 - 19
ROOT_OF_MINUS_1 = pow(2, FIELD // 4, FIELD)


def small_orders() -> list[int]:
    """The y of each point whose eightfold is the neutral one, from the curve's equation."""
    # Points of order 8 double to those with y = 0, which takes y² = -x². The curve's equation,
    # -x² + y² = 1 + d·x²·y², is then d·y⁴ + 2·y² - 1 = 0.
    d = -121665 * pow(121666, -1, FIELD) % FIELD
    found = [0, 1, FIELD - 1]
    root = square_root((1 + d) % FIELD)
    assert root is not None
    for sign in (root, -root):
        y = square_root((-1 + sign) * pow(d, -1, FIELD) % FIELD)
        if y is not None:
            found += [y, FIELD - y]
    return found


def square_root(of: int) -> int | None:
    root = pow(of, (FIELD + 3) // 8, FIELD)
    for candidate in (root, root * ROOT_OF_MINUS_1 % FIELD):
        if candidate * candidate % FIELD == of:
            return candidate
    return None


def ed25519_pem(encoded: bytes) -> str:
    der = bytes.fromhex("302a300506032b6570032100") + encoded
    text = base64.b64encode(der).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n"


@pytest.mark.guarantee("G1")
def test_a_public_key_that_anybody_can_sign_for_is_refused() -> None:
    found = small_orders()
    assert len(found) == 5
    for y in [*found, FIELD, FIELD + 1]:
        for sign in (0, 1 << 255):
            with pytest.raises(UsageError) as caught:
                VerifyingKey.from_text(ed25519_pem((y | sign).to_bytes(32, "little")))
            assert caught.value.code == "key-weak"


def test_a_public_key_in_another_form_is_the_same_key_or_none() -> None:
    """Points in compressed form are read where PEM has them, and known by the usual text."""
    key = KEYS[KeyType.P256].public
    public = serialization.load_pem_public_key(key.pem.encode())
    assert isinstance(public, ec.EllipticCurvePublicKey)
    point = public.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
    )
    head = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
    for content, same in ((point, True), (point[:-1], False), (b"\0", False)):
        bits = b"\x03" + length(b"\0" + content) + b"\0" + content
        text = base64.b64encode(sequence(head + bits)).decode()
        pem = f"-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n"
        if same:
            assert VerifyingKey.from_text(pem) == key
        else:
            with pytest.raises(UsageError):
                VerifyingKey.from_text(pem)
