"""Scan models, sign what they are and what they may do, and write a bundle beside each.

What the policy refuses is not signed. Library versions, feature names and the model's exact
allow-list are read from the model; the facts below are yours to give. Several models get the same
facts, and names of their own: {stem} in --name stands for the name of the file without its ending.

With --add, a model that somebody has signed gets your signature on the same statement, in a bundle
of its own; a trust file can demand several. The first signature is verified by your trust file and
the file is scanned by your policy before you vouch for it.
"""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from safeload.cli.answer import Answer, add_answer_option
from safeload.cli.facts import facts_of
from safeload.cli.limits import add_limit_option, limits_of
from safeload.cli.models import STEM, names_for, require_no_bundle
from safeload.cli.output import note
from safeload.cli.passphrase import add_option
from safeload.cli.policy_options import add_policy_options, policy_of
from safeload.cli.progress import shown
from safeload.cli.signer import add_signer_options, called, signer_of_options, who_signs
from safeload.cli.verify import size_of
from safeload.errors import UsageError

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.policy.policy import Policy
    from safeload.trust.identities.keyless_signer import KeylessSigner
    from safeload.trust.keys import Signer

__all__ = ["add_arguments", "run"]

# What is said in a statement, by the names of the options; with --add it was said already.
_FACTS = (
    "version",
    "dataset",
    "dataset_id",
    "rows",
    "metric",
    "trained",
    "revision",
    "no_revision",
    "extra",
    "metadata",
    "probe",
    "serial",
    "not_after",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``sign`` takes."""
    parser.add_argument(
        "models",
        nargs="+",
        metavar="MODEL",
        help="models: a pickle, joblib or skops file each, or a folder with one",
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
    add_signer_options(parser)
    parser.add_argument(
        "--name",
        help="which model this is; {stem} in it is the file's name without its ending, or the "
        "folder's name",
    )
    parser.add_argument("--version", help="its version, in any scheme")
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
        help="a few rows of input, .npy, .csv, .json or .parquet, whose predictions are recorded; "
        "the rows lie readable in the bundle",
    )
    probe.add_argument(
        "--probe-from",
        metavar="DATA",
        help="such rows drawn from the ranges and levels of data, so no real ones are kept",
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
    parser.add_argument(
        "--replace",
        action="store_true",
        help="replace a bundle that another signer made (your own is replaced anyway)",
    )
    parser.add_argument(
        "--add",
        action="store_true",
        help="sign what a trusted signer has signed; takes none of the facts above but --name",
    )
    parser.add_argument(
        "--label", metavar="LABEL", help="with --add: the bundle is called MODEL.LABEL.sig"
    )
    parser.add_argument(
        "--trust",
        metavar="FILE",
        help="with --add: the trust file that has the first signer (default: the one in your "
        "configuration directory)",
    )
    add_answer_option(parser, "sign")
    add_policy_options(parser)
    add_limit_option(parser)
    add_option(parser)
    parser.set_defaults(check=partial(_check, parser))


def _check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    told = [fact for fact in _FACTS if getattr(options, fact) not in (None, False)]
    if options.add and told:
        option = told[0].replace("_", "-")
        parser.error(f"--add signs what was said already, and takes no --{option}")
    if not options.add and (options.name is None or options.version is None):
        parser.error("the following arguments are required: --name, --version")
    if not options.add and (options.label is not None or options.trust is not None):
        parser.error("--label and --trust go with --add")


def run(options: argparse.Namespace) -> int:
    """Sign the models and say where the bundles are."""
    answer: Answer = options.answer
    require_no_bundle(options.models, options.bundle)
    names = _names(options)
    facts, limits = {} if options.add else facts_of(options), limits_of(options)
    if len(options.models) > 1 and facts.get("metrics"):
        raise UsageError(
            "Metrics are results of one model, and several are given.",
            code="several-models",
            hint="Leave them out, or sign each model in a command of its own.",
        )
    key = signer_of_options(options)
    work = _Work(options, key, policy_of(options), limits, facts)
    for model, name in zip(answer.each(options.models), names, strict=True):
        with answer.about(model):
            (_add if options.add else _sign)(model, name, work, answer)
    return answer.exit_code


class _Work(NamedTuple):
    """What is the same for all models."""

    options: argparse.Namespace
    key: Signer | KeylessSigner
    policy: Policy | None
    limits: Limits
    facts: dict[str, Any]


def _names(options: argparse.Namespace) -> list[Any]:
    if options.name is None or (options.add and STEM not in options.name):
        # The name that was signed is the name; one that is given is required of all.
        return [options.name] * len(options.models)
    return names_for(options.models, options.name)


def _sign(path: str, name: str, work: _Work, answer: Answer) -> None:
    from safeload.signing import sign

    options = work.options
    with shown("Reading, scanning and signing", total=size_of(path)) as advance:
        bundle = sign(
            path,
            key=work.key,
            name=name,
            version=options.version,
            bundle=options.bundle,
            model_file=options.model_file,
            ignore=options.ignore,
            whole=options.whole,
            certificate_chain=options.certificate_chain,
            policy=work.policy,
            packs=options.packs,
            replace=options.replace,
            limits=work.limits,
            progress=advance,
            **work.facts,
        )
    who = who_signs(work.key, bundle)
    note(f"signed {name} {options.version} {called(who)}")
    answer.add(
        path,
        "signed",
        bundle=str(bundle),
        name=name,
        version=options.version,
        **who,
    )
    answer.say(str(bundle))


def _add(path: str, name: str | None, work: _Work, answer: Answer) -> None:
    from safeload.signing.countersigning import countersign

    options = work.options
    with shown("Verifying, scanning and signing", total=size_of(path)) as advance:
        done = countersign(
            path,
            key=work.key,
            trust=options.trust,
            name=name,
            label=options.label,
            certificate_chain=options.certificate_chain,
            policy=work.policy,
            packs=options.packs,
            replace=options.replace,
            limits=work.limits,
            progress=advance,
        )
    about, who = done.manifest.require_model(), who_signs(work.key, done.bundle)
    note(f"signed {about.name} {about.version} (serial {about.serial}), as {done.signer} did,")
    note(f"statement {done.manifest.payload_sha256}, {called(who)}")
    answer.add(
        path,
        "signed",
        bundle=str(done.bundle),
        name=about.name,
        version=about.version,
        **who,
    )
    answer.say(str(done.bundle))
