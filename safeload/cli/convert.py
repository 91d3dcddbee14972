"""Convert a model to skops, joblib or ONNX, and compare what both predict before it is written.

The model is judged as by 'load --unsigned' (with --trust, its signature first), loaded in a process
of its own and written there. The result is judged likewise, loaded in another process, and has to
predict the same on some rows: labels equal, numbers within the tolerance. Only then is it written,
whole or not at all, and signed if you give a key.
"""

from __future__ import annotations

import argparse
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safeload.cli.limits import add_limit_option, limits_of
from safeload.cli.load import say_what_is_missing, seconds
from safeload.cli.output import note, plain
from safeload.cli.parser import add_format_option
from safeload.cli.passphrase import add_option
from safeload.cli.policy_options import add_policy_options
from safeload.cli.progress import shown
from safeload.cli.signer import add_signer_options, signer_of_options
from safeload.limits import Isolation

if TYPE_CHECKING:
    from safeload.converting import Converted

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``convert`` takes."""
    parser.add_argument("model", metavar="MODEL", help="the model: a pickle, joblib or skops file")
    parser.add_argument(
        "output", metavar="OUT", help="what to write: a name that ends in .skops, .joblib or .onnx"
    )
    rows = parser.add_mutually_exclusive_group()
    rows.add_argument(
        "--probe",
        metavar="FILE",
        help="rows that both have to predict alike, .npy, .csv, .json or .parquet (default: those "
        "that the model was signed with)",
    )
    rows.add_argument("--no-probe", action="store_true", help="compare nothing")
    parser.add_argument(
        "--tolerance",
        type=float,
        metavar="R",
        help="relative difference between two numbers at most (default: 1e-9, and 1e-3 for ONNX)",
    )
    parser.add_argument(
        "--compress", type=int, default=0, metavar="N", help="how hard joblib compresses, 0 to 9"
    )
    parser.add_argument(
        "--trust",
        metavar="FILE",
        help="require that the model is signed, by this trust file (default: it need not be)",
    )
    parser.add_argument(
        "--bundle", metavar="FILE", help="with --trust: the signature bundle (default: MODEL.sig)"
    )
    parser.add_argument("--force", action="store_true", help="replace OUT if it exists")
    add_signer_options(parser, required=False)
    parser.add_argument(
        "--name", help="which model this is: required of a signed one, and signed of the result"
    )
    parser.add_argument("--version", help="with --key or --keyless: the result's version")
    add_policy_options(parser)
    parser.add_argument(
        "--seconds",
        type=seconds,
        metavar="N",
        default=Isolation().seconds,
        help="end a process that takes longer for one step (default: %(default)g)",
    )
    add_format_option(parser)
    add_limit_option(parser)
    add_option(parser)
    parser.set_defaults(check=partial(_check, parser))


def _check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    if _signs(options) and (options.name is None or options.version is None):
        parser.error("who signs takes --name and --version")
    if not _signs(options) and options.version is not None:
        parser.error("--version goes with --key or --keyless")
    if not _signs(options) and options.trust is None and options.name is not None:
        parser.error("--name goes with --trust, --key or --keyless")
    how = (options.certificate_chain, options.identity_token, options.sigstore_config)
    if not _signs(options) and any(option is not None for option in how):
        parser.error("how to sign goes with --key or --keyless")
    if options.bundle is not None and options.trust is None:
        parser.error("--bundle goes with --trust")


def run(options: argparse.Namespace) -> int:
    """Convert the model and say how it went."""
    from safeload.converting import convert

    facts = _facts(options) if _signs(options) else None
    with shown("Converting"):
        done = convert(
            options.model,
            options.output,
            rows=_rows(options),
            compared=not options.no_probe,
            tolerance=options.tolerance,
            compress=options.compress,
            trust=options.trust,
            bundle=options.bundle,
            name=None if options.trust is None else options.name,
            policy=options.policy,
            packs=options.packs,
            replacing=options.force,
            limits=limits_of(options),
            isolation=Isolation(seconds=options.seconds),
            facts=facts,
        )
    say_what_is_missing(done.confinement)
    if options.format == "json":
        print(json.dumps(_document(done), indent=2))
        return 0
    print(plain(f"{done.path}: {done.type} as {done.form}"))
    for method, difference in done.compared.items():
        print(f"{method}: {'equal' if not difference else f'differs by {difference:.1e} at most'}")
    if not done.compared:
        note("no predictions were compared")
    if done.bundle is not None:
        print(plain(str(done.bundle)))
    return 0


def _document(done: Converted) -> dict[str, Any]:
    return {
        "path": str(done.path),
        "format": done.form,
        "type": done.type,
        "compared": dict(done.compared),
        "not_confined": list(done.confinement.missing),
        "bundle": None if done.bundle is None else str(done.bundle),
    }


def _signs(options: argparse.Namespace) -> bool:
    return options.key is not None or options.keyless


def _rows(options: argparse.Namespace) -> Any:
    from safeload.cli.probe_file import read_probe
    from safeload.loading.probe_data import frame_of, is_records

    rows: Any = None if options.probe is None else read_probe(Path(options.probe))
    return frame_of(rows) if is_records(rows) else rows


def _facts(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "key": signer_of_options(options),
        "certificate_chain": options.certificate_chain,
        "name": options.name,
        "version": options.version,
    }
