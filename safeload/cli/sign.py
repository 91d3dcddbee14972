"""Scan a model, sign what it is and what it may do, and write the bundle beside it.

What the policy refuses is not signed. Library versions, feature names and the model's exact
allow-list are read from the model; the facts below are yours to give.
"""

from __future__ import annotations

import argparse

from safeload.cli.facts import facts_of
from safeload.cli.limits import add_limit_option, limits_of
from safeload.cli.output import note, plain
from safeload.cli.passphrase import add_option, passphrase_of
from safeload.cli.policy_options import add_policy_options
from safeload.cli.progress import shown
from safeload.cli.verify import size_of

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``sign`` takes."""
    parser.add_argument("model", metavar="MODEL", help="the model: a pickle, joblib or skops file")
    parser.add_argument("--key", required=True, metavar="FILE", help="the signing key")
    parser.add_argument(
        "--certificate-chain",
        metavar="FILE",
        help="the key's certificate and after it each one's issuer, in PEM, for those who trust "
        "an authority and not the key itself",
    )
    parser.add_argument("--name", required=True, help="which model this is")
    parser.add_argument("--version", required=True, help="its version, in any scheme")
    parser.add_argument("--dataset", metavar="FILE", help="what it was trained on; is hashed")
    parser.add_argument(
        "--metric",
        nargs="+",
        action="extend",
        metavar="NAME=VALUE",
        help="results, as in roc_auc=0.91",
    )
    parser.add_argument("--trained", metavar="DATE", help="when it was trained")
    parser.add_argument(
        "--metadata",
        metavar="FILE",
        help="such facts in a file, .json or .toml: dataset, metrics, trained, serial, not_after",
    )
    parser.add_argument(
        "--probe",
        metavar="FILE",
        help="a few rows of input, .npy, .csv or .json, whose predictions are sealed",
    )
    parser.add_argument(
        "--serial", type=int, metavar="N", help="grows with every release (default: the time)"
    )
    parser.add_argument("--not-after", metavar="DATE", help="when the signature expires")
    add_policy_options(parser)
    add_limit_option(parser)
    add_option(parser)


def run(options: argparse.Namespace) -> int:
    """Sign the model and say where the bundle is."""
    from safeload.signing import sign
    from safeload.trust.keys import SigningKey

    facts, limits = facts_of(options), limits_of(options)
    key = SigningKey.read(options.key, passphrase=lambda: passphrase_of(options))
    with shown("Reading, scanning and signing", total=size_of(options.model)) as advance:
        bundle = sign(
            options.model,
            key=key,
            name=options.name,
            version=options.version,
            certificate_chain=options.certificate_chain,
            policy=options.policy,
            packs=options.packs,
            limits=limits,
            progress=advance,
            **facts,
        )
    note(f"signed {options.name} {options.version} with key {key.public.key_id[:16]}")
    print(plain(str(bundle)))
    return 0
