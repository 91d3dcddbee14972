"""What agents reply, written by hand: keys, signatures, and their parts."""

from __future__ import annotations

import base64
import struct

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from safeload.trust.keys import KeyType, SigningKey

__all__ = ["KEYS", "NAMES", "identities", "message", "signature", "signed", "ssh_blob", "string"]

KEYS = {key_type: SigningKey.generate(key_type) for key_type in KeyType}
NAMES = {
    KeyType.ED25519: b"ssh-ed25519",
    KeyType.P256: b"ecdsa-sha2-nistp256",
    KeyType.P384: b"ecdsa-sha2-nistp384",
    KeyType.P521: b"ecdsa-sha2-nistp521",
}


def string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def message(kind: int, content: bytes = b"") -> bytes:
    return string(bytes([kind]) + content)


def ssh_blob(key: SigningKey) -> bytes:
    """A public key as agents say it."""
    public = serialization.load_pem_public_key(key.public.pem.encode())
    line = public.public_bytes(
        serialization.Encoding.OpenSSH,
        serialization.PublicFormat.OpenSSH,
    )
    return base64.b64decode(line.split()[1])


def identities(*keys: tuple[bytes, bytes], count: int | None = None) -> bytes:
    """The reply that lists some keys, each with its comment, and says how many they are."""
    listed = b"".join(string(blob) + string(comment) for blob, comment in keys)
    number = len(keys) if count is None else count
    return message(12, number.to_bytes(4, "big") + listed)


def signature(kind: bytes, inner: bytes, *, more: bytes = b"") -> bytes:
    """The reply that is a signature."""
    return message(14, string(string(kind) + string(inner) + more))


def signed(key: SigningKey, kind: bytes, data: bytes) -> bytes:
    """The reply of a legitimate agent."""
    made = key.sign(data)
    if key.public.key_type is not KeyType.ED25519:
        made = b"".join(map(_mpint, decode_dss_signature(made)))
    return signature(kind, made)


def _mpint(number: int) -> bytes:
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big"))
