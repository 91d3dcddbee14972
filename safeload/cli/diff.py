"""Say what differs between two signed models: what their signers say, and what is in them.

Both are verified, scanned and judged first. Hyper-parameters, arrays and whatever else is in a
model are read from its program, which is not run: nothing is deserialised, and no library of the
models is imported. Names that begin or end with an underscore are what fitting found, as
scikit-learn has it.

As with git, it is no failure that something differs: with --exit-code, that ends in 1.

Trust: what is shown of the models is escaped.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from safeload.cli.limits import add_limit_option, limits_of
from safeload.cli.output import is_terminal
from safeload.cli.parser import add_format_option
from safeload.cli.policy_options import add_policy_options
from safeload.cli.progress import shown
from safeload.cli.verify import add_trust_options
from safeload.errors import UsageError

if TYPE_CHECKING:
    from safeload.comparing.difference import Side

__all__ = ["add_arguments", "run"]

_STYLES = {"a": "red", "b": "green", "section": "bold"}
_DIFFERENT = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``diff`` takes."""
    parser.add_argument("first", metavar="A", help="a model; its bundle lies beside it")
    parser.add_argument("second", metavar="B", help="the model to compare it with")
    add_trust_options(parser)
    parser.add_argument(
        "--unsigned", action="store_true", help="unsigned models; there are no bundles"
    )
    add_format_option(parser)
    parser.add_argument(
        "--exit-code", action="store_true", help="end in 1 if anything differs, as for a refusal"
    )
    add_policy_options(parser)
    add_limit_option(parser)


def run(options: argparse.Namespace) -> int:
    """Verify both models, compare them, and say what differs."""
    if options.unsigned and (options.trust is not None or options.name is not None):
        raise UsageError(
            "An unsigned model has no signer and no signed name.",
            code="unsigned",
            hint="Leave out --unsigned to have the signatures verified.",
        )
    from safeload.comparing.difference import difference_between
    from safeload.report.differences import as_document, as_lines

    with shown("Reading both models"):
        first, second = _side(options, options.first), _side(options, options.second)
        difference = difference_between(first, second)
    if options.format == "json":
        print(json.dumps(as_document(difference), indent=2))
    else:
        _show(as_lines(difference))
    return _DIFFERENT if options.exit_code and not difference.same else 0


def _side(options: argparse.Namespace, path: str) -> Side:
    from safeload.comparing.difference import Side
    from safeload.policy.policy import Policy

    policy, limits = Policy.of(options.policy, packs=options.packs), limits_of(options)
    if options.unsigned:
        from safeload.artefact import Artefact

        return Side.of(Artefact.read(path, limits=limits), policy, limits)
    from safeload.demands import demanded, narrowed
    from safeload.gate import verify

    verified = verify(path, trust=options.trust, name=options.name, limits=limits)
    model = verified.manifest.require_model()
    return Side.of(
        verified.artefact,
        narrowed(demanded(verified, policy, given=options.policy), model),
        limits,
        signer=", ".join(verified.signers),
        statement=verified.manifest.payload_sha256,
        model=model,
    )


def _show(lines: list[tuple[str, str]]) -> None:
    if not is_terminal(sys.stdout):
        for _, line in lines:
            print(line)
        return
    from rich.text import Text

    from safeload.report.console import PlainConsole

    console = PlainConsole()
    for kind, line in lines:
        console.print(Text(line, style=_STYLES.get(kind, "")))
