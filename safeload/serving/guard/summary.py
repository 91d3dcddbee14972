"""The lines of a report become what there is to do: files to look at, names to allow, loaders.

Trust: the report is this program's own, and quotes hostile files; what is shown was escaped when it
was written, and is once more. A line that is none is counted and left out.
"""

from __future__ import annotations

import json
import sysconfig
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from safeload.arguments import as_path
from safeload.errors import UsageError, plain

__all__ = ["Place", "Summary", "summarise"]

_STANDARD = tuple(
    str(Path(sysconfig.get_path(name)).resolve()) for name in ("stdlib", "purelib", "platlib")
)


class Place(NamedTuple):
    """Where models are loaded.

    Attributes:
        loader: The function that is called, such as ``"joblib.load"``.
        where: The innermost line of the program's own, as ``"/srv/app/models.py:40 churn"``.
    """

    loader: str
    where: str


@dataclass(slots=True)
class Summary:
    """What a report says.

    Attributes:
        loads: Number of loads.
        damaged: Number of lines that are not records.
        places: How often each place loaded, by verdict.
        paths: Files that were not accepted, each once.
        unread: How often something that is not a file was not accepted, by why.
        names: How often each name that is not allowed was asked for.
    """

    loads: int = 0
    damaged: int = 0
    places: dict[Place, Counter[str]] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    unread: Counter[str] = field(default_factory=Counter)
    names: Counter[str] = field(default_factory=Counter)

    @property
    def refused(self) -> int:
        """Number of loads that were not accepted."""
        return sum(
            count
            for counts in self.places.values()
            for verdict, count in counts.items()
            if verdict != "accept"
        )


def summarise(path: Path | str) -> Summary:
    """Read a report.

    Args:
        path: What ``install(log=...)`` or ``--report`` named.

    Returns:
        What it says.

    Raises:
        UsageError: It cannot be read (``guard-report``).
    """
    summary = Summary()
    try:
        with as_path(path, "report").open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                _add(summary, line)
    except OSError as error:
        raise UsageError(
            f"{plain(str(path))} cannot be read: {error.strerror}.",
            code="guard-report",
            hint="Name the file that --report or log= named.",
            path=path,
        ) from error
    return summary


def _add(summary: Summary, line: str) -> None:
    try:
        record = json.loads(line)
        verdict, source, loader = record["verdict"], record["source"], record["loader"]
        place = Place(_text(loader), _own(record["stack"]))
        names = [_text(name) for name in record["names"]]
        why = _why(record)
        accepted = _text(verdict) == "accept"
        source = _text(source)
    except (ValueError, KeyError, TypeError, RecursionError):
        summary.damaged += 1
        return
    summary.loads += 1
    summary.places.setdefault(place, Counter())[verdict] += 1
    if accepted:
        return
    summary.names.update(names)
    if source.startswith("<"):
        summary.unread[why] += 1
    else:
        summary.paths.setdefault(source, why)


def _why(record: dict[str, Any]) -> str:
    """Why a load was not accepted, a sentence."""
    if record["findings"]:
        return _text(record["findings"][0]["message"])
    return _text((record["error"] or {"message": ""})["message"])


def _own(stack: Iterable[Any]) -> str:
    """The innermost line that is neither Python's own nor a library's."""
    lines = [_text(line) for line in stack]
    own = [line for line in lines if not line.startswith((*_STANDARD, "<frozen"))]
    return (own or lines or ["unknown"])[-1]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return plain(value)
