"""Guides are executed, each in an empty directory: what they show is what happens."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import sklearn.base

from safeload.loading import environment
from tests.documents import ROOT, here, steps, walk

DOCS = ROOT / "docs"
pytestmark = pytest.mark.skipif(os.name != "posix", reason="shows a POSIX shell")


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty directory, whose packages Python finds, and a user who has no trust file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    # Other documents have a package of this name, too.
    for name in packages():
        monkeypatch.delitem(sys.modules, name)
    yield
    for name in packages():
        del sys.modules[name]


def packages() -> list[str]:
    """What is imported of the package that pages write."""
    return [name for name in sys.modules if name.partition(".")[0] == "acme"]


@pytest.mark.parametrize("page", ["own-classes.md", "signing.md"])
def test_what_a_page_shows_is_what_happens(page: str, tmp_path: Path) -> None:
    walk(DOCS / page, run=here)
    # What would have made it was refused.
    assert not (tmp_path / "canary").exists()


# Here, a warning of the command line would be an error.
@pytest.mark.filterwarnings("ignore")
def test_the_upgrade_of_scikit_learn_is_what_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (DOCS / "upgrading.md").read_text("utf-8")
    before, heading, after = text.partition("\n## 2. Try every model in the new environment\n")
    assert heading
    found: dict[str, Any] = {}
    installed = environment._version  # what it says of a library is kept for the next who asks
    with monkeypatch.context() as old:
        old.setattr(sklearn.base, "__version__", "1.8.0")
        old.setattr(
            environment,
            "_version",
            lambda name: "1.8.0" if name == "scikit-learn" else installed(name),
        )
        steps(before, "before", found, run=here)
    assert not version("scikit-learn").startswith("1.8.")
    steps(after, "after", found, run=here)
