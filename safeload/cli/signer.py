"""Who signs? Options of a command become a key, or somebody with a token; and how to call them.

Trust: the options are the caller's own. A token comes from a file and is never an argument, for
arguments of a process are visible to others on the same machine.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safeload.arguments import as_path
from safeload.cli.passphrase import passphrase_of
from safeload.errors import UsageError

if TYPE_CHECKING:
    from safeload.trust.identities.keyless_signer import KeylessSigner
    from safeload.trust.keys import Signer

__all__ = ["add_signer_options", "called", "signer_of_options", "who_signs"]

# A token takes one or two thousand bytes.
_TOKEN_BYTES = 64 * 1024


def add_signer_options(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add what says who signs.

    Args:
        parser: What to add it to.
        required: Whether somebody has to.
    """
    who = parser.add_mutually_exclusive_group(required=required)
    who.add_argument(
        "--key",
        metavar="KEY",
        help="the signing key: a file, or agent:, hsm:, awskms:, gcpkms:, azurekms: or hv: and "
        "which key (docs/keys.md)",
    )
    who.add_argument(
        "--keyless",
        action="store_true",
        help="sign with an identity of sigstore, by a token that the environment offers; what is "
        "signed, and the identity, go into a public log (docs/keyless.md)",
    )
    parser.add_argument(
        "--certificate-chain",
        metavar="FILE",
        help="the key's certificate and after it each one's issuer, in PEM, for those who trust "
        "an authority and not the key itself",
    )
    parser.add_argument(
        "--identity-token",
        metavar="FILE",
        help="with --keyless: the token, in a file; - is standard input",
    )
    parser.add_argument(
        "--sigstore-config",
        metavar="FILE",
        help="with --keyless: a client trust configuration (default: the public instance)",
    )


def signer_of_options(options: argparse.Namespace) -> Signer | KeylessSigner:
    """Who signs.

    Args:
        options: With what :func:`add_signer_options` adds, and ``passphrase_file``.

    Raises:
        UsageError: The key or the token cannot be used, or options do not go together.
    """
    from safeload.trust.identities.keyless_signer import KeylessSigner
    from safeload.trust.signers import signer_of

    if options.keyless:
        token = None if options.identity_token is None else _token(options.identity_token)
        return KeylessSigner.of(token=token, config=options.sigstore_config)
    if options.identity_token is not None or options.sigstore_config is not None:
        raise UsageError(
            "--identity-token and --sigstore-config are for signing with an identity.",
            code="keyless-options",
            hint="Give --keyless in the place of --key, or leave them out.",
        )
    return signer_of(options.key, passphrase=lambda: passphrase_of(options))


def called(who: dict[str, Any]) -> str:
    """Say who has signed, in the words that a trust file has for them.

    Args:
        who: What :func:`who_signs` says.
    """
    if who["key_id"] is not None:
        return f"with key {who['key_id']}"
    return f"as {', '.join(who['identities'])}"


def who_signs(signer: Signer | KeylessSigner, bundle: Path) -> dict[str, Any]:
    """Say who has signed, for programs.

    Args:
        signer: Who it was.
        bundle: What they signed.

    Returns:
        ``key_id`` and ``identities``; there is one of the two.
    """
    from safeload.trust.keys import Signer

    if isinstance(signer, Signer):
        return {"key_id": signer.public.key_id, "identities": []}
    from safeload.trust.bundle import read_bundle
    from safeload.trust.identities.certificates import Leaf

    leaf = Leaf.read(read_bundle(bundle).unverified_certificates)
    return {"key_id": None, "identities": sorted(leaf.unverified_names)}


def _token(name: str) -> str:
    from safeload.trust.files import read_small

    try:
        if name == "-":
            data = sys.stdin.buffer.read(_TOKEN_BYTES)
        else:
            data, _ = read_small(as_path(name, "identity token"), limit=_TOKEN_BYTES)
        return data.decode("ascii").strip()
    except (OSError, ValueError) as error:
        raise UsageError(
            "The file of the identity token cannot be read.",
            code="identity-token",
            hint="Check the path given with --identity-token.",
        ) from error
