"""Rehearse loading a model: in a process of its own, with the predictions sealed at signing.

This is what a deployment runs before it ships: signature, digest, scan, policy, loading, library
versions and predictions, all as they will be there.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Any

from safeload.cli.output import plain
from safeload.cli.progress import shown
from safeload.cli.verify import add_trust_options
from safeload.errors import LoadError, SafeloadError

__all__ = ["add_arguments", "run"]


class _ReportedError(SafeloadError):
    """An error that the rehearsal's process met and reported."""

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__(str(told["message"]), code=str(told["code"]), hint=str(told["hint"]))
        # What is not among the codes of a failure must not become a success.
        self.exit_code = told["exit_code"] if told["exit_code"] in (1, 2, 3) else 3  # type: ignore[misc]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``load`` takes."""
    parser.add_argument("model", metavar="MODEL", help="the model; its bundle lies beside it")
    add_trust_options(parser)
    parser.add_argument("--policy", metavar="FILE", help="a policy file to add to the packs")


def run(options: argparse.Namespace) -> int:
    """Run the rehearsal and say how it went."""
    request = {
        "path": options.model,
        "trust": options.trust,
        "name": options.name,
        "policy": options.policy,
    }
    with shown("Rehearsing"):
        told = _rehearse(request)
    if "error" in told:
        raise _ReportedError(told["error"])
    print(plain(f"{told['name']} {told['version']}: verified, signed by {told['signer']}"))
    print(plain(f"loaded: {told['type']}"))
    print(plain(f"predictions as sealed at signing: {', '.join(told['methods'])}"))
    return 0


def _rehearse(request: dict[str, Any]) -> dict[str, Any]:
    # -P: a folder named like a library, where the command happens to be run, is not imported.
    command = [sys.executable, "-P", "-m", "safeload.cli.rehearsal"]
    child = subprocess.run(  # noqa: S603  # our own interpreter and module
        command, input=json.dumps(request), stdout=subprocess.PIPE, text=True, check=False
    )
    if child.returncode < 0:
        raise LoadError(
            f"The process that loaded the model was ended by {_name(-child.returncode)}.",
            code="rehearsal-crashed",
            hint="Loading this model would end a service too. Do not deploy it.",
        )
    told = None
    with suppress(ValueError):
        told = json.loads(child.stdout)
    if child.returncode != 0 or not isinstance(told, dict):
        raise LoadError(
            f"The process that loaded the model ended with {child.returncode} and no result.",
            code="rehearsal-failed",
            hint="What it wrote before says more.",
        )
    return told


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
