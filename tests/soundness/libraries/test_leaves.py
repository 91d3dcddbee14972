"""Quantile forests are sound as they were fitted, and not when leaves and trees disagree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from malicious_samples.native_state import Stand, dumped
from safeload.limits import Limits
from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.scan import scan

quantile_forest = pytest.importorskip("quantile_forest")

RANDOM = np.random.default_rng(3)
DATA = RANDOM.normal(size=(90, 3))
NUMBERS = DATA[:, 0] ** 2 + RANDOM.normal(size=90)

pytestmark = pytest.mark.filterwarnings("ignore")


def reasons(model: Any) -> list[str]:
    """What is found in a model, without the names."""
    findings = judge(scan(dumped(model), Limits()), Policy.default()).findings
    assert {finding.rule for finding in findings} <= {"SL103", "SL110", "SL401"}
    return [finding.message.partition(": ")[2] for finding in findings]


def forest(target: Any = NUMBERS, *, sparse: bool = False, **given: Any) -> Any:
    model = quantile_forest.RandomForestQuantileRegressor(
        **{"n_estimators": 3, "max_samples_leaf": None, "random_state": 0, **given}
    )
    return model.fit(DATA, target, sparse_pickle=sparse)


SOUND = {
    "one sample a leaf": forest(max_samples_leaf=1),
    "all samples": forest(min_samples_leaf=4),
    "two outputs": forest(np.column_stack([NUMBERS, NUMBERS])),
    "sparse": forest(sparse=True, min_samples_leaf=4),
    "sparse, one sample a leaf": forest(sparse=True, max_samples_leaf=1),
    "sparse, with bounds": forest(sparse=True, max_samples_leaf=1, monotonic_cst=[1, 0, 0]),
    "a single node": forest(max_depth=1, min_samples_leaf=80),
    "before fitting": quantile_forest.ExtraTreesQuantileRegressor(),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_fitted_forest_is_sound(name: str) -> None:
    assert reasons(SOUND[name]) == []


def forged(change: Callable[[list[Any], dict[str, Any]], None], *, sparse: bool = False) -> Any:
    model = forest(sparse=sparse, min_samples_leaf=4)
    make, args, state = model.forest_.__reduce__()
    parts = list(args)
    change(parts, state)
    model.forest_ = Stand(make, tuple(parts), state)
    return model


def _leaves(found: Callable[[Any], Any]) -> Any:
    def change(parts: list[Any], state: dict[str, Any]) -> None:
        parts[1] = found(parts[1])

    return forged(change)


def _matrix(**given: Any) -> Any:
    def change(parts: list[Any], state: dict[str, Any]) -> None:
        for name, value in given.items():
            setattr(state["matrix1"], name, value(state["matrix1"]))

    return forged(change, sparse=True)


def _shape(found: Callable[[Any], Any]) -> Any:
    def change(parts: list[Any], state: dict[str, Any]) -> None:
        state["shape1"] = found(state["shape1"])

    return forged(change, sparse=True)


def _of_samples(targets: Any) -> Any:
    return forged(lambda parts, state: parts.__setitem__(0, targets))


def _with(**given: Any) -> Any:
    model = forest()
    for name, value in given.items():
        setattr(model, name, value)
    return model


def _twice(matrix: Any) -> Any:
    rows = matrix.indices.copy()
    first = int(np.flatnonzero(np.diff(matrix.indptr) > 1)[0])
    rows[matrix.indptr[first] + 1] = rows[matrix.indptr[first]]
    return rows


UNSOUND = {
    "a sample behind the last": _leaves(lambda leaves: np.where(leaves > 0, 91, 0)),
    "a sample below zero": _leaves(lambda leaves: -leaves),
    "leaves across memory": _leaves(np.asfortranarray),
    "no leaves": _leaves(lambda leaves: leaves[:0]),
    "fewer nodes": _leaves(lambda leaves: leaves[:, :2]),
    "fewer outputs": _leaves(lambda leaves: leaves[:, :, :0]),
    "numbers that are no places": _leaves(lambda leaves: leaves.astype(float)),
    "no targets": _of_samples(np.zeros((0, 0))),
    "targets in one dimension": _of_samples(np.zeros(90)),
    "fewer targets": _of_samples(np.zeros((1, 30))),
    "a sparse sample behind the last": _matrix(data=lambda matrix: matrix.data + 90),
    "a sparse place that is written twice": _matrix(indices=_twice),
    "a sparse row behind the last": _matrix(indices=lambda matrix: matrix.indices + 1_000),
    "another shape than the matrix": _shape(lambda shape: (*shape[:2], shape[2], shape[3] + 1)),
    "a shape of three": _shape(lambda shape: (shape[0] * shape[1], *shape[2:])),
    "a shape across memory": _shape(lambda shape: (shape[3], *shape[1:3], shape[3])),
    "more trees than leaves": _with(estimators_=forest().estimators_ * 2),
    "an estimator without a tree": _with(estimators_=[forest()]),
    "an order of other samples": _with(sorter_=np.full((90, 1), 90)),
    "an order of fewer samples": _with(sorter_=np.zeros((10, 1), int)),
    "another way to the leaves": _with(apply=np.square),
}


@pytest.mark.parametrize("name", UNSOUND)
def test_leaves_that_do_not_fit_are_refused(name: str) -> None:
    assert reasons(UNSOUND[name])


def test_a_matrix_that_takes_all_memory_is_refused() -> None:
    import scipy.sparse

    def change(parts: list[Any], state: dict[str, Any]) -> None:
        state["shape1"] = (1, 100_000, 1, 100_000)
        state["matrix1"] = scipy.sparse.csc_matrix((100_000, 100_000), dtype=np.int64)

    assert reasons(forged(change, sparse=True))
