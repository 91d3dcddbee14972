"""Where is the key that a text names, and who signs with it: a file, an agent, a device, a service?

A text that begins with a scheme below names a key that is not a file. The scheme decides before any
file is looked for: ``hsm:2`` is never a file, ``./hsm:2`` and ``Path("hsm:2")`` always are.

===============  ===================================================  ==========================
scheme           key                                                  needs
===============  ===================================================  ==========================
``agent:``       of an ssh-agent (:mod:`safeload.trust.signers.agent`)  nothing
``hsm:``         on a PKCS#11 token                                   ``safeload[hsm]``
``awskms:``      of AWS KMS                                           ``safeload[awskms]``
``gcpkms:``      of Google Cloud KMS                                  ``safeload[gcpkms]``
``azurekms:``    of Azure Key Vault                                   ``safeload[azurekms]``
``hv:``          of the transit engine of HashiCorp Vault or OpenBao  ``safeload[vault]``
===============  ===================================================  ==========================

Trust: the text is the caller's own. What holds the key is not: see
:meth:`safeload.trust.keys.Signer.sign`.
"""

from __future__ import annotations

import os

from safeload.trust.keys import Passphrase, Signer, SigningKey, VerifyingKey, check_passphrase
from safeload.trust.secret import hidden
from safeload.trust.signers.services import SERVICES, open_service_key

__all__ = ["names_no_file", "public_key_of", "signer_of"]

_AGENT = "agent"


def names_no_file(key: object) -> bool:
    """Whether this is text that begins with the scheme of a key that is not a file."""
    scheme, colon, _ = key.partition(":") if isinstance(key, str) else ("", "", "")
    return bool(colon) and (scheme == _AGENT or scheme in SERVICES)


def signer_of(
    key: str | os.PathLike[str] | Signer, *, passphrase: Passphrase | None = None
) -> Signer:
    """Find who signs with a key.

    Args:
        key: A key file, text that names a key elsewhere, or a signer already.
        passphrase: Of the key file, or the PIN of the token, or a function that asks for it. It is
            asked before anything else is done, and only if it is needed.

    Returns:
        The signer.

    Raises:
        UsageError: The key cannot be used; there is one code for each reason.
    """
    passphrase = hidden(passphrase)
    if isinstance(key, Signer):
        return key
    check_passphrase(passphrase)
    if isinstance(key, str) and names_no_file(key):
        return _opened(key, passphrase, to_sign=True)
    return SigningKey.read(key, passphrase=passphrase)


def public_key_of(
    key: str | os.PathLike[str], *, passphrase: Passphrase | None = None
) -> VerifyingKey:
    """Read the public half of a key from whatever holds the key.

    Args:
        key: A key file, or text that names a key elsewhere.
        passphrase: Of the key file, or the PIN of the token, or a function that asks for it; few
            tokens need it for this.

    Returns:
        The public key.

    Raises:
        UsageError: The key cannot be had; there is one code for each reason.
    """
    passphrase = hidden(passphrase)
    check_passphrase(passphrase)
    if isinstance(key, str) and names_no_file(key):
        return _opened(key, passphrase, to_sign=False).public
    return SigningKey.read(key, passphrase=passphrase).public


def _opened(key: str, passphrase: Passphrase | None, *, to_sign: bool) -> Signer:
    scheme, _, rest = key.partition(":")
    if scheme in SERVICES:
        return open_service_key(key, passphrase=passphrase, to_sign=to_sign)
    from safeload.trust.signers.agent import open_agent_key

    return open_agent_key(rest)
