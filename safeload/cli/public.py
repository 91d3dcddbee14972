"""Print the public half of a key, for those who load and for other tools: PEM on stdout.

The key is a file, or one that an ssh-agent, a token or a service holds (docs/keys.md); the public
half is read from there. The key's type and id are on stderr.
"""

from __future__ import annotations

import argparse

from safeload.cli.output import note
from safeload.cli.passphrase import add_option, passphrase_of

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``public`` takes."""
    parser.add_argument(
        "key", metavar="KEY", help="a private key file, or the name of a key that is not a file"
    )
    add_option(parser)


def run(options: argparse.Namespace) -> int:
    """Print the public key."""
    from safeload.trust.signers import public_key_of

    key = public_key_of(options.key, passphrase=lambda: passphrase_of(options))
    note(f"{key.key_type} key {key.key_id}")
    print(key.pem, end="")
    return 0
