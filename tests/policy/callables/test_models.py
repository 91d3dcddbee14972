"""Only models stand where a model asks for another one's answers."""

from __future__ import annotations

import pickle
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    AdaBoostRegressor,
    BaggingRegressor,
    GradientBoostingRegressor,
    RandomForestRegressor,
    VotingRegressor,
)
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.impute import IterativeImputer
from sklearn.linear_model import LinearRegression, RANSACRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import KBinsDiscretizer

from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.scan import scan

RANDOM = np.random.RandomState(0)
DATA = RANDOM.rand(60, 3)
TARGET = DATA[:, 0]
HOLES = np.where(RANDOM.rand(60, 3) < 0.1, np.nan, DATA)

BOOSTER = lightgbm.train(
    {"verbose": -1, "min_data_in_leaf": 5, "num_threads": 1}, lightgbm.Dataset(DATA, TARGET), 2
)
FOLDS = lightgbm.cv(
    {"verbose": -1, "num_threads": 1},
    lightgbm.Dataset(DATA, TARGET),
    2,
    nfold=2,
    stratified=False,
    return_cvbooster=True,
)["cvbooster"]
NO_MODELS: dict[str, Any] = {
    "a booster": BOOSTER,
    "boosters of folds": FOLDS,
    "a table": pd.DataFrame({"a": [1.0]}),
    "numbers": np.ones(3),
    "a class": LinearRegression,
}
HOLDERS: dict[str, tuple[Any, str]] = {
    "a vote": (VotingRegressor([("a", LinearRegression())]).fit(DATA, TARGET), "estimators_"),
    "bagging": (BaggingRegressor(LinearRegression(), 2).fit(DATA, TARGET), "estimators_"),
    "boosting": (AdaBoostRegressor(n_estimators=2).fit(DATA, TARGET), "estimators_"),
    "the beginning of boosting": (
        GradientBoostingRegressor(n_estimators=2, init=LinearRegression()).fit(DATA, TARGET),
        "init_",
    ),
    "a consensus": (RANSACRegressor(random_state=0).fit(DATA, TARGET), "estimator_"),
    "a pipeline": (make_pipeline(PCA(2), LinearRegression()).fit(DATA, TARGET), "steps"),
    "bins": (KBinsDiscretizer(2, quantile_method="linear").fit(DATA), "_encoder"),
    "terms": (TfidfVectorizer().fit(["a text", "of words"]), "_tfidf"),
    "what is filled in": (IterativeImputer(max_iter=1).fit(HOLES), "imputation_sequence_"),
}


ITSELF = object()


def reasons(model: Any, policy: Policy | None = None, protocol: int = 4) -> list[str]:
    data = pickle.dumps(model, protocol)
    return [finding.message for finding in judge(scan(data), policy or Policy.default()).findings]


def holding(holder: str, thing: Any) -> Any:
    """A model in which something stands in the place of another one."""
    model, attribute = HOLDERS[holder]
    copy = pickle.loads(pickle.dumps(model))
    value = getattr(copy, attribute)
    thing = copy if thing is ITSELF else thing
    if attribute == "steps":
        thing = [*value[:-1], ("x", thing)]
    elif attribute == "imputation_sequence_":
        thing = [value[0]._replace(estimator=thing)]
    elif isinstance(value, list):
        thing = [*value[1:], thing]
    setattr(copy, attribute, thing)
    return copy


@pytest.mark.parametrize("protocol", [0, 1, 2, 4, 5])
@pytest.mark.parametrize("holder", HOLDERS)
def test_models_stand_where_models_belong(holder: str, protocol: int) -> None:
    assert reasons(HOLDERS[holder][0], protocol=protocol) == []
    other = LinearRegression().fit(DATA, TARGET)
    assert reasons(holding(holder, other), protocol=protocol) == []


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("thing", NO_MODELS)
def test_nothing_else_stands_where_models_belong(holder: str, thing: str) -> None:
    for protocol in (0, 2, 4):
        assert reasons(holding(holder, NO_MODELS[thing]), protocol=protocol) != []


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("holder", HOLDERS)
def test_no_model_stands_within_itself(holder: str, protocol: int) -> None:
    assert any(
        "within itself" in reason for reason in reasons(holding(holder, ITSELF), None, protocol)
    )


def test_no_model_stands_within_another_one_that_stands_within_it() -> None:
    union = FeatureUnion([("a", PCA(2))])
    search = GridSearchCV(Pipeline([("a", union)]), {})
    assert reasons([search, union, search]) == []
    union.transformer_list = [("a", ColumnTransformer([("a", search, [0])]))]
    assert reasons(search) != []


def test_one_model_stands_in_many_places() -> None:
    shared = PCA(2)
    union = FeatureUnion([("a", shared), ("b", Pipeline([("a", shared), ("b", shared)]))])
    assert reasons([union, FeatureUnion(union.transformer_list)]) == []


def test_no_models_stand_in_very_many_places() -> None:
    union: Any = PCA(2)
    for _ in range(30):
        union = FeatureUnion([("a", union), ("b", union)])
    assert any("many places" in reason for reason in reasons(union))
    model: Any = PCA(2)
    for _ in range(30):
        model = PCA(model, copy=model)
    assert any("many places" in reason for reason in reasons(model))


def test_one_model_stands_wherever_the_file_writes_it_down() -> None:
    forest = RandomForestRegressor(1).fit(DATA, TARGET)
    forest.estimators_ *= 3_000
    assert reasons(forest) == []


def test_a_large_composite_of_different_models_is_accepted() -> None:
    union: Any = PCA(2)
    for _ in range(4):
        union = FeatureUnion([("a", union), ("b", union), ("c", PCA(2)), ("d", PCA(2))])
    assert reasons(union) == []
    assert reasons(RandomForestRegressor(500, max_depth=1).fit(DATA, TARGET)) == []


def test_no_booster_stands_in_an_array_of_models() -> None:
    model = GradientBoostingRegressor(n_estimators=2).fit(DATA, TARGET)
    assert reasons(model) == []
    model.estimators_[1, 0] = BOOSTER
    assert reasons(model) != []


def test_a_booster_lies_beside_a_model() -> None:
    assert reasons({"booster": BOOSTER, "scaler": PCA(2).fit(DATA)}) == []


@pytest.mark.parametrize(
    "path", ["auto", "coef_", "named_steps.model.coef_", "best_estimator_.coef_"]
)
def test_importances_are_attributes_of_fitted_models(path: str) -> None:
    for selector in (SelectFromModel, RFE):
        assert reasons(selector(LinearRegression(), importance_getter=path)) == []


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("path", ["__class__", "fit.__func__", "coef_..x", "", "_x.y", "a b"])
def test_importances_are_no_other_attributes(path: str) -> None:
    for selector in (SelectFromModel, RFE):
        assert reasons(selector(LinearRegression(), importance_getter=path)) != []
