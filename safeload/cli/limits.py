"""Which bounds on a file does ``--limit NAME=VALUE`` change?

A file that legitimately needs more than a limit allows is not read, and the finding names the
limit. Here it is raised, for this one command. What protects the process itself stays as it is:
compiled code recurs as deeply as objects are nested, and ends the process where its stack ends.

Trust: the options are the user's own.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import asdict
from typing import Any

from safeload.errors import UsageError
from safeload.limits import Limits

__all__ = ["add_limit_option", "limits_of"]


def add_limit_option(parser: argparse._ActionsContainer) -> None:
    """Add ``--limit``, which may be given again and again."""
    parser.add_argument(
        "--limit",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another bound than the usual one, as in seconds=600; a finding names its limit",
    )


def limits_of(options: argparse.Namespace) -> Limits:
    """The limits that the options ask for; of a limit that is given twice, the last.

    Args:
        options: With ``limit``, a list of ``NAME=VALUE``.

    Returns:
        The usual limits with those changed.

    Raises:
        UsageError: There is no such limit, it cannot be changed so, or the value is none.
    """
    usual: dict[str, int | float] = asdict(Limits())
    changed: dict[str, Any] = {}
    for text in options.limit:
        name, equals, value = text.partition("=")
        if name not in usual:
            raise UsageError(
                f"There is no limit {name!r}.",
                code="limit-unknown",
                hint=f"There are: {', '.join(sorted(usual))}.",
            )
        number = _number(value, whole=isinstance(usual[name], int)) if equals else None
        if number is None:
            raise UsageError(
                f"{text!r} gives the limit no value.",
                code="limit-malformed",
                hint=f"Give a number above zero, as in --limit {name}={usual[name]}.",
            )
        changed[name] = number
    return Limits(**changed)


def _number(text: str, *, whole: bool) -> int | float | None:
    """The number that a text is, if it is finite and above zero."""
    try:
        number = int(text) if whole else float(text)
    except ValueError:
        return None
    return number if 0 < number < math.inf else None
