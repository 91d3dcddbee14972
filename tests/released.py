"""Loads what an old release wrote: ``python -m tests.released FOLDER FIRST``, in a child process.

A release may not read another's native state and crash on it, so that the files of a folder are
loaded in children, each beginning behind the file at which the last one ended. For each file there
is a line of JSON with its outcome.

Trust: not applicable; ``tools/zoo`` wrote these files.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import joblib
import numpy as np

import safeload
from safeload.errors import LoadError

__all__ = ["Outcome", "files", "outcomes", "versions"]

ROOT = Path(__file__).resolve().parent.parent
ZOO = ROOT / "tools" / "zoo"

# Answers of one model by two releases agree up to what other orders of summation cost.
_RELATIVE, _ABSOLUTE = 1e-5, 1e-7


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file.

    Attributes:
        file: Its name.
        verdict: That of the audit, or ``"crash"`` where the child died.
        findings: The findings' messages.
        plain: Error of the unguarded loader, or None.
        error: Error of safeload: its class, code and message, or None.
        warned: safeload's own warnings.
        unlike_plain: Methods that answer otherwise than those of what the unguarded loader loads.
        unlike_written: Methods that answer otherwise than in the release that wrote the file; a
            release may lack what it takes to answer at all.
    """

    file: str
    verdict: str
    findings: list[str] = field(default_factory=list)
    plain: str | None = None
    error: list[str] | None = None
    warned: list[str] = field(default_factory=list)
    unlike_plain: list[str] = field(default_factory=list)
    unlike_written: list[str] = field(default_factory=list)


def _index(folder: Path) -> dict[str, Any]:
    index: dict[str, Any] = json.loads((folder / "index.json").read_text("utf-8"))
    return index


def files(folder: Path) -> list[dict[str, Any]]:
    """What the index says of each file: its name, object, form, and kind of data or None."""
    listed: list[dict[str, Any]] = _index(folder)["files"]
    return listed


def versions(folder: Path) -> dict[str, str]:
    """The releases that wrote the files of a folder, by library."""
    wrote: dict[str, str] = _index(folder)["versions"]
    return wrote


def outcomes(folder: Path) -> Iterator[Outcome]:
    """Scan and load every file of a folder.

    Args:
        folder: What one combination of releases wrote, with its index.

    Yields:
        The outcome of each file.
    """
    listed = files(folder)
    done = 0
    while done < len(listed):
        command = [sys.executable, "-m", "tests.released", str(folder.resolve()), str(done)]
        child = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
        for line in child.stdout.splitlines():
            yield Outcome(**json.loads(line))
            done += 1
        if child.returncode >= 0:
            child.check_returncode()
            continue
        yield Outcome(listed[done]["file"], "crash", [f"signal {-child.returncode}"])
        done += 1


def _main(folder: Path, first: int) -> None:
    sys.path.insert(0, str(ZOO))
    answers, data = import_module("answers").answers, import_module("data").data
    warnings.simplefilter("ignore")
    for entry in files(folder)[first:]:
        outcome = _outcome(folder, entry, answers, data)
        sys.stdout.write(json.dumps({name: getattr(outcome, name) for name in Outcome.__slots__}))
        sys.stdout.write("\n")
        sys.stdout.flush()


def _outcome(folder: Path, entry: dict[str, Any], answers: Any, data: Any) -> Outcome:
    path = folder / entry["file"]
    report = safeload.audit(path).files[0]
    findings = [finding.message for finding in report.findings]
    plain, plain_error = _plain(path, entry["form"])
    loaded, error, warned = _guarded(path)
    unlike_plain: list[str] = []
    unlike_written: list[str] = []
    if entry["data"] is not None and error is None:
        found = answers(loaded, data[entry["data"]])
        if plain_error is None:
            unlike_plain = _unlike(found, answers(plain, data[entry["data"]]))
        with np.load(folder / f"{entry['object']}.npz", allow_pickle=False) as written:
            both = found.keys() & written.keys()
            unlike_written = [
                method for method in sorted(both) if not _same(found[method], written[method])
            ]
    return Outcome(
        entry["file"],
        str(report.verdict),
        findings,
        plain_error,
        error,
        warned,
        unlike_plain,
        unlike_written,
    )


def _plain(path: Path, form: str) -> tuple[Any, str | None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if form.startswith("joblib"):
                return joblib.load(path), None
            return pickle.loads(path.read_bytes()), None
        except Exception as error:  # noqa: BLE001  # whatever another release's state raises
            return None, f"{type(error).__name__}: {error}"[:300]


def _guarded(path: Path) -> tuple[Any, list[str] | None, list[str]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            loaded, error = safeload.load_unsigned(path), None
        except LoadError as problem:
            loaded, error = None, ["LoadError", problem.code, problem.message]
        except Exception as problem:  # noqa: BLE001  # which is what the test is about
            loaded, error = None, [type(problem).__name__, "", str(problem)[:300]]
    own = [str(item.message) for item in caught if item.category is safeload.DriftWarning]
    return loaded, error, [text for text in own if text.startswith("The model was written by")]


def _unlike(found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    return sorted(
        method
        for method in found.keys() | expected.keys()
        if method not in found
        or method not in expected
        or not _same(found[method], expected[method])
    )


def _same(one: Any, other: Any) -> bool:
    if one.shape != other.shape:
        return False
    if one.dtype.kind in "fc" or other.dtype.kind in "fc":
        return bool(np.allclose(one, other, rtol=_RELATIVE, atol=_ABSOLUTE, equal_nan=True))
    return bool(np.array_equal(one, other))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), int(sys.argv[2]))
