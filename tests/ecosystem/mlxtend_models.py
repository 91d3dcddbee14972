"""Models of mlxtend: every estimator, selector and transformer, and pipelines around them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from tests.ecosystem.zoo import Make, Zoo
from tests.legitimate.data import BINARY, NUMBER, X

__all__ = ["ZOO"]

_BASKETS = [["milk", "bread"], ["milk", "tea"], ["bread", "tea", "jam"]]
_FEW = {"epochs": 3, "random_seed": 0}


def _made(path: str, *args: Any, **arguments: Any) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(import_module(f"mlxtend.{module}"), name)(*args, **arguments)


def _classifier(path: str, *args: Any, data: Any = X, **arguments: Any) -> Any:
    return _made(f"classifier.{path}", *args, **arguments).fit(data, BINARY), data


def _regressor(path: str, *args: Any, **arguments: Any) -> Any:
    return _made(f"regressor.{path}", *args, **arguments).fit(X, NUMBER), X


def _several() -> list[Any]:
    return [LogisticRegression(), GaussianNB()]


def _selector(path: str, model: Any, target: Any, **arguments: Any) -> Any:
    selector = _made(f"feature_selection.{path}", model, **arguments)
    return selector.fit(X, target), X


def _columns() -> Any:
    steps = (_made("feature_selection.ColumnSelector", (0, 2)), DecisionTreeClassifier())
    dense = _made("preprocessing.DenseTransformer")
    return make_pipeline(steps[0], dense, steps[1]).fit(X, BINARY), X


def _splitters() -> Any:
    return [
        _made("evaluate.BootstrapOutOfBag", 3),
        _made("evaluate.GroupTimeSeriesSplit", test_size=1, n_splits=2),
        _made("evaluate.RandomHoldoutSplit"),
        _made("evaluate.PredefinedHoldoutSplit", [1, 2]),
    ], None


_MODELS: dict[str, Make] = {
    "vote": lambda: _classifier("EnsembleVoteClassifier", _several(), voting="soft"),
    "vote_by_weight": lambda: _classifier("EnsembleVoteClassifier", _several(), weights=[1, 2]),
    "stack": lambda: _classifier("StackingClassifier", _several(), LogisticRegression()),
    "stack_of_folds": lambda: _classifier(
        "StackingCVClassifier", _several(), LogisticRegression(), random_state=0
    ),
    "adaline": lambda: _classifier("Adaline", minibatches=1, **_FEW),
    "logistic_regression": lambda: _classifier("LogisticRegression", **_FEW),
    "perceptron": lambda: _classifier("Perceptron", **_FEW),
    "perceptron_of_layers": lambda: _classifier("MultiLayerPerceptron", **_FEW),
    "softmax_regression": lambda: _classifier("SoftmaxRegression", **_FEW),
    "one_rule": lambda: _classifier("OneRClassifier", data=(X > 0).astype(int)),
    "linear_regression": lambda: _regressor("LinearRegression"),
    "linear_regression_by_steps": lambda: _regressor(
        "LinearRegression", method="sgd", minibatches=3, **_FEW
    ),
    "stack_of_regressors": lambda: _regressor("StackingRegressor", [Ridge(), Ridge(2.0)], Ridge()),
    "stack_of_regressors_of_folds": lambda: _regressor(
        "StackingCVRegressor", [Ridge(), Ridge(2.0)], Ridge(), random_state=0
    ),
    "sequential_selector": lambda: _selector(
        "SequentialFeatureSelector", LogisticRegression(), BINARY, k_features=2, cv=3
    ),
    "sequential_selector_that_floats": lambda: _selector(
        "SequentialFeatureSelector",
        Ridge(),
        NUMBER,
        k_features=(1, 3),
        floating=True,
        cv=3,
        scoring="r2",
    ),
    "exhaustive_selector": lambda: _selector(
        "ExhaustiveFeatureSelector",
        LogisticRegression(),
        BINARY,
        max_features=2,
        cv=2,
        print_progress=False,
    ),
    "selected_columns": _columns,
    "baskets": lambda: (_made("preprocessing.TransactionEncoder").fit(_BASKETS), _BASKETS),
    "copy": lambda: (_made("preprocessing.CopyTransformer").fit(X), X),
    "centred": lambda: (_made("preprocessing.MeanCenterer").fit(X), X),
    "principal_components": lambda: (
        _made("feature_extraction.PrincipalComponentAnalysis", n_components=2).fit(X),
        X,
    ),
    "discriminants": lambda: (
        _made("feature_extraction.LinearDiscriminantAnalysis", n_discriminants=1).fit(X, BINARY),
        X,
    ),
    "kernel_components": lambda: (
        _made("feature_extraction.RBFKernelPCA", gamma=1.0, n_components=2).fit(X),
        X,
    ),
    "kmeans": lambda: (_made("cluster.Kmeans", k=2, random_seed=0, max_iter=5).fit(X), X),
    "splitters": _splitters,
    "bundle": lambda: ({"model": _classifier("Perceptron", **_FEW)[0], "cut": np.float64(0)}, None),
}

ZOO = Zoo("mlxtend", _MODELS, packs=("mlxtend",))
