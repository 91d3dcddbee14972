"""The command line: arguments become a call of one verb, and its outcome an exit code.

Every verb exits with 0 (accepted), 1 (refused), 2 (usage) or 3 (could not decide). Results go to
stdout; progress, questions and errors go to stderr. Only the module of the verb that was asked for
is imported, and each verb imports what it needs when it runs.

Trust: arguments are the user's own. What errors quote from files was escaped before, and is once
more here, so that nothing from a file moves the cursor.
"""

from __future__ import annotations

import argparse
import io
import signal
import sys
from collections.abc import Container, Sequence
from importlib import import_module

from safeload import __version__
from safeload.cli.answer import answered, answers_as_json
from safeload.cli.output import note, show_failure
from safeload.cli.parser import Parser
from safeload.cli.streams import (
    Ended,
    code_of,
    deliver,
    end_by_signals,
    last_flush,
    open_standard_files,
    output_is_closed,
)

__all__ = ["entry_point", "main", "whole_parser"]

_VERBS = {
    "demo": "sign, load and refuse a real model, from start to end",
    "keygen": "make a key to sign with",
    "public": "print the public half of a key",
    "sign": "scan a model and sign it",
    "verify": "check signature and digest, and show the manifest",
    "diff": "say what differs between two signed models",
    "export": "write what a signer says about a model for other tools",
    "load": "dry run: load in a process of its own, compare the recorded predictions",
    "convert": "write a model in another format, if it predicts the same there",
    "audit": "say what files would do when loaded, without loading them",
    "watch": "audit what is dropped into a folder, and move it",
    "baseline": "accept findings of an audit, with a reason and a date",
    "explain": "show a file's program as readable Python",
    "policy": "propose, show and check policy files",
    "guard": "say what a guarded program loaded, and what would be refused",
    "ledger": "show what was loaded here, and what was refused",
    "trust": "say who may sign what, and change it",
    "completion": "print what completes commands in bash, zsh or fish",
}
_CODES = "exit codes: 0 accepted, 1 refused, 2 usage, 3 could not decide"

_UNDECIDED = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: What follows the program's name; ``sys.argv`` by default.

    Returns:
        The exit code.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    closed = sys.stdout is None
    with deliver():
        try:
            code = _run(given, closed=closed)
            # What could not be written is an error, not a success that nobody sees.
            sys.stdout.flush()
        except Ended as ended:
            note(f"ended by {signal.Signals(ended.number).name}")
            code = code_of(ended)
        except KeyboardInterrupt as ended:
            note("interrupted")
            code = code_of(ended)
        except BrokenPipeError:
            # Whoever read the result has gone, and need not be told.
            code = _UNDECIDED
        except BaseException as error:  # noqa: BLE001  # a bug must not look like an answer
            code = show_failure(error).exit_code
    return code


def entry_point() -> None:
    """Run the command that the process was started with, and end the process."""
    open_standard_files()
    end_by_signals()
    # Text that the terminal's encoding lacks is shown as escapes, as stderr does anyway.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    code = main()
    last_flush()
    sys.exit(code)


def _run(given: Sequence[str], *, closed: bool) -> int:
    """Parse the arguments and run the verb."""
    parser, verb = _parser(given)
    try:
        options = parser.parse_args(given)
        # Whether options end where the user says, and not where the first path stands.
        options.has_end = "--" in given
        if "check" in options:
            options.check(options)
    except SystemExit as leaving:
        # argparse has printed the help (0) or what is wrong with the arguments (2).
        return leaving.code if isinstance(leaving.code, int) else 2
    if verb is None:
        parser.print_usage(sys.stderr)
        return 2
    elsewhere = getattr(options, "output", None) is not None and not answers_as_json(options)
    if closed and not elsewhere:
        raise output_is_closed()
    return answered(options, import_module(f"safeload.cli.{verb}").run)


def whole_parser() -> argparse.ArgumentParser:
    """The parser with the arguments of every verb; all of their modules are imported."""
    return _built(frozenset(_VERBS))


def _parser(given: Sequence[str]) -> tuple[argparse.ArgumentParser, str | None]:
    """The parser, complete for the verb that is asked for, and that verb."""
    # The options before a verb take no values, so the first other word is the verb.
    asked = next((word for word in given if not word.startswith("-")), None)
    return _built({asked}), asked if asked in _VERBS else None


def _built(complete: Container[str | None]) -> argparse.ArgumentParser:
    """A parser of all verbs, with the arguments of some."""
    parser = Parser(
        prog="safeload",
        description="Sign models, load only what was signed and is allowed, audit the rest.",
        epilog=_CODES,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"safeload {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    for verb, summary in _VERBS.items():
        module = import_module(f"safeload.cli.{verb}") if verb in complete else None
        described = (module.__doc__ or "").split("\n\nTrust:")[0] if module else summary
        verb_parser = verbs.add_parser(
            verb,
            help=summary,
            description=described,
            epilog=_CODES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        if module is not None:
            module.add_arguments(verb_parser)
    return parser
