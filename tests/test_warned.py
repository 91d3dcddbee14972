"""Warnings have a class of their own and point to whoever called, however deep it was."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import sklearn
from sklearn.linear_model import Ridge

import safeload
from safeload.gate import dry_run
from safeload.loading import environment

KEY = safeload.SigningKey.generate()
OLD = "1.1.3"


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model that was signed with a release of scikit-learn that is not installed any more."""
    path = tmp_path / "a.joblib"
    ridge = Ridge().fit([[0.0], [1.0]], [0.0, 1.0])
    version = environment._version
    with monkeypatch.context() as patched, warnings.catch_warnings():
        # The file says of itself which release wrote it.
        warnings.simplefilter("ignore")
        patched.setattr(
            environment, "_version", lambda name: OLD if name == "scikit-learn" else version(name)
        )
        safeload.dump(ridge, path, key=KEY, name="a", version="1", probe=np.zeros((1, 1)))
    safeload.TrustFile.add(tmp_path / "t.toml", name="alice", key=KEY.public, models=["a"])
    with (tmp_path / "t.toml").open("a") as trust:
        trust.write('[models.a]\ndrift = "warn"\n')
    return path


def test_a_program_may_make_an_error_of_drift_alone(model: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", category=safeload.DriftWarning)
        with pytest.raises(safeload.DriftWarning) as caught:
            safeload.load(model, trust=model.with_name("t.toml"))
    assert caught.value.library == "scikit-learn"
    assert caught.value.signed == OLD
    assert caught.value.installed == sklearn.__version__


def test_an_error_of_drift_comes_before_anything_is_unpickled(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ridge, "__setstate__", lambda *_: pytest.fail("unpickled"))
    with warnings.catch_warnings():
        warnings.filterwarnings("error", category=safeload.DriftWarning)
        with pytest.raises(safeload.DriftWarning):
            safeload.load(model, trust=model.with_name("t.toml"))


def test_what_another_process_loads_warns_in_this_one(model: Path) -> None:
    with pytest.warns(safeload.DriftWarning) as warned:
        _, isolated = dry_run(model, trust=model.with_name("t.toml"))
    isolated.close()
    told = [(type(item.message), item.filename) for item in warned]
    assert told == [(safeload.DriftWarning, __file__)]
    drift = warned[0].message
    assert isinstance(drift, safeload.DriftWarning)
    assert (drift.signed, drift.installed) == (OLD, sklearn.__version__)
