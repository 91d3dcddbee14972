"""Run a program under the guard: ``python -m safeload.serving.guard [options] -- SCRIPT ...``.

Trust: the program is one's own; what it loads is not.
Source: ``runpy`` in the Python documentation; the command line of ``python``.
"""

from __future__ import annotations

import argparse
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from safeload.errors import SafeloadError
from safeload.serving.guard import install

__all__ = ["main"]

_DESCRIPTION = """\
Run a Python program with its loaders behind the policy: joblib.load, pickle.load and loads,
pickle.Unpickler, skops.io.load, torch.load, and whatever unpickles by them. What the policy does
not accept is not loaded. With --report, all is loaded as before, and FILE says what would not be.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Install the guard, and become the program.

    Args:
        arguments: What follows the name of this module on the command line.

    Returns:
        The exit code where the program was not begun: 2 for a wrong option, else as errors have it.
    """
    options = _parser().parse_args(arguments)
    program = options.program[1:] if options.program[:1] == ["--"] else options.program
    if not program or program == ["-m"]:
        _parser().error("a program to run is missing: -- SCRIPT ..., or -- -m MODULE ...")
    try:
        install(
            "enforce" if options.report is None else "report",
            policy=options.policy,
            packs=options.pack,
            trust=options.trust,
            log=options.log if options.report is None else options.report,
            exempt=options.exempt,
        )
    except SafeloadError as error:
        hint = f"\n  hint: {error.hint}" if error.hint else ""
        sys.stderr.write(f"{error.line}{hint}\n")
        return error.exit_code
    _run(program)
    return 0


def _run(program: list[str]) -> None:
    if program[0] == "-m":
        # As "python -m" does; runpy puts the path of the module into sys.argv[0].
        sys.argv[:] = program[1:]
        runpy.run_module(program[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv[:] = program
        # "python SCRIPT" looks for modules beside the script, "python -m" where one stands.
        sys.path[0] = str(Path(program[0]).resolve().parent)
        runpy.run_path(program[0], run_name="__main__")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m safeload.serving.guard",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--report", metavar="FILE", help="refuse nothing; append a line of JSON for each load"
    )
    where.add_argument("--log", metavar="FILE", help="append a line of JSON for each load")
    parser.add_argument("--policy", metavar="FILE", help="a policy file to add to the lists")
    parser.add_argument(
        "--pack", metavar="NAME", action="append", default=[], help="switch an allow-list on"
    )
    parser.add_argument(
        "--trust",
        metavar="FILE",
        help="require that models in files are signed, by this trust file",
    )
    parser.add_argument(
        "--exempt",
        metavar="MODULE:FUNCTION",
        action="append",
        default=[],
        help="a function that may unpickle unguarded",
    )
    parser.add_argument(
        "program", nargs=argparse.REMAINDER, metavar="-- SCRIPT ...", help="or -- -m MODULE ..."
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
