"""A parser of arguments: of an option that is given twice, nothing is left out without a word.

Of two policies, trust files or names only the last would count, and the first would be believed to.

Trust: arguments are the user's own.
"""

from __future__ import annotations

import argparse
from typing import Any

__all__ = ["Parser", "add_format_option"]


class Parser(argparse.ArgumentParser):
    """A parser whose options are given once, but for those that collect what they are given."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # What an option does that says nothing about it; parsers of verbs are of this class, too.
        self.register("action", None, _Once)


def add_format_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--format`` to a verb that shows its result to people or hands it to programs.

    Args:
        parser: The verb's.
    """
    parser.add_argument(
        "--format",
        choices=["console", "json"],
        default="console",
        help="for people, or for programs (default: console)",
    )


class _Once(argparse.Action):
    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        # No option has a blank in its name.
        mark = f"{self.dest} given"
        if option_string is not None and hasattr(namespace, mark):
            raise argparse.ArgumentError(self, "given twice")
        setattr(namespace, mark, True)
        setattr(namespace, self.dest, values)
