"""Legitimate models predict in a confined process as they would here: all of them, in one process.

This is what the list of system calls was made from, and what would see a line of it missing.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pytest
import skops.io
from scipy import sparse

import safeload
from safeload.isolation import model as module
from safeload.isolation.process import Process
from safeload.limits import Isolation
from tests.ecosystem.zoo import legitimate, zoos
from tests.legitimate import composites, estimators
from tests.legitimate.estimators import Legitimate
from tests.legitimate.sameness import difference

pytestmark = pytest.mark.filterwarnings("ignore")

# A library that has to write files when it is imported.
NOT_THERE = {"umap"}
PATIENT = Isolation(seconds=600)
# All of scikit-learn's takes minutes; "-m slow" tries the other shares.
SHARES = 10


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[Process]:
    """One process, which one model after the other is loaded into."""
    shared = Process(PATIENT)
    monkeypatch.setattr(module, "Process", lambda *_: shared)
    yield shared
    shared.end()


def predictions(model: Any, data: Any, methods: Iterable[str]) -> dict[str, Any]:
    """What some methods of a model say of some data."""
    found = {}
    for method in methods:
        try:
            found[method] = _plain(getattr(model, method)(data))
        except Exception as error:  # noqa: BLE001  # what a model raises
            found[method] = type(error)
    return found


def _plain(value: Any) -> Any:
    """A matrix or frame as the array of its values: it may be built otherwise there."""
    if sparse.issparse(value):
        return value.toarray()
    return [list(value), value.to_numpy()] if isinstance(value, pd.DataFrame) else value


def unlike(model: Legitimate, path: Path, packs: Iterable[str] = ()) -> list[str] | None:
    """The methods of a model that say another thing there, in a form that is handed on, than here.

    Returns:
        Their names; None for a file that does not load here.
    """
    try:
        plain = safeload.load_unsigned(path, packs=packs)
    except (safeload.RefusedError, safeload.LoadError):
        # Other tests say why.
        return None
    isolated = safeload.load_unsigned(path, packs=packs, isolated=PATIENT)
    there = predictions(isolated, model.data, isolated.methods)
    here = predictions(plain, model.data, isolated.methods)
    return [
        method
        for method, found in there.items()
        if not isinstance(found, type) and difference(found, here[method]) is not None
    ]


@pytest.mark.parametrize(
    "share", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, SHARES))]
)
def test_the_zoo_of_scikit_learn(tmp_path: Path, process: Process, share: int) -> None:
    names = [*estimators.names(), *composites.names()][share::SHARES]
    asked = 0
    for number, name in enumerate(names):
        of_name = estimators.estimator if name in estimators.names() else composites.composite
        model, path = of_name(name), tmp_path / "model"
        if model.data is None:
            continue
        try:
            if number % 5:
                joblib.dump(model.model, path, compress=number % 3)
            else:
                skops.io.dump(model.model, path)
        except Exception:  # noqa: BLE001  # not every form is one for every model
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            differ = unlike(model, path)
        if differ is not None:
            assert (name, differ) == (name, [])
            asked += 1
    assert asked > 250 / SHARES


@pytest.mark.parametrize("library", zoos())
def test_the_zoo_of_a_library(tmp_path: Path, process: Process, library: str) -> None:
    zoo = zoos()[library]
    if not zoo.is_installed:
        pytest.skip(f"{library} is not installed; 'make ecosystem' tests it")
    if library in NOT_THERE:
        pytest.skip(f"{library} writes files when it is imported")
    asked = 0
    for name in zoo.models:
        model, path = legitimate(library, name), tmp_path / "model"
        try:
            joblib.dump(model.model, path)
        except Exception:  # noqa: BLE001  # not every form is one for every model
            continue
        differ = None if model.data is None else unlike(model, path, zoo.packs)
        if differ is not None:
            assert (name, differ) == (name, [])
            asked += 1
    assert asked
