"""What ``sign`` is told about a model: options and a metadata file become facts to sign.

Trust: the files are the signer's own. A probe file is read as plain numbers and text, never as a
pickle.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import tomllib
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from safeload.cli.inputs import read_input
from safeload.errors import UsageError, printable
from safeload.unruly import described

__all__ = ["facts_of", "read_probe"]

# A probe holds 100,000 values at most, and metadata a few facts.
_PROBE_BYTES = 64 * 1024 * 1024
_METADATA_BYTES = 4 * 1024 * 1024
_KEYS = {"dataset", "metrics", "not_after", "serial", "trained"}


def facts_of(options: argparse.Namespace) -> dict[str, Any]:
    """Collect the facts, the options' before the metadata file's.

    Args:
        options: As ``sign`` takes them.

    Returns:
        Keyword arguments of :func:`safeload.signing.sign`.

    Raises:
        UsageError: A file cannot be read, or a fact is not of its form.
    """
    facts = {} if options.metadata is None else _metadata(options.metadata)
    metrics = facts.get("metrics", {})
    for text in options.metric or []:
        name, _, value = text.partition("=")
        metrics[name] = value
    facts["metrics"] = {name: _number(name, value) for name, value in metrics.items()}
    for key in ("dataset", "serial", "not_after", "trained"):
        given = getattr(options, key)
        if given is not None:
            facts[key] = given
    for key in ("not_after", "trained"):
        if key in facts:
            facts[key] = _moment(key, facts[key])
    if options.probe is not None:
        facts["probe"] = read_probe(Path(options.probe))
    return facts


def read_probe(path: Path) -> Any:
    """Read a few rows of input.

    Args:
        path: ``.npy``; ``.csv``, whose first line names the columns unless it is all numbers;
            ``.json``, a list of rows, a list of strings, or an object of columns.

    Returns:
        An array, a list of strings, or a data frame where the columns have names.

    Raises:
        UsageError: The file cannot be read, or is of no such form.
    """
    form = path.suffix
    if form not in (".npy", ".csv", ".json"):
        raise UsageError(
            "The probe's format is not known.",
            code="probe-unsuitable",
            hint="Give a file that ends in .npy, .csv or .json.",
        )
    try:
        data = read_input(str(path), "probe", limit=_PROBE_BYTES)
    except OSError as error:
        raise _unreadable("probe", error) from error
    try:
        if form == ".npy":
            import numpy as np

            return np.load(io.BytesIO(data), allow_pickle=False)
        return (
            _csv(data.decode("utf-8-sig"))
            if form == ".csv"
            else _rows(json.loads(data.decode("utf-8")))
        )
    except UsageError:
        raise
    except Exception as error:  # whatever the readers of those formats raise
        raise UsageError(
            f"The probe cannot be used: {described(error)}",
            code="probe-unsuitable",
            hint="Give a few rows as .npy, .csv or .json.",
        ) from error


def _csv(text: str) -> Any:
    rows = [row for row in csv.reader(io.StringIO(text)) if row]
    if not rows:
        raise ValueError("the file has no rows")
    if any(len(row) != len(rows[0]) for row in rows):
        raise ValueError("the rows are not of one length")
    values = [[_value(field) for field in row] for row in rows]
    if any(isinstance(value, str) for value in values[0]):
        return _frame({name: [row[i] for row in values[1:]] for i, name in enumerate(rows[0])})
    return _array(values)


def _rows(document: Any) -> Any:
    if isinstance(document, dict):
        return _frame(document)
    if isinstance(document, list) and document and all(isinstance(r, str) for r in document):
        return document
    if isinstance(document, list) and document and all(isinstance(r, list) for r in document):
        return _array(document)
    raise ValueError("it is no list of rows, list of strings or object of columns")


def _array(rows: list[list[Any]]) -> Any:
    import numpy as np

    words = any(value is None or isinstance(value, str) for row in rows for value in row)
    return np.array(rows, dtype=object if words else None)


def _frame(columns: dict[str, Any]) -> Any:
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise UsageError(
            "A probe with named columns needs pandas, which is not installed.",
            code="probe-unsuitable",
            hint="Install pandas, or give the rows without names as .npy.",
        ) from error
    return pd.DataFrame(columns)


def _value(field: str) -> int | float | str:
    for form in (int, float):
        try:
            return form(field)
        except ValueError:
            continue
    return field


def _metadata(name: str) -> dict[str, Any]:
    path = Path(name)
    try:
        text = read_input(name, "metadata", limit=_METADATA_BYTES).decode("utf-8")
        document = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except OSError as error:
        raise _unreadable("metadata", error) from error
    except (ValueError, RecursionError) as error:
        raise _unsuitable(f"it is neither JSON nor TOML ({error})") from error
    if not isinstance(document, dict):
        raise _unsuitable("it is no object of facts")
    unknown = sorted(set(document) - _KEYS)
    if unknown:
        raise _unsuitable(f"unknown key {unknown[0]!r}")
    if not isinstance(document.get("metrics", {}), dict):
        raise _unsuitable("metrics is no table of numbers by name")
    if not isinstance(document.get("dataset", ""), str):
        raise _unsuitable("dataset is no path")
    if type(document.get("serial", 0)) is not int:
        raise _unsuitable("serial is no whole number")
    if "dataset" in document:
        # A path in a file is meant from where the file is.
        document["dataset"] = str(path.parent / document["dataset"])
    return document


def _number(name: str, value: Any) -> float:
    if name and isinstance(value, int | float | str) and not isinstance(value, bool):
        with suppress(ValueError, OverflowError):
            return float(value)
    raise UsageError(
        f"The metric {printable(name)!r} has no number.",
        code="metric",
        hint="Write --metric NAME=VALUE, as in --metric roc_auc=0.91.",
    )


def _moment(key: str, value: Any) -> datetime:
    if isinstance(value, str):
        with suppress(ValueError):
            value = datetime.fromisoformat(value)
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, datetime):
        raise UsageError(
            f"{key} is no date.",
            code="date",
            hint="Write it as in 2027-01-31 or 2027-01-31T12:00:00+01:00; UTC unless it says more.",
        )
    # A manifest has whole seconds.
    instant = value.replace(tzinfo=UTC) if value.tzinfo is None else value
    return instant.replace(microsecond=0)


def _unreadable(what: str, error: OSError) -> UsageError:
    return UsageError(
        f"The {what} file cannot be read: {error.strerror}.",
        code=f"{what}-unreadable",
        hint=f"Check the path given with --{what}.",
    )


def _unsuitable(why: str) -> UsageError:
    return UsageError(
        f"The metadata file cannot be used: {printable(why)}.",
        code="metadata-unsuitable",
        hint=f"It holds some of {', '.join(sorted(_KEYS))}, as JSON or TOML.",
    )
