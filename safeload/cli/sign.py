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
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="the model: a pickle, joblib or skops file, or a folder with one",
    )
    parser.add_argument(
        "--bundle",
        metavar="FILE",
        help="where to write the bundle (default: MODEL.sig, or model.sig in a folder)",
    )
    parser.add_argument(
        "--model-file",
        metavar="NAME",
        help="which file in the folder is the model (default: the only one that can be loaded)",
    )
    parser.add_argument(
        "--ignore",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME",
        help="what in the folder is not covered: names of files and folders, or patterns with * "
        "and ?; they stand in the statement",
    )
    parser.add_argument(
        "--key",
        required=True,
        metavar="KEY",
        help="the signing key: a file, or agent:, hsm:, awskms:, gcpkms:, azurekms: or hv: and "
        "which key (docs/keys.md)",
    )
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
        "--dataset-id", metavar="ID", help="what the dataset is called (default: the file's name)"
    )
    parser.add_argument("--rows", type=int, metavar="N", help="on how many rows it was trained")
    parser.add_argument(
        "--metric",
        nargs="+",
        action="extend",
        metavar="NAME=VALUE",
        help="results, as in roc_auc=0.91",
    )
    parser.add_argument("--trained", metavar="DATE", help="when it was trained")
    code = parser.add_mutually_exclusive_group()
    code.add_argument(
        "--revision",
        metavar="COMMIT",
        help="the code that trained it (default: what git says of the current folder)",
    )
    code.add_argument(
        "--no-revision", action="store_true", help="say nothing about the code, and do not ask git"
    )
    parser.add_argument(
        "--extra",
        nargs="+",
        action="extend",
        metavar="KEY=TEXT",
        help="anything else, as in team=risk; the metadata file takes numbers and lists, too",
    )
    parser.add_argument(
        "--metadata",
        metavar="FILE",
        help="such facts in a file, .json or .toml: dataset, rows, metrics, trained, revision, "
        "extra, serial, not_after",
    )
    probe = parser.add_mutually_exclusive_group()
    probe.add_argument(
        "--probe",
        metavar="FILE",
        help="a few rows of input, .npy, .csv, .json or .parquet, whose predictions are sealed",
    )
    probe.add_argument(
        "--probe-from",
        metavar="DATA",
        help="such rows drawn from the ranges and levels of data, so that nobody's are sealed",
    )
    parser.add_argument(
        "--serial", type=int, metavar="N", help="grows with every release (default: the time)"
    )
    parser.add_argument("--not-after", metavar="DATE", help="when the signature expires")
    parser.add_argument(
        "--whole",
        action="store_true",
        help="hash large files as a whole and not in shards, for tools that know no others",
    )
    add_policy_options(parser)
    add_limit_option(parser)
    add_option(parser)


def run(options: argparse.Namespace) -> int:
    """Sign the model and say where the bundle is."""
    from safeload.signing import sign
    from safeload.trust.signers import signer_of

    facts, limits = facts_of(options), limits_of(options)
    key = signer_of(options.key, passphrase=lambda: passphrase_of(options))
    with shown("Reading, scanning and signing", total=size_of(options.model)) as advance:
        bundle = sign(
            options.model,
            key=key,
            name=options.name,
            version=options.version,
            bundle=options.bundle,
            model_file=options.model_file,
            ignore=options.ignore,
            whole=options.whole,
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
