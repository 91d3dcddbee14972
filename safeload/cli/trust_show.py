"""``safeload trust show``: a table that a person can check, or lines, or JSON.

Trust: the file is the user's own; what it says is escaped all the same.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from safeload.arguments import as_path
from safeload.cli.output import is_terminal, plain

if TYPE_CHECKING:
    from safeload.trust.trustfile import TrustFile

__all__ = ["show"]

# The least widths, so that dates are whole at 80 columns. Ids of keys, which people copy, stand
# below in lines of their own.
_COLUMNS = {"signer": 8, "by": 7, "may sign": 8, "from": 10, "until": 10, "state": 9}
_STYLES = {"trusted": "green", "revoked": "red"}


def show(options: argparse.Namespace) -> int:
    """Show a trust file."""
    from safeload.report.signers import document, plain_lines
    from safeload.trust.trustfile import TrustFile

    path = TrustFile.default_path() if options.file is None else as_path(options.file, "trust file")
    trust, now = TrustFile.read(path), datetime.now(UTC)
    if options.format == "json":
        print(json.dumps(document(trust, now, str(path)), indent=2))
    elif is_terminal(sys.stdout):
        _tables(trust, now)
    else:
        for line in plain_lines(trust, now):
            print(plain(line))
    return 0


def _tables(trust: TrustFile, now: datetime) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from safeload.report.console import PlainConsole
    from safeload.report.signers import further_lines, model_rows, signer_rows

    def cell(text: str, style: str = "") -> Text:
        return Text(plain(text), style=style, overflow="fold")

    console = PlainConsole()
    signers = Table(box=SIMPLE_HEAD, pad_edge=False)
    for head, least in _COLUMNS.items():
        signers.add_column(head, overflow="fold", min_width=least)
    rows = signer_rows(trust, now)
    for row in rows:
        style = _STYLES.get(row.state, "yellow")
        shown = (row.name, row.by, row.models, row.begins, row.ends)
        signers.add_row(*[cell(text) for text in shown], cell(row.state, style))
    console.print(signers if trust.grants else "Nobody is trusted.")
    keys = [row for row in rows if row.key_id]
    if keys:
        console.print("Key ids:")
        for row in keys:
            console.print(Text(plain(f"  {row.name}: {row.key_id}")), soft_wrap=True)
    rules = model_rows(trust, now)
    if rules:
        models = Table(box=SIMPLE_HEAD, pad_edge=False)
        for head in ("model", "signed by", "demands"):
            models.add_column(head, overflow="fold")
        for rule in rules:
            models.add_row(cell(rule.name), cell(rule.signers), cell(rule.demands))
            if rule.fault:
                models.add_row("", cell(rule.fault, "red"), "")
            if rule.warning:
                models.add_row("", cell(rule.warning, "yellow"), "")
        console.print(models)
    for line in further_lines(trust):
        console.print(Text(plain(line)))
