"""Errors are sent to other processes and copied as what they are, with all that they say."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import safeload
from safeload import errors
from safeload.cli.streams import UndeliveredError
from safeload.verdict import FileReport
from tests.builder import Name, Pickle

KINDS = [
    *(getattr(errors, name) for name in errors.__all__ if name.endswith("Error")),
    UndeliveredError,
]
WAYS: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deep copy": copy.deepcopy,
    "oldest protocol": lambda error: pickle.loads(pickle.dumps(error, 0)),
    "usual protocol": lambda error: pickle.loads(pickle.dumps(error)),
}
POOL = """
import multiprocessing, sys, safeload
if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(1) as pool:
        try:
            pool.apply_async(safeload.load_unsigned, sys.argv[1:]).get(timeout=60)
        except safeload.RefusedError as error:
            print(error.code, error.report.findings[0].rule)
"""


def refused(path: Path) -> safeload.RefusedError:
    """The error about a file that is refused."""
    path.write_bytes(Pickle(4).call(Name("posix", "system"), "true").finish())
    with pytest.raises(safeload.RefusedError) as caught:
        safeload.load_unsigned(path)
    return caught.value


def report(path: Path) -> FileReport:
    """What was found in a file that is refused."""
    return refused(path).report


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_an_error_is_copied_with_all_that_it_says(
    tmp_path: Path, kind: type[safeload.SafeloadError], way: str
) -> None:
    about: dict[str, Any] = {"code": "so", "hint": "Do so."}
    if issubclass(kind, safeload.RefusedError):
        about["report"] = report(tmp_path / "m.pkl")
    error = kind("It is so.", **about)
    error.add_note("and more")
    copied = WAYS[way](error)
    assert type(copied) is kind
    assert copied.args == error.args
    assert vars(copied) == vars(error)
    assert copied.exit_code == error.exit_code


def test_a_refusal_in_a_process_of_a_pool_comes_back(tmp_path: Path) -> None:
    refused(tmp_path / "m.pkl")
    done = subprocess.run(
        [sys.executable, "-c", POOL, tmp_path / "m.pkl"], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["refused", "SL101"]
