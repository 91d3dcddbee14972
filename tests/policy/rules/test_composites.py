"""What composites and scorers may be given: legitimate ones pass, data and other methods do not."""

from __future__ import annotations

import collections
import pathlib
import pickle
import types
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import make_classification
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.feature_selection import SelectFromModel
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import get_scorer, make_scorer, mean_squared_error
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.multioutput import ClassifierChain
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import StandardScaler

from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.scan import scan
from tests.builder import Name, Pickle

DATA, TARGET = make_classification(random_state=0)
SCALE, MODEL = ("scale", StandardScaler()), ("model", LogisticRegression())


def with_state(model: Any, **attributes: Any) -> Any:
    vars(model).update(attributes)
    return model


def findings(model: Any, protocol: int = 4) -> list[str]:
    found = judge(scan(pickle.dumps(model, protocol)), Policy.default()).findings
    return [finding.rule for finding in found]


LEGITIMATE: dict[str, Any] = {
    "a pipeline": Pipeline([SCALE, ("none", None), ("pass", "passthrough"), MODEL]),
    "a pipeline in a pipeline": Pipeline([("inner", Pipeline([SCALE])), MODEL]),
    "a union": FeatureUnion([SCALE, ("drop", "drop")], transformer_weights={"scale": 2.0}),
    "a column transformer": ColumnTransformer(
        [("a", StandardScaler(), [0, 1]), ("b", "drop", slice(2, 4)), ("c", "passthrough", [4])]
    ).fit(DATA),
    "columns given as arrays and masks": with_state(
        ColumnTransformer([("a", StandardScaler(), np.array([0, 1]))]),
        transformers_=[("a", StandardScaler(), pd.Index(["x"])), ("b", "drop", np.array([True]))],
    ),
    "a stack": StackingClassifier([MODEL], cv=2).fit(DATA, TARGET),
    "a stack by probabilities": StackingClassifier([MODEL], stack_method="predict_proba"),
    "a vote": VotingClassifier([MODEL, ("other", "drop")]).fit(DATA, TARGET),
    "a search": GridSearchCV(Pipeline([SCALE, MODEL]), {"model__C": [1.0]}, cv=2).fit(DATA, TARGET),
    "a search that chooses a step": GridSearchCV(
        Pipeline([SCALE, MODEL]), {"scale": [StandardScaler(), "passthrough"]}
    ),
    "a threshold": FixedThresholdClassifier(LogisticRegression()).fit(DATA, TARGET),
    "a threshold of decisions": FixedThresholdClassifier(
        LogisticRegression(), response_method="decision_function"
    ),
    "a chain": ClassifierChain(LogisticRegression(), chain_method="predict_log_proba"),
    "a selector": SelectFromModel(LogisticRegression()).fit(DATA, TARGET),
    "a frozen model": FrozenEstimator(LogisticRegression().fit(DATA, TARGET)),
    "a target": TransformedTargetRegressor(LinearRegression(), transformer=StandardScaler()),
    "scorers": [
        get_scorer("roc_auc"),
        get_scorer("neg_log_loss"),
        get_scorer("r2"),
        make_scorer(mean_squared_error, greater_is_better=False, squared=False),
        make_scorer(mean_squared_error, response_method=["decision_function", "predict_proba"]),
    ],
}

DATA_OBJECTS: dict[str, Any] = {
    "a table": pd.DataFrame({"a": [1.0]}),
    "a column": pd.Series([1.0]),
    "a path": pathlib.PurePosixPath("canary"),
    "an array": np.zeros(2),
    "a sparse matrix": sparse.csr_matrix(np.eye(2)),
    "a namespace": types.SimpleNamespace(a=1),
    "a dict that makes up values": collections.defaultdict(list),
    "a class of tables": pd.DataFrame,
    "a set": {"a"},
}
PLACES: dict[str, Any] = {
    "a step": lambda o: Pipeline([SCALE, ("x", o)]),
    "a part of a union": lambda o: FeatureUnion([("x", o)]),
    "a part of a stack": lambda o: with_state(StackingClassifier([MODEL]), estimators_=[o]),
    "the end of a stack": lambda o: with_state(StackingClassifier([MODEL]), final_estimator_=o),
    "a frozen model": FrozenEstimator,
    "the best of a search": lambda o: with_state(GridSearchCV(MODEL[1], {}), best_estimator_=o),
    "the model of some columns": lambda o: with_state(
        ColumnTransformer([]), transformers_=[("x", o, [0])]
    ),
    "a model of some columns, in a list": lambda o: with_state(
        ColumnTransformer([]), transformers_=[["x", o, [0]]]
    ),
    "models in a dict": lambda o: with_state(Pipeline([SCALE]), steps={"x": o}),
}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("case", LEGITIMATE)
def test_legitimate_composites_are_accepted(case: str, protocol: int) -> None:
    assert findings(LEGITIMATE[case], protocol) == []


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("data", DATA_OBJECTS)
def test_data_in_the_place_of_a_model_are_refused(place: str, data: str) -> None:
    assert "SL103" in findings(PLACES[place](DATA_OBJECTS[data]))


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("name", ["fit", "unlink", "save_model", "__class__", "transform", "", 1])
@pytest.mark.parametrize(
    ("model", "attribute"),
    [
        (StackingClassifier([MODEL]), "stack_method_"),
        (FixedThresholdClassifier(MODEL[1]), "response_method"),
        (ClassifierChain(MODEL[1]), "chain_method"),
        (ClassifierChain(MODEL[1]), "chain_method_"),
        (get_scorer("r2"), "_response_method"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_method_that_does_more_than_predict_is_refused(
    model: Any, attribute: str, name: Any
) -> None:
    copy = pickle.loads(pickle.dumps(model))
    for value in (name, [name], ("predict", name)):
        assert findings(with_state(copy, **{attribute: value})) == ["SL103"]


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("state", [({}, {"_response_method": "fit"}), (None, {"steps": []})])
def test_a_state_of_two_dicts_is_refused(state: Any) -> None:
    scorer = Name("sklearn.metrics._scorer", "_Scorer")
    data = Pickle(4).object_(scorer, state=state).finish()
    assert "SL103" in [each.rule for each in judge(scan(data), Policy.default()).findings]
