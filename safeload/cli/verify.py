"""Check the signature and digest of models, and show what their signers say about them.

Nothing in a file is looked at or deserialised: this is about who made it, not what it does. A
folder without a bundle of its own stands for all signed models in it; each is verified, whatever
becomes of the others.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from safeload.cli.answer import Answer, add_answer_option
from safeload.cli.limits import add_limit_option, limits_of
from safeload.cli.models import require_no_bundle, signed_models
from safeload.cli.output import is_terminal, plain
from safeload.cli.progress import shown

if TYPE_CHECKING:
    from safeload.gate import Verified
    from safeload.report.card import Row
    from safeload.trust.trustfile import TrustFile

__all__ = [
    "add_arguments",
    "add_models",
    "add_trust_options",
    "add_version_options",
    "models_of",
    "run",
    "trust_of",
]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``verify`` takes."""
    add_models(parser)
    add_trust_options(parser)
    add_version_options(parser)
    parser.add_argument(
        "--full",
        action="store_true",
        help="compare the SHA-256 of the whole, too, of files that were signed in shards",
    )
    add_answer_option(parser, "verify")
    add_limit_option(parser)


def add_models(parser: argparse.ArgumentParser) -> None:
    """Add what says which signed models are meant."""
    parser.add_argument(
        "models",
        nargs="+",
        metavar="MODEL",
        help="models: files, signed folders, and folders of signed models",
    )


def add_trust_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say whom to believe about which model."""
    parser.add_argument(
        "--trust",
        metavar="FILE",
        help="the trust file (default: the one in your configuration directory)",
    )
    parser.add_argument(
        "--bundle",
        metavar="FILE",
        help="the signature bundle (default: MODEL.sig, or model.sig in a folder)",
    )
    parser.add_argument("--name", help="require that the model was signed by this name")


def add_version_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which version of a model is asked for."""
    parser.add_argument(
        "--model-version",
        metavar="VERSION",
        help="require that the model was signed as this version (1.2 and 1.2.0 are the same)",
    )
    parser.add_argument(
        "--min-version",
        metavar="VERSION",
        help="require this version or a newer one, as in 1.2.0 (PEP 440)",
    )


def run(options: argparse.Namespace) -> int:
    """Verify the models and print their manifests."""
    answer: Answer = options.answer
    models = models_of(options)
    trust = trust_of(options, models)
    for model in answer.each(models):
        with answer.about(model):
            _verify(model, options, trust, answer)
    return answer.exit_code


def models_of(options: argparse.Namespace) -> list[str]:
    """The signed models that a verb is about; with one bundle, the one that is given.

    Args:
        options: With ``models``, ``bundle`` and ``answer``, which is told what is left out.

    Raises:
        UsageError: One bundle is given for several models (``several-models``).
    """
    require_no_bundle(options.models, options.bundle)
    if options.bundle is not None:
        return list(options.models)
    models, unsigned = signed_models(options.models)
    options.answer.tell(unsigned=unsigned)
    return models


def trust_of(options: argparse.Namespace, models: Sequence[str]) -> str | TrustFile | None:
    """The trust file, read once for several models, so that what is wrong with it is said once.

    Args:
        options: With ``trust``.
        models: What it is for.

    Raises:
        UsageError: It cannot be used.
    """
    from safeload.trust.trustfile import TrustFile

    return TrustFile.read(options.trust) if len(models) > 1 else options.trust


def _verify(
    model: str, options: argparse.Namespace, trust: str | TrustFile | None, answer: Answer
) -> None:
    from safeload.gate import verify
    from safeload.report.verified import as_document

    with shown("Verifying", total=size_of(model)) as advance:
        verified = verify(
            model,
            bundle=options.bundle,
            trust=trust,
            name=options.name,
            version=options.model_version,
            min_version=options.min_version,
            limits=limits_of(options),
            progress=advance,
        )
        if options.full:
            verified.check_whole()
    answer.add(model, "verified", **as_document(verified))
    if answer.several:
        answer.say(f"{model}: {_in_short(verified)}")
    elif not answer.as_json:
        from safeload.report.card import card_of

        _show(card_of(verified))


def _in_short(verified: Verified) -> str:
    about = verified.manifest.model
    what = "made by another tool" if about is None else f"{about.name} {about.version}"
    return f"verified: {what}, signed by {' and '.join(verified.signers)}"


def size_of(path: str) -> int | None:
    """The size a progress bar counts up to, in bytes, as far as anybody can tell beforehand."""
    try:
        return Path(path).stat().st_size
    except (OSError, ValueError):
        return None


def _show(rows: list[Row]) -> None:
    if not is_terminal(sys.stdout):
        for row in rows:
            print(f"{row.label}: {plain(row.value)}")
        return
    from rich.table import Table
    from rich.text import Text

    from safeload.report.console import PlainConsole

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    sections = [row.section for row in rows]
    for place, row in enumerate(rows):
        if place and row.section != sections[place - 1]:
            table.add_row()
        table.add_row(Text(row.label, style="bold"), Text(plain(row.value)))
    PlainConsole().print(table)
