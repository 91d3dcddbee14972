"""Two releases of a model, signed once; tests work on copies."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from safeload.ledger.database import Ledger
from tests.ledger.releases import Releases
from tests.writing.scenarios import MEMORY


@pytest.fixture(scope="session")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Releases:
    return Releases.made(tmp_path_factory.mktemp("releases"), 5, 6)


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder where writing through to the disk takes no time, as far as there is one."""
    with tempfile.TemporaryDirectory(prefix="ledger-", dir=MEMORY) as path:
        yield Path(path)


@pytest.fixture
def releases(signed: Releases, memory: Path, monkeypatch: pytest.MonkeyPatch) -> Releases:
    copy = memory / "work"
    shutil.copytree(signed.folder, copy)
    monkeypatch.chdir(copy)
    # Neither the trust file nor anything else of whoever runs the tests.
    monkeypatch.setenv("XDG_CONFIG_HOME", str(memory / "config"))
    return replace(signed, folder=copy)


@pytest.fixture
def ledger(memory: Path) -> Ledger:
    return Ledger(memory / "ledger.sqlite")
