"""Records of a ledger become a table for people, JSON for programs, or CSV for spreadsheets.

Trust: names, versions and paths may be hostile. Whatever is not printable is escaped. In CSV a text
that a spreadsheet would take for a formula gets an apostrophe before it, wherever a cell could
begin: at the start, and after a separator or a quote, as not every reader splits lines as we do.
JSON has every text as it is, in ASCII.

Source: RFC 4180 (CSV); OWASP, "CSV Injection".
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from itertools import islice
from typing import TextIO

from safeload.errors import plain
from safeload.ledger.record import Record

__all__ = ["write_csv", "write_json", "write_table"]

_COLUMNS = [field.name for field in fields(Record)]
# What begins a formula, also as East Asian keyboards write it.
_FORMULA = re.compile("(^|[;,\"'|])(\\s*)(?=[=+@\uff1d\uff0b\uff20\uff0d-])")
# Rows of a table that are laid out together, and the columns of one before what ends it.
_ROWS = 200
_TIME, _VERDICT = 19, 9
_STYLES = {"accepted": "green", "refused": "red", "undecided": "yellow"}


def write_csv(records: Iterable[Record], file: TextIO) -> None:
    """Write CSV with a line of names.

    Args:
        records: The records.
        file: Where to.
    """
    writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(_COLUMNS)
    for record in records:
        values = asdict(record) | {"signers": " ".join(record.signers)}
        writer.writerow([_cell(value) for value in values.values()])


def write_json(records: Iterable[Record], file: TextIO) -> None:
    """Write a JSON object, record by record.

    Args:
        records: The records.
        file: Where to.
    """
    file.write('{"schema": 1, "records": [')
    for place, record in enumerate(records):
        file.write(",\n" if place else "\n")
        file.write(json.dumps(asdict(record)))
    file.write("\n]}\n")


def write_table(records: Iterable[Record], file: TextIO) -> None:
    """Write a table as wide as the terminal; 80 columns where there is none.

    Args:
        records: The records.
        file: Where to.
    """
    from rich.table import Table
    from rich.text import Text

    from safeload.report.console import PlainConsole

    console = PlainConsole(file)
    source, first = iter(records), True
    while first or (page := list(islice(source, _ROWS))):
        table = Table.grid(padding=(0, 2, 0, 0), expand=True)
        for width in (_TIME, _VERDICT):
            table.add_column(width=width, no_wrap=True)
        for share in (3, 2):
            table.add_column(ratio=share, overflow="fold")
        if first:
            table.add_row(*(Text(name, "bold") for name in ("time (UTC)", "verdict", "model", "")))
            page, first = list(islice(source, _ROWS)), False
        for record in page:
            table.add_row(
                Text(_time(record)),
                Text(plain(record.verdict), _STYLES[record.verdict]),
                Text(plain(_model(record))),
                Text(plain("; ".join(_remarks(record)))),
            )
        console.print(table)


def _time(record: Record) -> str:
    return plain(record.time)[:_TIME].replace("T", " ")


def _model(record: Record) -> str:
    if record.model is None:
        return record.file or "bytes"
    if record.serial is None:
        return record.model
    return f"{record.model} {record.version} ({record.serial})"


def _remarks(record: Record) -> Iterator[str]:
    if record.code:
        yield record.code
    if record.rollback:
        yield f"rollback: {record.rollback}"
    if record.signers:
        yield f"by {', '.join(record.signers)}"
    yield f"{record.milliseconds:,} ms"


def _cell(value: object) -> str:
    return "" if value is None else _FORMULA.sub(r"\1\2'", plain(str(value)))
