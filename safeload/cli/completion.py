"""Print a script that completes verbs, options, their values and files in a shell.

  bash  safeload completion bash > ~/.local/share/bash-completion/completions/safeload
  zsh   safeload completion zsh > DIR/_safeload, with DIR in $fpath
  fish  safeload completion fish > ~/.config/fish/completions/safeload.fish

The script is that of this release; print it again after the next one is installed. Completing runs
nothing of safeload.

Trust: the script holds our own words only.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

__all__ = ["add_arguments", "run"]

# What an argument is called in help texts, where files complete it.
_FILES = frozenset({"FILE", "KEY", "MODEL", "PATH"})
_FOLDERS = frozenset({"DIR"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``completion`` takes."""
    parser.add_argument("shell", choices=["bash", "zsh", "fish"], help="the shell")


def run(options: argparse.Namespace) -> int:
    """Write the script to standard output."""
    import shtab

    from safeload.cli.main import whole_parser

    parser = whole_parser()
    for action in _actions(parser):
        if action.metavar in _FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]  # what shtab looks for
        elif action.metavar in _FOLDERS:
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
    sys.stdout.write(shtab.complete(parser, shell=options.shell) + "\n")
    return 0


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """All arguments, those of verbs too."""
    for action in parser._actions:  # noqa: SLF001  # argparse has no other way to list them
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for below in action.choices.values():
                yield from _actions(below)
