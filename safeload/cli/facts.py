"""What ``sign`` is told about a model: options and a metadata file become facts to sign.

Trust: the options and the file are the signer's own.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from safeload.cli.inputs import read_input
from safeload.cli.probe_file import read_probe
from safeload.cli.progress import shown
from safeload.errors import UsageError, about, printable

__all__ = ["facts_of"]

# It holds a few facts.
_METADATA_BYTES = 4 * 1024 * 1024
_KEYS = {"dataset", "extra", "metrics", "not_after", "revision", "rows", "serial", "trained"}
# Of a dataset that is described and not merely pointed to: where it is, or its digest.
_DATASET_KEYS = {"name", "path", "sha256"}


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
    metrics = {**facts.get("metrics", {}), **_pairs(options.metric, "metric")}
    facts["metrics"] = {name: _number(name, value) for name, value in metrics.items()}
    facts["extra"] = {**facts.get("extra", {}), **_pairs(options.extra, "extra")}
    for key in ("serial", "rows", "not_after", "trained", "revision"):
        given = getattr(options, key)
        if given is not None:
            facts[key] = given
    _settle_dataset(options, facts)
    if options.no_revision:
        facts.pop("revision", None)
    elif "revision" not in facts:
        facts["revision"] = _found_revision()
    for key in ("not_after", "trained"):
        if key in facts:
            facts[key] = moment_of(key, facts[key])
    if options.probe is not None:
        facts["probe"] = read_probe(Path(options.probe))
    if options.probe_from is not None:
        facts["probe_from"] = read_probe(Path(options.probe_from), option="probe-from")
    return facts


def _metadata(name: str) -> dict[str, Any]:
    path = Path(name)
    with about(name, given=True):
        try:
            text = read_input(name, "metadata", limit=_METADATA_BYTES).decode("utf-8")
            document = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
        except OSError as error:
            raise _unreadable(error) from error
        except (ValueError, RecursionError) as error:
            raise _unsuitable(f"it is neither JSON nor TOML ({error})") from error
        if not isinstance(document, dict):
            raise _unsuitable("it is not an object of facts")
        unknown = sorted(set(document) - _KEYS)
        if unknown:
            raise _unsuitable(f"unknown key {unknown[0]!r}")
        if not isinstance(document.get("metrics", {}), dict):
            raise _unsuitable("metrics is not a table of numbers by name")
        if not isinstance(document.get("extra", {}), dict):
            raise _unsuitable("extra is not a table")
        if not isinstance(document.get("revision", ""), str):
            raise _unsuitable("revision is not a text")
        for key in ("serial", "rows"):
            if type(document.get(key, 0)) is not int:
                raise _unsuitable(f"{key} is not a whole number")
        if "dataset" in document:
            document["dataset"] = _dataset_table(document["dataset"], path.parent)
        return document


def _dataset_table(value: Any, folder: Path) -> dict[str, str]:
    """What a metadata file says of a dataset, as a table; a path in it is meant from the file."""
    table = {"path": value} if isinstance(value, str) else value
    if not isinstance(table, dict) or not all(isinstance(v, str) for v in table.values()):
        raise _unsuitable("dataset is neither a path nor a table of texts")
    if unknown := sorted(set(table) - _DATASET_KEYS):
        raise _unsuitable(f"unknown key {unknown[0]!r} in dataset")
    if ("path" in table) == ("sha256" in table) or ("sha256" in table and "name" not in table):
        raise _unsuitable("dataset has neither a path, nor a name and a sha256 instead")
    return {**table, "path": str(folder / table["path"])} if "path" in table else table


def _settle_dataset(options: argparse.Namespace, facts: dict[str, Any]) -> None:
    """Put the dataset with its name and digest among the facts, if there is one."""
    from safeload.lineage.training import dataset_of
    from safeload.trust.training import Dataset

    table = facts.pop("dataset", {}) if options.dataset is None else {"path": options.dataset}
    if options.dataset_id is not None:
        if not table:
            raise UsageError(
                "There is no dataset that could be called by that name.",
                code="dataset-id",
                hint="Give --dataset FILE, too; or its name and sha256 in a metadata file.",
            )
        table = {**table, "name": options.dataset_id}
    if "path" in table:
        with shown("Hashing the dataset"):
            facts["dataset"] = dataset_of(table["path"], name=table.get("name"))
    elif table:
        facts["dataset"] = Dataset(table["name"], table["sha256"])


def _found_revision() -> Any:
    from safeload.lineage.revision import find_revision

    return find_revision()


def _pairs(texts: list[str] | None, option: str) -> dict[str, str]:
    """What an option gives as ``NAME=VALUE``, by name."""
    pairs = {}
    for text in texts or []:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise UsageError(
                f"{printable(text)!r} gives no value to any name.",
                code="metric" if option == "metric" else "extra",
                hint=f"Write --{option} NAME=VALUE.",
            )
        pairs[name] = value
    return pairs


def _number(name: str, value: Any) -> float:
    if name and isinstance(value, int | float | str) and not isinstance(value, bool):
        with suppress(ValueError, OverflowError):
            return float(value)
    raise UsageError(
        f"The metric {printable(name)!r} has no number.",
        code="metric",
        hint="Write --metric NAME=VALUE, as in --metric roc_auc=0.91.",
    )


def moment_of(key: str, value: Any) -> datetime:
    """Read a date, or a date with a time; in UTC unless it says more.

    Args:
        key: What to call it.
        value: Text, or what TOML has for dates.

    Returns:
        The moment, in whole seconds.

    Raises:
        UsageError: It is not a date (``date``).
    """
    if isinstance(value, str):
        with suppress(ValueError):
            value = datetime.fromisoformat(value)
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, datetime):
        raise UsageError(
            f"{key} is not a date.",
            code="date",
            hint="Write it as in 2027-01-31 or 2027-01-31T12:00:00+01:00; UTC unless it says more.",
        )
    # A manifest has whole seconds.
    instant = value.replace(tzinfo=UTC) if value.tzinfo is None else value
    return instant.replace(microsecond=0)


def _unreadable(error: OSError) -> UsageError:
    return UsageError(
        f"The metadata file cannot be read: {error.strerror}.",
        code="metadata-unreadable",
        hint="Check the path given with --metadata.",
    )


def _unsuitable(why: str) -> UsageError:
    return UsageError(
        f"The metadata file cannot be used: {printable(why)}.",
        code="metadata-unsuitable",
        hint=f"It holds some of {', '.join(sorted(_KEYS))}, as JSON or TOML.",
    )
