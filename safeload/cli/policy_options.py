"""Options that say which policy a verb works with: a policy file, and packs to switch on.

Trust: arguments are the user's own.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from safeload.policy.policy import Policy

__all__ = ["add_policy_options", "policy_of"]


def add_policy_options(
    parser: argparse.ArgumentParser, *, policy_help: str = "a policy file to add to the allow-lists"
) -> None:
    """Add ``--policy`` and ``--pack``.

    Args:
        parser: What to add them to; its options get ``policy`` and ``packs``.
        policy_help: What ``--policy`` is for.
    """
    parser.add_argument("--policy", metavar="FILE", help=policy_help)
    parser.add_argument(
        "--pack",
        action="append",
        default=[],
        metavar="NAME",
        dest="packs",
        help="an allow-list that is off by default; may be repeated ('safeload policy packs' lists "
        "them)",
    )


def policy_of(options: argparse.Namespace) -> Policy | None:
    """The policy file that the options name, read once for all models, with the packs.

    Args:
        options: With what :func:`add_policy_options` adds.

    Returns:
        The policy; None if no file was given, so that a trust file may name one.

    Raises:
        UsageError: The file cannot be used, or there is no such allow-list.
    """
    from safeload.policy.policy import Policy

    policy = Policy.of(options.policy, packs=options.packs)
    return None if options.policy is None else policy
