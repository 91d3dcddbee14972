"""Models of imbalanced-learn: every sampler and ensemble, and pipelines around scikit-learn."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from sklearn.cluster import MiniBatchKMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from tests.ecosystem.zoo import Make, Zoo
from tests.legitimate.data import NUMBER, X, frame

__all__ = ["ZOO"]

# Two classes, one of them rare.
_RARE = (np.quantile(NUMBER, 0.75) < NUMBER).astype(int)
_CODES = np.digitize(X, [-0.5, 0.5])


def _sampler(module: str, name: str, data: Any = X, **arguments: Any) -> Any:
    from importlib import import_module

    sampler = getattr(import_module(f"imblearn.{module}"), name)(**arguments)
    sampler.fit_resample(data, _RARE)
    return sampler, None


def _ensemble(name: str, **arguments: Any) -> Any:
    from imblearn import ensemble

    model = getattr(ensemble, name)(n_estimators=3, random_state=0, **arguments)
    return model.fit(X, _RARE), X


def _pipeline(*steps: Any, data: Any = X, **arguments: Any) -> Any:
    from imblearn.pipeline import Pipeline

    named = [(f"step{number}", step) for number, step in enumerate(steps)]
    return Pipeline(named, **arguments).fit(data, _RARE), data


def _smote(**arguments: Any) -> Any:
    from imblearn.over_sampling import SMOTE

    return SMOTE(random_state=0, **arguments)


def _table() -> Any:
    columns = ColumnTransformer(
        [
            ("words", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["port"]),
            ("numbers", StandardScaler(), ["fare"]),
        ]
    )
    return _pipeline(columns, _smote(), LogisticRegression(), data=frame())


def _search() -> Any:
    from imblearn.metrics import geometric_mean_score

    pipeline, _ = _pipeline(_smote(), LogisticRegression())
    grid = {"step0__k_neighbors": [3, 5], "step1__C": [0.1, 1.0]}
    search = GridSearchCV(pipeline, grid, cv=2, scoring=make_scorer(geometric_mean_score))
    return search.fit(X, _RARE), X


def _hardness_folds() -> Any:
    from imblearn.model_selection import InstanceHardnessCV

    folds = InstanceHardnessCV(LogisticRegression(), n_splits=2)
    return GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=folds).fit(X, _RARE), X


def _function_sampler(**arguments: Any) -> Any:
    from imblearn import FunctionSampler

    sampler = FunctionSampler(**arguments)
    sampler.fit_resample(X, _RARE)
    return sampler, None


def _value_difference() -> Any:
    from imblearn.metrics.pairwise import ValueDifferenceMetric

    return ValueDifferenceMetric().fit(_CODES, _RARE), None


_OVER, _UNDER = "over_sampling", "under_sampling"
_SAMPLERS: dict[str, tuple[str, dict[str, Any]]] = {
    "ADASYN": (_OVER, {"random_state": 0}),
    "AllKNN": (_UNDER, {}),
    "BorderlineSMOTE": (_OVER, {"random_state": 0}),
    "ClusterCentroids": (_UNDER, {"random_state": 0}),
    "CondensedNearestNeighbour": (_UNDER, {"random_state": 0}),
    "EditedNearestNeighbours": (_UNDER, {}),
    "InstanceHardnessThreshold": (_UNDER, {"random_state": 0, "cv": 2}),
    "KMeansSMOTE": (_OVER, {"random_state": 0, "cluster_balance_threshold": 0.01}),
    "NearMiss": (_UNDER, {"version": 3}),
    "NeighbourhoodCleaningRule": (_UNDER, {}),
    "OneSidedSelection": (_UNDER, {"random_state": 0}),
    "RandomOverSampler": (_OVER, {"random_state": np.random.RandomState(0), "shrinkage": 0.1}),
    "RandomUnderSampler": (_UNDER, {"sampling_strategy": {0: 20}}),
    "RepeatedEditedNearestNeighbours": (_UNDER, {}),
    "SMOTE": (_OVER, {"k_neighbors": NearestNeighbors(n_neighbors=4)}),
    "SMOTEENN": ("combine", {"random_state": 0}),
    "SMOTETomek": ("combine", {"random_state": 0}),
    "SVMSMOTE": (_OVER, {"svm_estimator": SVC(gamma=0.1)}),
    "TomekLinks": (_UNDER, {"sampling_strategy": "majority"}),
}

_MODELS: dict[str, Make] = {
    **{
        name: partial(_sampler, module, name, **arguments)
        for name, (module, arguments) in _SAMPLERS.items()
    },
    "SMOTEN": partial(_sampler, _OVER, "SMOTEN", _CODES, random_state=0),
    "SMOTENC": partial(
        _sampler, _OVER, "SMOTENC", np.column_stack([X[:, :2], _CODES]), categorical_features=[2, 3]
    ),
    "SMOTENC_on_a_frame": partial(
        _sampler,
        _OVER,
        "SMOTENC",
        frame()[["fare", "class", "alone"]],
        categorical_features=["class", "alone"],
        categorical_encoder=OneHotEncoder(handle_unknown="ignore"),
    ),
    "ClusterCentroids_by_batches": partial(
        _sampler, _UNDER, "ClusterCentroids", estimator=MiniBatchKMeans(n_init=1)
    ),
    "InstanceHardnessThreshold_by_forest": partial(
        _sampler,
        _UNDER,
        "InstanceHardnessThreshold",
        estimator=RandomForestClassifier(3, random_state=0),
        cv=2,
    ),
    "FunctionSampler": _function_sampler,
    "ValueDifferenceMetric": _value_difference,
    "BalancedBaggingClassifier": partial(_ensemble, "BalancedBaggingClassifier"),
    "BalancedBaggingClassifier_of_trees": partial(
        _ensemble, "BalancedBaggingClassifier", estimator=DecisionTreeClassifier(), oob_score=True
    ),
    "BalancedBaggingClassifier_with_sampler": lambda: _ensemble(
        "BalancedBaggingClassifier", sampler=_smote()
    ),
    "BalancedRandomForestClassifier": partial(
        _ensemble,
        "BalancedRandomForestClassifier",
        sampling_strategy="all",
        replacement=True,
        bootstrap=False,
    ),
    "EasyEnsembleClassifier": partial(_ensemble, "EasyEnsembleClassifier"),
    "RUSBoostClassifier": partial(_ensemble, "RUSBoostClassifier"),
    "pipeline": lambda: _pipeline(StandardScaler(), _smote(), LogisticRegression()),
    "pipeline_with_memory_off": lambda: _pipeline(_smote(), LogisticRegression(), memory=None),
    "pipeline_on_a_frame": _table,
    "grid_search_by_geometric_mean": _search,
    "folds_by_hardness": _hardness_folds,
}

ZOO = Zoo("imblearn", _MODELS)
