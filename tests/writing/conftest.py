"""A folder for tests that write very often."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.writing.scenarios import MEMORY


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder in memory, where the machine has such: a disk takes its time to sync."""
    with tempfile.TemporaryDirectory(prefix="safeload-tests-", dir=MEMORY) as path:
        yield Path(path)
