"""Check a model's signature and digest, and show what its signer says about it.

Nothing in the file is looked at or deserialised: this is about who made it, not what it does.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safeload.cli.limits import add_limit_option, limits_of
from safeload.cli.output import is_terminal, plain
from safeload.cli.progress import shown

if TYPE_CHECKING:
    from safeload.gate import Verified
    from safeload.trust.model import Model

__all__ = ["add_arguments", "add_trust_options", "run"]

_SHOWN = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``verify`` takes."""
    parser.add_argument("model", metavar="MODEL", help="the model; its bundle lies beside it")
    add_trust_options(parser)
    parser.add_argument(
        "--format",
        choices=["console", "json"],
        default="console",
        help="for people, or for programs (default: console)",
    )
    add_limit_option(parser)


def add_trust_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say whom to believe about which model."""
    parser.add_argument(
        "--trust",
        metavar="FILE",
        help="the trust file (default: the one in your configuration directory)",
    )
    parser.add_argument("--name", help="require that the model was signed by this name")


def run(options: argparse.Namespace) -> int:
    """Verify the model and print its manifest."""
    from safeload.gate import verify

    with shown("Verifying", total=size_of(options.model)) as advance:
        verified = verify(
            options.model,
            trust=options.trust,
            name=options.name,
            limits=limits_of(options),
            progress=advance,
        )
    if options.format == "json":
        print(json.dumps(_document(verified), indent=2))
    else:
        _show(_rows(verified))
    return 0


def size_of(path: str) -> int | None:
    """The size a progress bar counts up to, in bytes, as far as anybody can tell beforehand."""
    try:
        return Path(path).stat().st_size
    except (OSError, ValueError):
        return None


def _document(verified: Verified) -> dict[str, Any]:
    manifest, model = verified.manifest, verified.manifest.model
    return {
        "schema": 1,
        "path": str(verified.artefact.path),
        "sha256": verified.artefact.sha256,
        "size": verified.artefact.size,
        "signer": verified.signer,
        "payload_sha256": manifest.payload_sha256,
        "resources": [{"name": item.name, "sha256": item.sha256} for item in manifest.resources],
        "model": None if model is None else {**model.to_json(), "packs": list(model.packs)},
    }


def _rows(verified: Verified) -> list[tuple[str, str]]:
    rows = [
        ("verified", f"signature and digest; signed by {verified.signer}"),
        ("file", str(verified.artefact.path)),
        ("sha256", verified.artefact.sha256),
        ("size", f"{verified.artefact.size:,} bytes"),
        ("statement", verified.manifest.payload_sha256),
    ]
    model = verified.manifest.model
    if model is None:
        names = [resource.name for resource in verified.manifest.resources]
        rows.append(("model", "nothing is said about one: made by another tool"))
        rows.append(("covers", _some(names)))
    else:
        rows += _about(model)
    return rows


def _about(model: Model) -> list[tuple[str, str]]:
    training = model.training
    rows = [
        ("model", f"{model.name} {model.version} (serial {model.serial})"),
        ("signed", model.signed.isoformat()),
        ("expires", "never" if model.not_after is None else model.not_after.isoformat()),
        ("format", model.serializer),
        ("made with", ", ".join(f"{name} {release}" for name, release in model.versions.items())),
    ]
    if training.date is not None:
        rows.append(("trained", training.date.isoformat()))
    if training.dataset is not None:
        rows.append(("dataset", f"{training.dataset.name} (sha256 {training.dataset.sha256})"))
    if training.metrics:
        rows.append(("metrics", _some([f"{k} = {v:.6g}" for k, v in training.metrics.items()])))
    if training.feature_names is not None:
        rows.append(("features", _some(list(training.feature_names))))
    elif training.n_features is not None:
        rows.append(("features", f"{training.n_features}, without names"))
    if model.packs:
        rows.append(("packs", _some(list(model.packs))))
    rows.append(("may use", _some([f"{item.module}.{item.name}" for item in model.globals])))
    if model.probe is None:
        rows.append(("probe", "none; 'safeload load' has no predictions to compare"))
    else:
        sealed = model.probe.get("expected")
        methods = sorted(sealed) if isinstance(sealed, dict) else []
        rows.append(("probe", f"sealed results of {', '.join(methods) or 'no method'}"))
    return rows


def _some(names: list[str]) -> str:
    more = len(names) - _SHOWN
    rest = f", and {more} more (--format json lists all)" if more > 0 else ""
    return ", ".join(names[:_SHOWN]) + rest


def _show(rows: list[tuple[str, str]]) -> None:
    if not is_terminal(sys.stdout):
        for label, value in rows:
            print(f"{label}: {plain(value)}")
        return
    from rich.table import Table
    from rich.text import Text

    from safeload.report.console import PlainConsole

    table = Table.grid(padding=(0, 2))
    for label, value in rows:
        table.add_row(Text(label, style="bold"), Text(plain(value)))
    PlainConsole().print(table)
