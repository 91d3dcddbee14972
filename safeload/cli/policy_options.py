"""Options that say which policy a verb works with: a policy file, and packs to switch on.

Trust: arguments are the user's own.
"""

from __future__ import annotations

import argparse

__all__ = ["add_policy_options"]


def add_policy_options(
    parser: argparse.ArgumentParser, *, policy_help: str = "a policy file to add to the packs"
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
        help="a pack that is off by default; may be repeated ('safeload policy packs' lists them)",
    )
