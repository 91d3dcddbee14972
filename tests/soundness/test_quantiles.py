"""Quantile forests: what their leaves keep is there, in each form that they are pickled in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

import safeload
from malicious_samples.native import Stand, table

quantile_forest = pytest.importorskip("quantile_forest")

DATA, _ = table()
TARGET = DATA[:, 0] * DATA[:, 1]


def fitted(*, sparse: bool) -> Any:
    model = quantile_forest.RandomForestQuantileRegressor(
        n_estimators=4, max_samples_leaf=None, min_samples_leaf=3, random_state=0
    )
    return model.fit(DATA, TARGET, sparse_pickle=sparse)


def findings(model: Any, path: Path) -> list[str]:
    joblib.dump(model, path / "model")
    report = safeload.audit(path / "model").files[0]
    assert {finding.rule for finding in report.findings} <= {"SL401"}
    return [finding.message for finding in report.findings]


@pytest.mark.parametrize("sparse", [False, True])
def test_a_fitted_forest_is_sound(sparse: bool, tmp_path: Path) -> None:
    assert findings(fitted(sparse=sparse), tmp_path) == []


def _leaves(change: Callable[[Any], Any]) -> Callable[[Any], None]:
    def forge(model: Any) -> None:
        make, args, state = model.forest_.__reduce__()
        parts = list(args)
        parts[1] = change(parts[1].copy())
        model.forest_ = Stand(make, tuple(parts), state)

    return forge


def _put(value: int) -> Callable[[Any], Any]:
    def change(leaves: Any) -> Any:
        leaves[0, -1, 0, 0] = value
        return leaves

    return change


def _attribute(name: str, change: Callable[[Any], Any]) -> Callable[[Any], None]:
    return lambda model: vars(model).update({name: change(vars(model)[name])})


DENSE = {
    "a sample beyond the data": (_leaves(_put(len(DATA) + 1)), "y_train_leaves"),
    "a sample below zero": (_leaves(_put(-1)), "y_train_leaves"),
    "another layout": (_leaves(np.asfortranarray), "y_train_leaves"),
    "no leaves": (_leaves(lambda leaves: leaves[:, :1]), "estimators_"),
    "a tree too few": (_leaves(lambda leaves: leaves[1:]), "estimators_"),
    "an output too many": (_leaves(lambda leaves: leaves.repeat(2, 2)), "y_train_leaves"),
    "an estimator too many": (_attribute("estimators_", lambda trees: trees * 2), "estimators_"),
    "a sorter too short": (_attribute("sorter_", lambda order: order[:5]), "sorter_"),
    "another function": (lambda model: setattr(model, "apply", np.positive), "apply"),
}


@pytest.mark.parametrize("name", DENSE)
def test_a_forged_forest_is_refused(name: str, tmp_path: Path) -> None:
    forge, attribute = DENSE[name]
    model = fitted(sparse=False)
    forge(model)
    messages = findings(model, tmp_path)
    assert messages
    assert attribute in messages[0]


def test_a_layout_that_the_library_reads_beyond_is_refused(tmp_path: Path) -> None:
    model = quantile_forest.RandomForestQuantileRegressor(n_estimators=3, max_samples_leaf=3)
    (message,) = {*findings(model.fit(DATA, TARGET, sparse_pickle=True), tmp_path)}
    assert "matrix1" in message


@pytest.mark.parametrize("sums", [False, True])
def test_a_forged_sparse_forest_is_refused(sums: bool, tmp_path: Path) -> None:
    model = fitted(sparse=True)
    make, args, state = model.forest_.__reduce__()
    matrix = state["matrix1"]
    if sums:
        # Two elements at the place of one: each is a sample, the sum is none.
        column = int(np.flatnonzero(np.diff(matrix.indptr) > 1)[0])
        first = matrix.indptr[column]
        matrix.indices[first + 1] = matrix.indices[first]
    else:
        matrix.data[0] = len(DATA) + 1
    model.forest_ = Stand(make, args, state)
    assert findings(model, tmp_path)
