"""Load models as a dry run: in a process of its own, with the predictions recorded at signing.

This is what a deployment runs before it ships: signature, digest, scan, policy, loading, library
versions and predictions, if any were recorded, all as they will be there. With --unsigned it is
what you do with a file that you were sent: nobody vouches for it, and nothing of it comes into the
process that you see. A folder without a bundle of its own stands for all signed models in it.
Either process is confined as far as this machine allows, and says where it does not.
"""

from __future__ import annotations

import argparse
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from safeload.cli.answer import Answer, add_answer_option
from safeload.cli.limits import add_limit_option, limits_of
from safeload.cli.output import note
from safeload.cli.policy_options import add_policy_options, policy_of
from safeload.cli.progress import shown
from safeload.cli.verify import (
    add_models,
    add_trust_options,
    add_version_options,
    models_of,
    trust_of,
)
from safeload.errors import UsageError
from safeload.limits import Isolation

if TYPE_CHECKING:
    from safeload.isolation.confinement import Confinement
    from safeload.isolation.model import IsolatedModel
    from safeload.policy.policy import Policy
    from safeload.trust.trustfile import TrustFile

__all__ = ["add_arguments", "run", "say_what_is_missing", "seconds"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``load`` takes."""
    add_models(parser)
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
    add_answer_option(parser, "load")
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
    """Do the dry runs and say how they went."""
    answer: Answer = options.answer
    if options.unsigned:
        _require_no_signature(options)
    models = options.models if options.unsigned else models_of(options)
    trust = None if options.unsigned else trust_of(options, models)
    policy = policy_of(options)
    for model in answer.each(models):
        with answer.about(model):
            if options.unsigned:
                _unsigned(model, options, policy, answer)
            else:
                _signed(model, options, trust, policy, answer)
    return answer.exit_code


def _signed(
    path: str,
    options: argparse.Namespace,
    trust: str | TrustFile | None,
    policy: Policy | None,
    answer: Answer,
) -> None:
    from safeload.gate import dry_run

    with shown("Loading"):
        verified, model = dry_run(
            path,
            bundle=options.bundle,
            trust=trust,
            name=options.name,
            version=options.model_version,
            min_version=options.min_version,
            policy=policy,
            packs=options.packs,
            probe=options.require_probe,
            ledger=options.ledger,
            allow_rollback=options.allow_rollback,
            limits=limits_of(options),
            isolation=Isolation(seconds=options.seconds),
        )
        model.close()
    about = verified.manifest.require_model()
    signers = " and ".join(verified.signers)
    compared = None if about.probe is None else sorted(about.probe["expected"])
    answer.add(
        path,
        "loaded",
        name=about.name,
        version=about.version,
        signers=list(verified.signers),
        payload_sha256=verified.manifest.payload_sha256,
        compared=compared,
        **_loaded(model),
    )
    which = f"{path}: " if answer.several else ""
    answer.say(
        f"{which}{about.name} {about.version}: verified, signed by {signers}",
        f"loaded: {model.type}",
        "no predictions recorded"
        if compared is None
        else f"predictions match those recorded at signing: {', '.join(compared)}",
    )
    say_what_is_missing(model.confinement)


def _require_no_signature(options: argparse.Namespace) -> None:
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


def _unsigned(
    path: str, options: argparse.Namespace, policy: Policy | None, answer: Answer
) -> None:
    from safeload.gate import load_unsigned

    with shown("Loading"):
        model = load_unsigned(
            path,
            policy=policy,
            packs=options.packs,
            limits=limits_of(options),
            isolated=Isolation(seconds=options.seconds),
        )
        model.close()
    answer.add(path, "loaded", signers=[], compared=None, **_loaded(model))
    answer.say(
        f"{path}: accepted, unsigned",
        f"loaded: {model.type}",
        f"has: {', '.join(model.methods) or 'no method that predicts'}",
    )
    say_what_is_missing(model.confinement)


def _loaded(model: IsolatedModel) -> dict[str, Any]:
    """What an object has of a model that was loaded."""
    missing = list(model.confinement.missing)
    return {"type": model.type, "methods": list(model.methods), "not_confined": missing}


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
