"""No state of a checked class sets what stands for a method of the class."""

from __future__ import annotations

import inspect
import runpy
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import SVC

import safeload
from malicious_samples.native_state import table
from safeload.soundness import CHECKS
from safeload.soundness.methods import table as methods
from tests.samples import ROOT

TOOL: dict[str, Any] = runpy.run_path(str(ROOT.parent / "tools" / "derive_methods.py"))
DATA, CLASSES = table()
MODELS: dict[str, Any] = {
    "_check_test_data": KMeans(2, n_init=1).fit(DATA),
    "_swap": sparse.csr_matrix(DATA),
    "_transform": OneHotEncoder().fit(DATA),
    "_validate_for_predict": SVC().fit(DATA, CLASSES),
    "build_analyzer": CountVectorizer().fit(["apple", "pear"]),
    "kneighbors": KNeighborsClassifier().fit(DATA, CLASSES),
}


@pytest.mark.filterwarnings("ignore")
def test_the_table_has_all_that_the_installed_classes_have() -> None:
    for check, names in TOOL["installed"]().items():
        assert names <= methods()[check]


def test_the_table_is_of_checks() -> None:
    assert set(methods()) <= set(CHECKS)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODELS)
def test_another_function_in_the_place_of_a_method_is_refused(name: str, tmp_path: Path) -> None:
    model = MODELS[name]
    assert inspect.isroutine(getattr(type(model), name))
    joblib.dump(model, tmp_path / "legitimate")
    assert not safeload.audit(tmp_path / "legitimate").files[0].findings
    forged = joblib.load(tmp_path / "legitimate")
    vars(forged)[name] = np.positive
    joblib.dump(forged, tmp_path / "forged")
    findings = safeload.audit(tmp_path / "forged").files[0].findings
    # Nothing that is called may stand before a method, whatever is checked of the class.
    assert {finding.rule for finding in findings} == {"SL110", "SL401"}
    assert all(name in finding.message for finding in findings)


def test_a_tree_of_a_forest_is_looked_at_as_well(tmp_path: Path) -> None:
    forest = RandomForestClassifier(3).fit(DATA, CLASSES)
    vars(forest.estimators_[1])["apply"] = np.positive
    joblib.dump(forest, tmp_path / "model")
    findings = safeload.audit(tmp_path / "model").files[0].findings
    assert {finding.rule for finding in findings} == {"SL110", "SL401"}
