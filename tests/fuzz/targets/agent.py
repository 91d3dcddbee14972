"""An ssh-agent's replies: any bytes give the key's own signature, or an error of safeload.

An input is the reply to the question for keys after its length in four bytes, and what is left is
the reply to the request for a signature.
"""

from __future__ import annotations

import os
from unittest.mock import patch

from safeload.errors import TrustError, UsageError
from safeload.trust.signers import agent, signer_of
from tests.fuzz.target import Target, Violation
from tests.trust.signers.replies import KEYS, NAMES, identities, signed, ssh_blob, string

__all__ = ["TARGET"]

_DATA = b"data"
# Without the length in front: that is taken off before a reply is read.
_HEAD = 4


def _examples() -> list[bytes]:
    return [
        string(identities((ssh_blob(key), b"mine"), (b"", b"other"))[_HEAD:])
        + signed(key, NAMES[key_type], _DATA)[_HEAD:]
        for key_type, key in KEYS.items()
    ]


def _check(data: bytes) -> None:
    length = int.from_bytes(data[:_HEAD], "big")
    replies = iter((data[_HEAD : _HEAD + length], data[_HEAD + length :]))
    with (
        patch.dict(os.environ, {"SSH_AUTH_SOCK": "/nowhere"}),
        patch.object(agent, "_exchange", lambda *_: next(replies)),
    ):
        try:
            signer = signer_of("agent:mine")
            signature = signer.sign(_DATA)
        except (TrustError, UsageError):
            return
    signer.public.verify(signature, _DATA)
    if signer.public not in {key.public for key in KEYS.values()}:
        raise Violation("a key signed that nobody has")


TARGET = Target(
    name="agent",
    about="only the key's own signature is handed on",
    examples=_examples,
    check=_check,
    dictionary=tuple(NAMES.values()),
)
