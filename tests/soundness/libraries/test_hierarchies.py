"""Hierarchies of hdbscan: what is merged, and whose child something is, is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

import safeload

hdbscan = pytest.importorskip("hdbscan")

_RANDOM = np.random.default_rng(0)
DATA = np.vstack([_RANDOM.normal(size=(40, 2)), _RANDOM.normal(size=(40, 2)) + 6])
HOLES = np.vstack([DATA, np.full((3, 2), np.nan)])


def fitted(data: Any = DATA) -> Any:
    return hdbscan.HDBSCAN(min_cluster_size=5, prediction_data=data is DATA).fit(data)


def branches() -> Any:
    clusterer = hdbscan.HDBSCAN(min_cluster_size=5, branch_detection_data=True).fit(DATA)
    return hdbscan.BranchDetector(min_cluster_size=5).fit(clusterer)


LEGITIMATE: dict[str, Callable[[], Any]] = {
    "a clusterer": fitted,
    "of data with holes": lambda: fitted(HOLES),
    "branches": branches,
    "single linkage": lambda: hdbscan.RobustSingleLinkage(cut=1.0).fit(DATA),
}


def findings(model: Any, path: Path) -> list[str]:
    joblib.dump(model, path / "model")
    report = safeload.audit(path / "model", packs=["hdbscan"]).files[0]
    assert {finding.rule for finding in report.findings} <= {"SL401"}
    return [finding.message for finding in report.findings]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", LEGITIMATE)
def test_a_fitted_model_is_sound(name: str, tmp_path: Path) -> None:
    assert findings(LEGITIMATE[name](), tmp_path) == []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("value", [1e12, -1.0, np.nan])
def test_a_merge_of_what_is_not_there_is_refused(value: float, tmp_path: Path) -> None:
    model = fitted()
    vars(model)["_single_linkage_tree"][0, 0] = value
    (message,) = findings(model, tmp_path)
    assert "_single_linkage_tree" in message


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("field", ["child", "parent"])
@pytest.mark.parametrize("value", [10**9, -1])
def test_a_child_that_is_not_there_is_refused(field: str, value: int, tmp_path: Path) -> None:
    model = fitted()
    tree = vars(model)["_condensed_tree"]
    tree[field][0] = value
    if (field, value) == ("parent", 10**9):
        # So that the child is beyond all parents.
        tree["child"][0] = value + 1
    (message,) = findings(model, tmp_path)
    assert "_condensed_tree" in message
