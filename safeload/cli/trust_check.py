"""``safeload trust check``: whose are the files that decide what is believed?

It goes the way to a file from the root of all folders, and says of each folder and link, and of the
file, whose it is, what its mode is, and what is wrong with it; then it reads the file.

Trust: arguments are the user's own; what is shown of files is escaped.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from safeload.arguments import as_path
from safeload.cli.output import plain, show_error
from safeload.errors import UsageError

if TYPE_CHECKING:
    from safeload.owners.explain import Explained

__all__ = ["check"]

# Far more than any of these files takes, bytes.
_LIMIT = 16 << 20

# The lines that say what a file holds; what they raise says why it is none of its kind.
_Content = Callable[[Path], Iterator[str]]


def check(options: argparse.Namespace) -> int:
    """Explain the files that were named, and say in the exit code how it went."""
    from safeload.trust.trustfile import TrustFile

    codes: set[int] = set()
    if options.file is not None or not (options.key or options.policy):
        path = (
            TrustFile.default_path()
            if options.file is None
            else as_path(options.file, "trust file")
        )
        codes.add(_check_file("trust file", path, _trust_file))
    for key in options.key:
        codes.add(_check_file("private key", as_path(key, "key"), _private_key, secret=True))
    for policy in options.policy:
        codes.add(
            _check_file("policy file", as_path(policy, "policy"), _policy_file, own_group=True)
        )
    return max(codes)


def _check_file(
    noun: str, path: Path, content: _Content, *, secret: bool = False, own_group: bool = False
) -> int:
    from safeload.owners.explain import explain

    print(plain(f"{noun}: {path}"))
    steps, end = explain(path, limit=_LIMIT, secret=secret, own_group=own_group)
    for line in _lines(steps):
        print(plain(line))
    faults = [step.fault for step in steps if step.fault is not None]
    if faults:
        print(f"  not read: {_count(len(faults), 'step')} of the way must be fixed first")
    if end is None and faults:
        return 1
    try:
        # Read as every other verb reads it: what is shown is what is believed.
        for line in content(path):
            print(plain(f"  {line}"))
    except UsageError as error:
        show_error(error)
        return 1 if faults else error.exit_code
    return 0


def _lines(steps: list[Explained]) -> Iterator[str]:
    owners = max((len(step.owner) for step in steps), default=0)
    systems = max((len(step.file_system) for step in steps), default=0)
    for step in steps:
        told = "ok   " if step.fault is None else "WRONG"
        shown = f"{step.path} -> {step.leads_to}" if step.leads_to else step.path
        yield (
            f"  {told}  {step.kind:6}  {step.owner:{owners}}  {step.mode:04o}  "
            f"{step.file_system:{systems}}  {shown}"
        )
        if step.fault is not None:
            yield f"           {step.fault.what}"
            yield f"           {step.fault.hint}"


# -- what the files say ----------------------------------------------------------------------------


def _trust_file(path: Path) -> Iterator[str]:
    from datetime import UTC, datetime

    from safeload.report.signers import plain_lines
    from safeload.trust.trustfile import TrustFile

    trust = TrustFile.read(path)
    yield _count(len(trust.grants), "signer")
    for line in plain_lines(trust, datetime.now(UTC)):
        yield f"  {line}"


def _private_key(path: Path) -> Iterator[str]:
    from safeload.trust.keys import SigningKey

    try:
        key = SigningKey.read(path)
    except UsageError as error:
        if error.code != "passphrase-needed":
            raise
        yield "encrypted with a passphrase"
        return
    yield (
        f"{key.public.key_type} {key.public.key_id}, not encrypted: whoever reads it "
        "can sign with it"
    )


def _policy_file(path: Path) -> Iterator[str]:
    from safeload.policy.policy import Policy, policy_text
    from safeload.policy.team.review import own_entries

    text = policy_text(path)
    # Whether it is a policy, with the packs that it is added to.
    Policy.parse(text, str(path))
    entries = own_entries(text, str(path))
    yield f"{_count(len(entries), 'name')} ('safeload policy check' looks through them)"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
