"""A baseline gets and loses entries, and keeps what people wrote into it.

Comments, order and blank lines stay. The file is replaced at once, and whoever else edits it at the
same time waits, so that no entry is lost.

Trust: the baseline is the user's own; of a model, its digest and rules are written.
Source: TOML 1.0, by tomlkit.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import tomlkit
from tomlkit.items import AoT

from safeload.arguments import as_path
from safeload.auditing.baseline import Acceptance, Baseline, baseline_text
from safeload.errors import UsageError, printable
from safeload.writing.files import NewFile, put, writing

__all__ = ["add_entries", "remove_entries"]

_HEAD = """\
Findings that somebody looked at and accepted, for exactly these bytes and until that day.
'safeload audit --baseline FILE' shows them and does not count them."""
_MODE = 0o644


def add_entries(path: str | os.PathLike[str], entries: Iterable[Acceptance]) -> None:
    """Add entries to a baseline, or begin one with them.

    An entry about the same file and rule takes the place of the one that is there.

    Args:
        path: The baseline.
        entries: What is accepted.

    Raises:
        UsageError: It cannot be read, used or written, or another writer does not finish.
    """
    added = list(entries)

    def edit(text: bytes) -> bytes:
        document = _document(text)
        tables = document.get("accepted")
        if not isinstance(tables, AoT):
            tables = tomlkit.aot()
        _drop(tables, {(entry.sha256, entry.rule) for entry in added})
        for entry in added:
            tables.append(_table(entry))
        document["accepted"] = tables
        return _text(document)

    _edit(as_path(path, "baseline"), edit, new=True)


def remove_entries(path: str | os.PathLike[str], keys: Iterable[tuple[str, str]]) -> None:
    """Take entries out of a baseline.

    Args:
        path: The baseline.
        keys: Digest and rule of each.

    Raises:
        UsageError: It cannot be read, used or written, or another writer does not finish.
    """
    gone = set(keys)

    def edit(text: bytes) -> bytes:
        document = _document(text)
        tables = document.get("accepted")
        if isinstance(tables, AoT):
            _drop(tables, gone)
            if not tables:
                document.remove("accepted")
        return _text(document)

    _edit(as_path(path, "baseline"), edit, new=False)


def _edit(path: Path, edit: Callable[[bytes], bytes], *, new: bool) -> None:
    file = Path(os.path.realpath(path))
    try:
        with writing(file.parent) as folder:
            text = _current(file, new=new)
            data = edit(text)
            # What cannot be read again is not written.
            Baseline.parse(data)
            put(folder, NewFile(file.name, data, _MODE))
    except OSError as error:
        raise UsageError(
            f"The baseline cannot be written: {error.strerror}.",
            code="baseline-unwritable",
            hint=f"Check the folder of {printable(os.fspath(path))!r}.",
            path=path,
        ) from error


def _current(file: Path, *, new: bool) -> bytes:
    try:
        text = baseline_text(file)
    except UsageError as error:
        if new and error.code == "baseline-missing":
            return b""
        raise
    Baseline.parse(text)
    return text


def _document(text: bytes) -> tomlkit.TOMLDocument:
    if text:
        return tomlkit.parse(text)
    document = tomlkit.document()
    for line in _HEAD.splitlines():
        document.add(tomlkit.comment(line))
    return document


def _table(entry: Acceptance) -> tomlkit.items.Table:
    table = tomlkit.table()
    table.add("sha256", entry.sha256)
    table.add("rule", entry.rule)
    table.add("reason", entry.reason)
    table.add("author", entry.author)
    table.add("until", entry.until)
    if entry.path:
        table.add("path", entry.path)
    return table


def _drop(tables: AoT, keys: set[tuple[str, str]]) -> None:
    for number in reversed(range(len(tables))):
        table = tables[number]
        if (str(table["sha256"]), str(table["rule"])) in keys:
            del tables[number]


def _text(document: tomlkit.TOMLDocument) -> bytes:
    return tomlkit.dumps(document).encode()
