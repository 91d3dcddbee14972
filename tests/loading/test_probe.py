"""A probe is recorded as plain JSON, and a model that predicts otherwise does not pass."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.ensemble import IsolationForest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from safeload.errors import LoadError, UsageError
from safeload.loading.probe import check_probe, record_probe

DATA = np.array([[0.0, 1.0], [1.0, 0.5], [2.0, 1.5], [3.0, -1.0]])
TARGET = [0, 0, 1, 1]
FRAME = pd.DataFrame({"age": [1.0, 2.0, 3.0, np.nan], "plan": ["a", "b", None, "a"]})
TEXTS = ["one two", "two three", "three four", "four"]


def encoder() -> Any:
    return make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["plan"]))


MODELS: dict[str, tuple[Any, Any, set[str]]] = {
    "a classifier": (
        LogisticRegression().fit(DATA, TARGET),
        DATA,
        {"predict", "predict_proba", "decision_function"},
    ),
    "a classifier of names": (
        LogisticRegression().fit(DATA, ["no", "no", "yes", "yes"]),
        DATA,
        {"predict", "predict_proba", "decision_function"},
    ),
    "a regressor": (LinearRegression().fit(DATA, TARGET), DATA, {"predict"}),
    "a machine without probabilities": (
        LinearSVC().fit(DATA, TARGET),
        DATA,
        {"predict", "decision_function"},
    ),
    "a transformer": (StandardScaler().fit(DATA), DATA, {"transform"}),
    "clusters": (KMeans(2, n_init=1, random_state=0).fit(DATA), DATA, {"predict"}),
    "outliers": (
        IsolationForest(n_estimators=5, random_state=0).fit(DATA),
        DATA,
        {"predict", "decision_function"},
    ),
    "several outputs": (
        MultiOutputClassifier(LogisticRegression()).fit(DATA, np.array([TARGET, [1, 0, 1, 0]]).T),
        DATA,
        {"predict", "predict_proba"},
    ),
    "a data frame": (
        make_pipeline(encoder(), LogisticRegression()).fit(FRAME, TARGET),
        FRAME,
        {"predict", "predict_proba", "decision_function"},
    ),
    "texts": (
        make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, TARGET),
        TEXTS,
        {"predict", "predict_proba", "decision_function"},
    ),
    "a sparse outcome": (TfidfVectorizer().fit(TEXTS), TEXTS, {"transform"}),
    "whole numbers": (
        LogisticRegression().fit(DATA, TARGET),
        DATA.astype(int),
        {"predict", "predict_proba", "decision_function"},
    ),
    "sparse rows": (
        LogisticRegression().fit(DATA, TARGET),
        sparse.csr_matrix(DATA),
        {"predict", "predict_proba", "decision_function"},
    ),
}


@pytest.mark.parametrize("case", MODELS)
def test_a_probe_survives_json_and_the_model_passes(case: str) -> None:
    model, rows, methods = MODELS[case]

    probe = json.loads(json.dumps(record_probe(model, rows), allow_nan=False))

    assert set(probe["expected"]) == methods
    assert check_probe(model, probe) == 4


def test_another_model_does_not_pass() -> None:
    probe = record_probe(LogisticRegression().fit(DATA, TARGET), DATA)

    with pytest.raises(LoadError) as caught:
        check_probe(LogisticRegression(C=0.01).fit(DATA, TARGET), probe)

    assert caught.value.code == "probe-mismatch"


def test_the_last_digits_may_differ() -> None:
    model = LinearRegression().fit(DATA, TARGET)
    probe = record_probe(model, DATA)

    model.coef_ = model.coef_ * (1 + 1e-12)
    assert check_probe(model, probe) == 4
    model.coef_ = model.coef_ * (1 + 1e-4)
    with pytest.raises(LoadError):
        check_probe(model, probe)


class Constant:
    """Predicts what it is told."""

    def __init__(self, outcome: Any) -> None:
        self.outcome = outcome

    def predict(self, rows: Any) -> Any:
        return self.outcome


@pytest.mark.parametrize(
    ("recorded", "found", "passes"),
    [
        ([1.0, np.nan], [1.0, np.nan], True),
        ([1.0, np.inf], [1.0, np.inf], True),
        ([1.0, np.inf], [1.0, -np.inf], False),
        ([1.0, np.nan], [1.0, 0.0], False),
        ([1, 2], [1, 3], False),
        ([1, 2], [[1, 2]], False),
        ([1, 2], [1], False),
        (["a", "b"], ["a", "c"], False),
        (["a", "b"], ["a", "b"], True),
        ([True, False], [True, False], True),
        ([True, False], [True, True], False),
    ],
)
def test_outcomes_are_compared_by_value_and_shape(
    recorded: Any, found: Any, *, passes: bool
) -> None:
    probe = json.loads(json.dumps(record_probe(Constant(np.array(recorded)), DATA)))
    model = Constant(np.array(found))

    if passes:
        assert check_probe(model, probe) == 4
        return
    with pytest.raises(LoadError) as caught:
        check_probe(model, probe)
    assert caught.value.code == "probe-mismatch"


def test_a_method_that_is_gone_does_not_pass() -> None:
    probe = record_probe(LogisticRegression().fit(DATA, TARGET), DATA)

    with pytest.raises(LoadError) as caught:
        check_probe(Constant(np.array(TARGET)), probe)

    assert caught.value.code == "probe-mismatch"


def test_a_model_that_fails_does_not_pass() -> None:
    model = LogisticRegression().fit(DATA, TARGET)
    probe = record_probe(model, DATA)
    model.coef_ = None

    with pytest.raises(LoadError) as caught:
        check_probe(model, probe)

    assert caught.value.code == "probe-failed"


def test_no_probe_is_no_pass() -> None:
    with pytest.raises(LoadError):
        check_probe(LogisticRegression().fit(DATA, TARGET), None)


@pytest.mark.parametrize(
    "probe",
    [
        {},
        {"rows": {}, "expected": {}, "rtol": 0, "atol": 0},
        {"rows": {"kind": "pickle", "values": ""}, "expected": {}, "rtol": 0, "atol": 0},
        {
            "rows": {"kind": "array", "dtype": "V8", "shape": [1], "values": [0]},
            "expected": {},
            "rtol": 0,
            "atol": 0,
        },
        {"rows": {"kind": "list", "values": ["a"]}, "expected": {}, "rtol": "x", "atol": 0},
    ],
)
def test_a_probe_of_another_form_is_a_load_error(probe: dict[str, Any]) -> None:
    with pytest.raises(LoadError):
        check_probe(LogisticRegression().fit(DATA, TARGET), probe)


UNSUITABLE: dict[str, tuple[Any, Any]] = {
    "a model without methods": (object(), DATA),
    "rows of objects": (Constant(np.array([1])), np.array([[object()]])),
    "rows of complex numbers": (Constant(np.array([1])), np.array([[1j]])),
    "an outcome of objects": (Constant(np.array([object()])), DATA),
    "too many rows": (Constant(np.array([1])), np.zeros(100_001)),
    "too many outcomes": (Constant(np.zeros(100_001)), DATA),
}


@pytest.mark.parametrize("case", UNSUITABLE)
def test_what_has_no_plain_form_is_a_usage_error(case: str) -> None:
    model, rows = UNSUITABLE[case]

    with pytest.raises(UsageError) as caught:
        record_probe(model, rows)

    assert caught.value.code == "probe-unsuitable"
