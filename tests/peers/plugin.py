"""Puts our loaders in the place of joblib's and skops', in the modules of their tests alone.

What those tests load with ``joblib.load`` and ``skops.io.load`` is loaded with
:func:`safeload.load_unsigned`, by the default policy and the suites' own classes. Each test that
then fails is in ``differences.toml`` with the reason why that is right, and has to fail.
"""

from __future__ import annotations

import re
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import safeload

HERE = Path(__file__).parent
SUITES = {"joblib": "test_numpy_pickle", "skops": "test_persist"}


@contextmanager
def lying(source: Any) -> Iterator[Any]:
    """A path to what may be a file object; we read it to its end, as joblib does not."""
    if not hasattr(source, "read"):
        yield source
        return
    if not hasattr(source, "peek"):
        # joblib reads its first bytes and goes back to the start, wherever it was.
        source.seek(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model")
        path.write_bytes(source.read())
        yield path


def load(source: Any, mmap_mode: str | None = None, **_: Any) -> Any:
    """In place of ``joblib.load`` and ``skops.io.load``, whose other arguments we have not."""
    with lying(source) as path:
        return safeload.load_unsigned(path, policy=HERE / "policy.toml", mmap_mode=mmap_mode)


def loads(data: bytes, **_: Any) -> Any:
    """In place of ``skops.io.loads``."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model")
        path.write_bytes(data)
        return load(path)


def differences() -> list[dict[str, Any]]:
    """What is in the table: suite, tests as a regular expression, how they fail, and why."""
    table = tomllib.loads((HERE / "differences.toml").read_text("utf-8"))
    found: list[dict[str, Any]] = table["difference"]
    return found


def pytest_collection_modifyitems(items: Sequence[pytest.Function]) -> None:
    """Replace the loaders, and mark what is to fail."""
    for module in {item.module for item in items}:
        name = module.__name__.rpartition(".")[2]
        if name == SUITES["joblib"]:
            module.numpy_pickle = SimpleNamespace(**{**vars(module.numpy_pickle), "load": load})
        elif name == SUITES["skops"]:
            module.load, module.loads = load, loads
    for difference in differences():
        suite, pattern = SUITES[difference["suite"]], re.compile(difference["tests"])
        chosen = [
            item
            for item in items
            if item.module.__name__.rpartition(".")[2] == suite and pattern.fullmatch(item.name)
        ]
        for item in chosen:
            run = difference.get("run", True)
            item.add_marker(pytest.mark.xfail(reason=difference["why"], run=run, strict=True))
        if not chosen and any(item.module.__name__.endswith(suite) for item in items):
            raise pytest.UsageError(f"differences.toml: no test is called {pattern.pattern}")
