"""A pack grants names of an installed library, and nothing that merely goes by its name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import safeload
from safeload.errors import LoadError
from safeload.loading.environment import check_installed
from safeload.policy.policy import Entry, Policy
from safeload.scan.program import Use
from tests.builder import Name, Pickle

LIBRARY, DISTRIBUTION = "a_boosting_library", "a-boosting-library"


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that Python looks in first, with a module that betrays that it was imported."""
    canary = tmp_path / "canary"
    (tmp_path / f"{LIBRARY}.py").write_text(
        f"open({str(canary)!r}, 'w').close()\nclass Model: pass\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    monkeypatch.delitem(sys.modules, LIBRARY, raising=False)
    return tmp_path


def model(folder: Path) -> Path:
    path = folder / "model.pkl"
    path.write_bytes(Pickle(4).object_(Name(LIBRARY, "Model")).finish())
    return path


def granted(*distributions: str) -> Policy:
    entry = Entry(frozenset([Use.CONSTRUCT]), None, "a pack", distributions)
    return Policy({(LIBRARY, "Model"): entry}, "")


def distribution(folder: Path) -> None:
    """What an installer leaves for a distribution."""
    metadata = folder / f"{LIBRARY}-1.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text(f"Metadata-Version: 2.1\nName: {DISTRIBUTION}\nVersion: 1.0\n")


def test_nothing_is_imported_in_the_place_of_a_library_that_is_not_installed(beside: Path) -> None:
    with pytest.raises(LoadError) as caught:
        safeload.load_unsigned(model(beside), policy=granted(DISTRIBUTION, "another-build"))

    assert caught.value.code == "library-missing"
    assert DISTRIBUTION in str(caught.value.hint)
    assert not (beside / "canary").exists()
    assert LIBRARY not in sys.modules


def test_a_distribution_in_the_working_directory_is_not_installed(beside: Path) -> None:
    distribution(beside)

    with pytest.raises(LoadError):
        safeload.load_unsigned(model(beside), policy=granted(DISTRIBUTION))
    assert not (beside / "canary").exists()


@pytest.mark.parametrize("names", [(DISTRIBUTION,), ("another-build", DISTRIBUTION)])
def test_any_distribution_that_provides_a_library_will_do(
    beside: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    installed = beside / "installed"
    installed.mkdir()
    (beside / f"{LIBRARY}.py").rename(installed / f"{LIBRARY}.py")
    distribution(installed)
    monkeypatch.setattr(sys, "path", [*sys.path, str(installed)])

    loaded = safeload.load_unsigned(model(beside), policy=granted(*names))

    assert type(loaded).__module__ == LIBRARY


def test_an_audit_asks_for_no_library(beside: Path) -> None:
    report = safeload.audit(model(beside), policy=granted(DISTRIBUTION)).files[0]

    assert report.verdict == "accept"
    assert not (beside / "canary").exists()


def test_a_library_that_runs_already_is_not_looked_for() -> None:
    check_installed([("json", ("no-such-distribution",))])
