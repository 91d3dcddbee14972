"""Which key of an ssh-agent is meant, and what does the agent sign with it?

``agent:`` is followed by the comment of a key, by its fingerprint (``SHA256:…``), by a file with
its public key (a name that ends in ``.pub``), or by nothing if the agent holds only one that will
do. Ed25519 and the three ECDSA keys will; RSA keys do not, nor certificates, nor keys of FIDO
devices, which sign other bytes than they are given.

Trust: whoever answers at the socket may be anybody. A reply is read within bounds and before a
deadline, no text of the agent's gets into an error, and :meth:`Signer.sign` verifies what was
signed. A comment is the agent's word: who must not mistake the key names its fingerprint or file.

Source: draft-miller-ssh-agent (messages), RFC 4251 5 (strings, mpint), RFC 8709 (Ed25519), RFC 5656
3.1 (ECDSA); OpenSSH's agent takes messages of 256 KiB at most.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from safeload.arguments import as_path
from safeload.artefact import open_regular
from safeload.errors import ArtefactError, UsageError, about, printable
from safeload.trust.keys import KeyType, Signer, VerifyingKey

__all__ = ["AgentKey", "open_agent_key"]

# Types of messages, and the names of the keys that will do.
_FAILURE, _REQUEST_IDENTITIES, _IDENTITIES, _SIGN_REQUEST, _SIGNATURE = 5, 11, 12, 13, 14
_NAMES = {
    b"ssh-ed25519": KeyType.ED25519,
    b"ecdsa-sha2-nistp256": KeyType.P256,
    b"ecdsa-sha2-nistp384": KeyType.P384,
    b"ecdsa-sha2-nistp521": KeyType.P521,
}
# Largest message either way, bytes: OpenSSH's agent hangs up on one that is larger.
_MESSAGE_BYTES = 256 * 1024
# Longest time to wait for a list of keys, and for a signature that a person may have to confirm.
_PATIENCE, _PATIENCE_TO_SIGN = 10.0, 120.0
# A number below 2**521, with room for its sign.
_NUMBER_BYTES = 67
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_PUBLIC_KEY_FILE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class AgentKey(Signer):
    """A key that an ssh-agent holds.

    Attributes:
        public: Its public key, as the agent gave it.
    """

    public: VerifyingKey
    _where: str = field(repr=False)
    _blob: bytes = field(repr=False)

    def unverified_signature(self, data: bytes) -> bytes:
        """Have the agent sign; :meth:`sign` is what callers want."""
        # Three lengths, the type of the message and the flags stand around them.
        if len(data) + len(self._blob) + 13 > _MESSAGE_BYTES:
            raise UsageError(
                f"An ssh-agent signs at most {_MESSAGE_BYTES:,} bytes, and this statement is "
                "longer.",
                code="agent-too-long",
                hint="Leave the probe out or give it fewer rows, or sign with another sort of key.",
            )
        request = _string(self._blob) + _string(bytes(data)) + struct.pack(">I", 0)
        reply = _asked(
            self._where, _SIGN_REQUEST, request, expected=_SIGNATURE, patience=_PATIENCE_TO_SIGN
        )
        signature = _Reader(reply.string())
        reply.require_end()
        # The agent has no say in the algorithm: the key decides.
        if _NAMES.get(signature.string()) is not self.public.key_type:
            raise _malformed()
        inner = signature.string()
        signature.require_end()
        if self.public.key_type is KeyType.ED25519:
            return inner
        numbers = _Reader(inner)
        r, s = numbers.positive(), numbers.positive()
        numbers.require_end()
        return encode_dss_signature(r, s)


def open_agent_key(selector: str) -> AgentKey:
    """Find a key that an ssh-agent holds.

    Args:
        selector: What follows ``agent:``: a comment, ``SHA256:…`` as ``ssh-add -l`` shows it, a
            file whose name ends in ``.pub``, or nothing for the only key.

    Returns:
        The key. The agent was asked which keys it holds, and for no signature yet.

    Raises:
        UsageError: There is no agent (``agent-missing``), it cannot be reached or understood, it
            holds no such key (``agent-key-missing``), several (``agent-key-ambiguous``), or one of
            another type (``key-unsupported``).
    """
    where = os.environ.get("SSH_AUTH_SOCK", "")
    if not where:
        raise UsageError(
            "No ssh-agent is known here: SSH_AUTH_SOCK is not set.",
            code="agent-missing",
            hint="Start one with: eval $(ssh-agent), and give it your key with: ssh-add.",
        )
    # Held once, however often the agent lists it.
    found = dict.fromkeys(_selected(_held(where), selector))
    usable = [blob for blob in found if _type_of(blob) in _NAMES]
    if len(usable) == 1:
        return AgentKey(_public_key(usable[0]), where, usable[0])
    if usable:
        raise UsageError(
            f"The agent holds {len(usable)} keys that this may mean.",
            code="agent-key-ambiguous",
            hint="Name one by its fingerprint, agent:SHA256:…, as 'ssh-add -l' shows it.",
        )
    if found and selector:
        raise UsageError(
            "The agent holds this key, and keys of its type are not supported.",
            code="key-unsupported",
            hint="Use Ed25519 or ECDSA, and neither a certificate nor the key of a FIDO device.",
        )
    shown = f"{printable(selector)!r}" if selector else "that will do"
    raise UsageError(
        f"The agent holds no key {shown}.",
        code="agent-key-missing",
        hint="See what it holds with 'ssh-add -l'. A locked agent shows none: 'ssh-add -X' "
        "unlocks it.",
    )


def _selected(keys: Iterator[tuple[bytes, bytes]], selector: str) -> Iterator[bytes]:
    """The public keys that a selector means, of those that the agent holds with their comments."""
    if not selector:
        yield from (blob for blob, _ in keys)
    elif selector.startswith("SHA256:"):
        if not _FINGERPRINT.fullmatch(selector):
            raise UsageError(
                "This is not a fingerprint of a key.",
                code="argument-value",
                hint="It is SHA256: and 43 characters, as 'ssh-add -l' shows it.",
            )
        for blob, _ in keys:
            digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
            if f"SHA256:{digest}" == selector:
                yield blob
    elif selector.endswith(".pub"):
        wanted = _read_public_key(selector)
        yield from (
            blob for blob, _ in keys if _type_of(blob) in _NAMES and _public_key(blob) == wanted
        )
    else:
        comment = os.fsencode(selector)
        yield from (blob for blob, of_key in keys if of_key == comment)


def _read_public_key(path: str) -> VerifyingKey:
    where = as_path(path, "key")
    try:
        descriptor, _ = open_regular(where)
        with os.fdopen(descriptor, "rb") as file:
            text = file.read(_PUBLIC_KEY_FILE_BYTES).decode("utf-8", "replace")
    except (ArtefactError, OSError) as error:
        raise UsageError(
            f"The public key file cannot be read: {printable(str(error))}",
            code="key-unreadable",
            hint=f"Check {printable(path)!r}; a key can be named by its fingerprint as well.",
            path=where,
        ) from error
    with about(where, given=True):
        return VerifyingKey.from_text(text)


# -- what agents say -------------------------------------------------------------------------------


class _Reader:
    """Takes what a reply consists of from its front, and nothing from beyond its end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def _take(self, count: int) -> bytes:
        if count > len(self._data) - self._at:
            raise _malformed()
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self) -> int:
        """A ``uint32``."""
        return int.from_bytes(self._take(4), "big")

    def string(self) -> bytes:
        """A ``string``: any bytes after their number."""
        return self._take(self.number())

    def positive(self) -> int:
        """An ``mpint`` above zero, of the size of the largest curve at most."""
        data = self.string()
        value = int.from_bytes(data, "big", signed=True) if len(data) <= _NUMBER_BYTES else 0
        if value <= 0:
            raise _malformed()
        return value

    def require_end(self) -> None:
        """Require that nothing follows."""
        if self._at != len(self._data):
            raise _malformed()


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _held(where: str) -> Iterator[tuple[bytes, bytes]]:
    """The public keys that the agent holds, each with its comment."""
    reply = _asked(where, _REQUEST_IDENTITIES, b"", expected=_IDENTITIES, patience=_PATIENCE)
    # A number that lies runs into the end of the message, whose length is bounded.
    for _ in range(reply.number()):
        yield reply.string(), reply.string()
    reply.require_end()


def _type_of(blob: bytes) -> bytes:
    """What a public key says it is, or nothing."""
    length = int.from_bytes(blob[:4], "big")
    return blob[4 : 4 + length] if len(blob) >= 4 + length else b""


def _public_key(blob: bytes) -> VerifyingKey:
    line = _type_of(blob) + b" " + base64.b64encode(blob)
    try:
        return VerifyingKey.of(serialization.load_ssh_public_key(line))
    except (ValueError, NotImplementedError, UnsupportedAlgorithm) as error:
        # Points that are compressed, which RFC 5656 leaves to who likes them, are not implemented.
        raise _malformed() from error


def _asked(where: str, kind: int, content: bytes, *, expected: int, patience: float) -> _Reader:
    """Ask the agent something on a connection of its own; give what follows the reply's type."""
    try:
        reply = _exchange(where, struct.pack(">IB", len(content) + 1, kind) + content, patience)
    except TimeoutError as error:
        raise UsageError(
            "The ssh-agent did not answer in time.",
            code="agent-silent",
            hint="Perhaps it waits for somebody to confirm the use of the key; try again.",
        ) from error
    except OSError as error:
        raise UsageError(
            f"The ssh-agent cannot be reached: {error.strerror or 'no such socket'}.",
            code="agent-unreachable",
            hint="SSH_AUTH_SOCK names its socket. Is the agent still running, and yours?",
        ) from error
    if reply == bytes([_FAILURE]):
        raise UsageError(
            "The ssh-agent refused.",
            code="agent-refused",
            hint="Whoever is asked to confirm has to agree; a locked agent refuses, and so does "
            "one whose key may only be used for some hosts.",
        )
    if reply[:1] != bytes([expected]):
        raise _malformed()
    return _Reader(reply[1:])


def _exchange(where: str, message: bytes, patience: float) -> bytes:
    if not hasattr(socket, "AF_UNIX"):
        raise OSError(None, "this Python knows no sockets of files")
    deadline = time.monotonic() + patience
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(patience)
        connection.connect(where)
        connection.sendall(message)
        length = int.from_bytes(_received(connection, 4, deadline), "big")
        if not 0 < length <= _MESSAGE_BYTES:
            raise _malformed()
        return _received(connection, length, deadline)


def _received(connection: socket.socket, count: int, deadline: float) -> bytes:
    """As many bytes as that, before a deadline that covers all of them."""
    data = bytearray()
    while len(data) < count:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        chunk = connection.recv(count - len(data))
        if not chunk:
            raise _malformed()
        data += chunk
    return bytes(data)


def _malformed() -> UsageError:
    return UsageError(
        "What answers as an ssh-agent does not keep to its protocol.",
        code="agent-malformed",
        hint="SSH_AUTH_SOCK names its socket. Is it that of your agent?",
    )
