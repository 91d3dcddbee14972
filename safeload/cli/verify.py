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
    from safeload.report.card import Row
    from safeload.trust.resources import Resource

__all__ = ["add_arguments", "add_trust_options", "add_version_options", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``verify`` takes."""
    parser.add_argument("model", metavar="MODEL", help="the model: a file, or a signed folder")
    add_trust_options(parser)
    add_version_options(parser)
    parser.add_argument(
        "--full",
        action="store_true",
        help="compare the SHA-256 of the whole, too, of files that were signed in shards",
    )
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
    """Verify the model and print its manifest."""
    from safeload.gate import verify

    with shown("Verifying", total=size_of(options.model)) as advance:
        verified = verify(
            options.model,
            bundle=options.bundle,
            trust=options.trust,
            name=options.name,
            version=options.model_version,
            min_version=options.min_version,
            limits=limits_of(options),
            progress=advance,
        )
        if options.full:
            verified.check_whole()
    if options.format == "json":
        print(json.dumps(_document(verified), indent=2))
    else:
        from safeload.report.card import card_of

        _show(card_of(verified))
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
        "path": str(verified.path),
        **_content(verified),
        "signer": verified.signer,
        "signers": list(verified.signers),
        "believed_until": None if verified.until is None else verified.until.isoformat(),
        "payload_sha256": manifest.payload_sha256,
        "resources": [_resource(item) for item in manifest.resources],
        "model": None if model is None else {**model.to_json(), "packs": list(model.packs)},
    }


def _resource(resource: Resource) -> dict[str, Any]:
    if not resource.shards:
        return {"name": resource.name, "sha256": resource.sha256}
    return {
        "name": resource.name,
        # What the signer adds; the shards are what was compared.
        "sha256": resource.sha256 or None,
        "size": resource.size,
        "shards": list(resource.shards),
    }


def _content(verified: Verified) -> dict[str, Any]:
    """What is said of the bytes of a single file; a folder has those of its resources."""
    if verified.is_folder:
        return {}
    artefact = verified.artefact
    return {"sha256": artefact.sha256, "size": artefact.size}


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
