"""The bytes of a private key file and a passphrase become a private key.

Trust: the file and the passphrase are the caller's own, and secret: no error shows either.

Source: RFC 5958 (PKCS#8), RFC 5915 and RFC 1421 (traditional keys), OpenSSH's PROTOCOL.key.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import TypeAlias

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from safeload.arguments import require_type
from safeload.errors import UsageError

__all__ = ["Passphrase", "check_length", "check_passphrase", "load_private"]

# The passphrase of a key file, or what asks for it once the file turns out to need one.
Passphrase: TypeAlias = bytes | Callable[[], bytes]

_SSH_BEGIN = b"-----BEGIN OPENSSH PRIVATE KEY-----"
# Longest passphrase that OpenSSL takes, bytes.
_PASSPHRASE_BYTES = 1023
# What the library raises for a file; points that are compressed are not implemented.
_UNREADABLE = (ValueError, NotImplementedError, UnsupportedAlgorithm)


def load_private(data: bytes, passphrase: Passphrase | None) -> object:
    """Read a private key of any type.

    Args:
        data: What is in its file: PEM as ``openssl`` writes it (PKCS#8, or traditional), or what
            ``ssh-keygen`` writes.
        passphrase: The passphrase, or a function that is asked for it only if the key is encrypted.

    Returns:
        A private key of the ``cryptography`` package.

    Raises:
        UsageError: There is no key in it, or the passphrase is missing or wrong.
    """
    of_openssh = data.lstrip().startswith(_SSH_BEGIN)
    load = serialization.load_ssh_private_key if of_openssh else serialization.load_pem_private_key
    try:
        return load(data, None)
    except TypeError:
        pass  # Encrypted: only now a passphrase is needed.
    except _UNREADABLE as error:
        if of_openssh and isinstance(error, UnsupportedAlgorithm):
            raise UsageError(
                "The key file of OpenSSH is of a type, or has a cipher, that is not supported.",
                code="key-unsupported",
                hint="Use Ed25519, or ECDSA over P-256, P-384 or P-521; another cipher is had by "
                "ssh-keygen -p -Z aes256-ctr -f KEY.",
            ) from error
        raise UsageError(
            "The key file holds no private key in PEM, nor one of OpenSSH's.",
            code="key-malformed",
            hint="Make one with safeload keygen.",
        ) from error
    if of_openssh and find_spec("bcrypt") is None:
        raise UsageError(
            "The key file is encrypted as OpenSSH does it, and bcrypt is not installed.",
            code="extra-missing",
            hint="Install it: pip install 'safeload[ssh]'. A key that is not Ed25519 can be "
            "rewritten in another form, too: ssh-keygen -p -m PKCS8 -f KEY.",
        )
    if passphrase is None:
        raise UsageError(
            "The key file is encrypted and no passphrase was given.",
            code="passphrase-needed",
            hint="Give its passphrase.",
        )
    secret = passphrase() if callable(passphrase) else passphrase
    require_type(secret, "passphrase", bytes, takes="bytes, or a function that returns bytes")
    check_length(secret)
    try:
        return load(data, secret)
    except (*_UNREADABLE, TypeError, InvalidTag) as error:
        raise UsageError(
            "The key file does not open with this passphrase.",
            code="passphrase-wrong",
            hint="Try again; a key whose passphrase is lost has to be replaced.",
        ) from error


def check_passphrase(value: object, parameter: str = "passphrase") -> None:
    """Require None, bytes, or a function to ask.

    Raises:
        UsageError: It is none of them; text has to be encoded by whoever knows how.
    """
    if not callable(value):
        takes = "bytes, or a function that returns bytes"
        require_type(value, parameter, type(None), bytes, takes=takes)


def check_length(passphrase: bytes) -> None:
    """Require that a passphrase has 1 to 1,023 bytes.

    Raises:
        UsageError: It has not (``passphrase-length``).
    """
    if not 0 < len(passphrase) <= _PASSPHRASE_BYTES:
        raise UsageError(
            f"A passphrase has 1 to {_PASSPHRASE_BYTES} bytes.",
            code="passphrase-length",
            hint="Choose another one.",
        )
