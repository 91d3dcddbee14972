"""Load a model as a dry run: in a process of its own, with the predictions recorded at signing.

This is what a deployment runs before it ships: signature, digest, scan, policy, loading, library
versions and predictions, if any were recorded, all as they will be there. With --unsigned it is
what you do with a file that you were sent: nobody vouches for it, and nothing of it comes into the
process that you see.
Either process is confined as far as this machine allows, and says where it does not.
"""

from __future__ import annotations

import argparse
import math
from contextlib import suppress
from typing import TYPE_CHECKING

from safeload.cli.limits import add_limit_option, limits_of
from safeload.cli.output import note, plain
from safeload.cli.policy_options import add_policy_options
from safeload.cli.progress import shown
from safeload.cli.verify import add_trust_options, add_version_options
from safeload.errors import UsageError
from safeload.limits import Isolation

if TYPE_CHECKING:
    from safeload.isolation.confinement import Confinement

__all__ = ["add_arguments", "run", "say_what_is_missing", "seconds"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``load`` takes."""
    parser.add_argument("model", metavar="MODEL", help="the model: a file, or a signed folder")
    add_trust_options(parser)
    add_version_options(parser)
    add_policy_options(parser)
    parser.add_argument(
        "--ledger",
        metavar="FILE",
        help="record this, and refuse a release older than any before (default: the ledger that "
        "the trust file names, if any)",
    )
    parser.add_argument(
        "--allow-rollback",
        metavar="REASON",
        help="take an older release all the same; the reason is recorded",
    )
    parser.add_argument(
        "--require-probe",
        action="store_true",
        help="end with 3 if no predictions were recorded at signing; those that were are compared "
        "in any case",
    )
    add_limit_option(parser)
    parser.add_argument(
        "--unsigned", action="store_true", help="an unsigned model; there is no bundle"
    )
    parser.add_argument(
        "--seconds",
        type=seconds,
        metavar="N",
        default=Isolation().seconds,
        help="end the process if it takes longer (default: %(default)g)",
    )


def run(options: argparse.Namespace) -> int:
    """Do the dry run and say how it went."""
    isolation = Isolation(seconds=options.seconds)
    return _unsigned(options, isolation) if options.unsigned else _signed(options, isolation)


def _signed(options: argparse.Namespace, isolation: Isolation) -> int:
    from safeload.gate import dry_run

    with shown("Loading"):
        verified, model = dry_run(
            options.model,
            bundle=options.bundle,
            trust=options.trust,
            name=options.name,
            version=options.model_version,
            min_version=options.min_version,
            policy=options.policy,
            packs=options.packs,
            probe=options.require_probe,
            ledger=options.ledger,
            allow_rollback=options.allow_rollback,
            limits=limits_of(options),
            isolation=isolation,
        )
        model.close()
    about = verified.manifest.require_model()
    signers = " and ".join(verified.signers)
    print(plain(f"{about.name} {about.version}: verified, signed by {signers}"))
    print(plain(f"loaded: {model.type}"))
    if about.probe is None:
        print("no predictions recorded")
    else:
        methods = ", ".join(sorted(about.probe["expected"]))
        print(plain(f"predictions match those recorded at signing: {methods}"))
    say_what_is_missing(model.confinement)
    return 0


def _unsigned(options: argparse.Namespace, isolation: Isolation) -> int:
    from safeload.gate import load_unsigned

    signed = (
        options.trust,
        options.name,
        options.model_version,
        options.min_version,
        options.bundle,
        options.ledger,
        options.allow_rollback,
        options.require_probe or None,
    )
    if any(option is not None for option in signed):
        raise UsageError(
            "An unsigned model has no signer, name, version, bundle, serial or probe.",
            code="unsigned",
            hint="Leave out --unsigned to have the signature verified.",
        )
    with shown("Loading"):
        model = load_unsigned(
            options.model,
            policy=options.policy,
            packs=options.packs,
            limits=limits_of(options),
            isolated=isolation,
        )
        model.close()
    print(plain(f"{options.model}: accepted, unsigned"))
    print(plain(f"loaded: {model.type}"))
    print(plain(f"has: {', '.join(model.methods) or 'no method that predicts'}"))
    say_what_is_missing(model.confinement)
    return 0


def say_what_is_missing(confinement: Confinement) -> None:
    """Say on stderr what does not hold the process of a model on this machine, if anything."""
    if confinement.missing:
        note(f"not confined on this machine: {', '.join(confinement.missing)}")


def seconds(text: str) -> float:
    """Read a number of seconds, as ``argparse`` wants it."""
    with suppress(ValueError):
        number = float(text)
        if 0 < number < math.inf:
            return number
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
