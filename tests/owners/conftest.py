"""A folder that other users may come to."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from safeload.trust.trustfile import entry_text
from tests.trust.statements import ALICE

TEXT = entry_text("alice", ALICE.public, ["churn"])


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder of ours in one where anybody has folders; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="safeload-owners-")).resolve()
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def trust_file(place: Path) -> Path:
    """A trust file of ours, which anybody may read."""
    path = place / "folder" / "trust.toml"
    path.parent.mkdir(mode=0o755)
    path.write_text(TEXT, encoding="utf-8")
    path.chmod(0o644)
    return path
