"""Where a passphrase comes from: a file, a pipe, or the person at the terminal; never an argument.

Arguments and environment variables of a process are visible to others on the same machine.

Trust: the file is the user's own, and is refused where somebody else could have written it.
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys

from safeload.arguments import as_path
from safeload.cli.opened import descriptor_of
from safeload.cli.output import is_terminal
from safeload.errors import UsageError
from safeload.owners.reading import read_own
from safeload.trust.secret import Secret

__all__ = ["add_option", "new_passphrase", "passphrase_of"]

_BYTES = 4096
_FILE_BYTES = 1 << 20


def add_option(parser: argparse._ActionsContainer) -> None:
    """Add ``--passphrase-file``."""
    parser.add_argument(
        "--passphrase-file",
        metavar="FILE",
        help="read the key's passphrase, or a token's PIN, from the first line of FILE; - is "
        "standard input",
    )


def passphrase_of(options: argparse.Namespace) -> bytes:
    """The passphrase of a key that exists.

    Args:
        options: With ``passphrase_file``.

    Returns:
        The passphrase.

    Raises:
        UsageError: There is nobody to ask and no file, or the file cannot be read.
    """
    if options.passphrase_file is not None:
        return _read(options.passphrase_file)
    _require_terminal("Give --passphrase-file.")
    return _ask("Passphrase or PIN of the key: ").encode()


def new_passphrase(options: argparse.Namespace) -> bytes:
    """A passphrase for a key about to be made, asked for twice.

    Args:
        options: With ``passphrase_file``.

    Returns:
        The passphrase, of at least one byte.

    Raises:
        UsageError: As for :func:`passphrase_of`; or it is empty, or the two differ.
    """
    if options.passphrase_file is not None:
        return _read(options.passphrase_file)
    _require_terminal("Give --passphrase-file, or --no-passphrase for a key that anyone can use.")
    first = Secret(_ask("Passphrase for the new key: ").encode())
    if not first:
        raise UsageError(
            "The passphrase is empty.",
            code="passphrase-length",
            hint="Give --no-passphrase for a key that whoever reads the file can use.",
        )
    if _ask("Repeat passphrase: ").encode() != first:
        raise UsageError(
            "The two passphrases differ.", code="passphrase-differs", hint="Try again."
        )
    return first


def _ask(prompt: str) -> str:
    try:
        return getpass.getpass(prompt)
    except EOFError as error:
        raise UsageError(
            "No passphrase was given.", code="passphrase-needed", hint="Try again."
        ) from error


def _require_terminal(hint: str) -> None:
    if not is_terminal(sys.stdin):
        raise UsageError(
            "A passphrase is needed and there is no terminal to ask for it.",
            code="passphrase-needed",
            hint=hint,
        )


def _read_file(name: str) -> bytes:
    opened = descriptor_of(name)
    if opened is not None:
        # What the caller has opened for us may be a pipe, as a shell's <(command) is.
        with os.fdopen(os.dup(opened), "rb") as file:
            return file.readline(_BYTES)
    data, _ = read_own(
        as_path(name, "passphrase file"),
        noun="passphrase file",
        code="passphrase-writable",
        limit=_FILE_BYTES,
        own_group=True,
    )
    return data.partition(b"\n")[0][:_BYTES]


def _read(name: str) -> bytes:
    try:
        data = sys.stdin.buffer.readline(_BYTES) if name == "-" else _read_file(name)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise UsageError(
            f"The passphrase file cannot be read: {reason}.",
            code="passphrase-unreadable",
            hint="Check the path given with --passphrase-file.",
            path=name,
        ) from error
    passphrase = Secret(data.rstrip(b"\r\n"))
    if not passphrase:
        raise UsageError(
            "The passphrase file is empty.",
            code="passphrase-length",
            hint="Its first line is the passphrase.",
            path=name,
        )
    return passphrase
