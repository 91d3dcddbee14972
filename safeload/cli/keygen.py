"""Make a key to sign with: a private file for you, a public file for those who load.

The private file has mode 0600 and is encrypted by the passphrase that you are asked for. Nothing
is ever overwritten. The trust file says whose signatures you accept; keygen offers to begin yours.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from itertools import chain, count
from pathlib import Path

from safeload.arguments import as_path
from safeload.cli.output import is_terminal, note
from safeload.cli.passphrase import add_option, new_passphrase
from safeload.errors import UsageError

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``keygen`` takes."""
    parser.add_argument(
        "path",
        nargs="?",
        default="signing.key",
        metavar="PATH",
        help="where to write the private key (default: signing.key); PATH.pub gets the public one",
    )
    parser.add_argument(
        "--type",
        choices=["ed25519", "p256", "p384", "p521"],
        default="ed25519",
        help="algorithm and curve (default: ed25519)",
    )
    parser.add_argument(
        "--name",
        help="who holds the key (default: your user name, with a number behind it where the trust "
        "file has that name already)",
    )
    parser.add_argument(
        "--models",
        nargs="+",
        action="extend",
        metavar="GLOB",
        help="names of models that the key may sign, with * and ? (default: * for any)",
    )
    secret = parser.add_mutually_exclusive_group()
    secret.add_argument(
        "--no-passphrase",
        action="store_true",
        help="do not encrypt the key: whoever reads the file can sign with it",
    )
    add_option(secret)
    trust = parser.add_mutually_exclusive_group()
    trust.add_argument("--add-to-trust", metavar="FILE", help="add the key to this trust file")
    trust.add_argument(
        "--trust-default",
        action="store_true",
        help="add the key to the trust file in your configuration directory",
    )


def run(options: argparse.Namespace) -> int:
    """Make the key, write both files, print the trust file's entry."""
    from safeload.trust.keys import KeyType, SigningKey
    from safeload.trust.trustfile import TrustFile, entry_text
    from safeload.writing.files import tidy

    private = as_path(options.path, "key")
    # A run that was killed may have left one file of the two.
    tidy(private.parent)
    public = Path(f"{private}.pub")
    for path in (private, public):
        if _is_taken(path):
            raise UsageError(
                f"{path.name} exists, and keys are never overwritten.",
                code="key-exists",
                hint="Choose another name, or move the old key away first.",
                path=path,
            )
    name = options.name or _user()
    models = options.models or ["*"]
    key = SigningKey.generate(KeyType(options.type))
    # Before anything is written: a name or pattern that does not fit is the user's to fix.
    entry = entry_text(name, key.public, models)
    passphrase = None if options.no_passphrase else new_passphrase(options)
    trust_file = _trust_file(options)
    if trust_file is not None and options.name is None:
        name = _free_name(name, trust_file)
        entry = entry_text(name, key.public, models)
    key.write(private, passphrase=passphrase, with_public=True)
    trusted = None
    try:
        if trust_file is not None:
            trusted = TrustFile.add(trust_file, name=name, key=key.public, models=models)
    except UsageError:
        # A key pair that nobody trusts would stand in the way of the next attempt. Who interrupts
        # this keeps the pair, which may be trusted already.
        private.unlink(missing_ok=True)
        public.unlink(missing_ok=True)
        raise
    note(f"private key: {private} (keep it secret)")
    note(f"public key:  {public} (give it to those who load)")
    note(f"key id:      {key.public.key_id}")
    if trusted is None:
        note("entry for a trust file:")
    else:
        note(f"trust file:  {trusted} (accepts this key now, as {name})")
    print(entry, end="")
    return 0


def _is_taken(path: Path) -> bool:
    try:
        path.lstat()
    except OSError:
        # Where nobody can say, nothing can be written either.
        return False
    return True


def _user() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError) as error:
        # In a container, a user may be a mere number.
        raise UsageError(
            "Cannot determine the user name.",
            code="name-needed",
            hint="Say who holds the key: --name NAME.",
        ) from error


def _free_name(user: str, path: Path) -> str:
    """The name of the user, or for a further key one that the trust file has not."""
    from safeload.trust.trustfile import TrustFile

    try:
        taken = {grant.name for grant in TrustFile.read(path).grants}
    except UsageError as error:
        if error.code != "trustfile-missing":
            raise
        return user
    further = (f"{user}-{number}" for number in count(2))
    return next(name for name in chain([user], further) if name not in taken)


def _trust_file(options: argparse.Namespace) -> Path | None:
    """The trust file to add the key to, if the user wants that."""
    from safeload.trust.trustfile import TrustFile

    if options.add_to_trust is not None:
        return as_path(options.add_to_trust, "trust file")
    if options.trust_default:
        return TrustFile.default_path()
    if not is_terminal(sys.stdin) or not is_terminal(sys.stderr):
        return None
    try:
        default = TrustFile.default_path()
    except UsageError:
        return None
    print(f"Add the key to your trust file, {default}? [y/N] ", end="", file=sys.stderr, flush=True)
    return default if sys.stdin.readline().strip().lower() in ("y", "yes") else None
