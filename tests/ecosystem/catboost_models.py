"""Models of CatBoost."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import StackingRegressor, VotingClassifier
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tests.ecosystem.zoo import Make, Zoo
from tests.legitimate.data import (
    BINARY,
    CLASS,
    FLAGS,
    GROUPS,
    NAMES,
    NUMBER,
    ROWS,
    TEXT,
    TWO,
    X,
    frame,
)

__all__ = ["ZOO"]

_FEW = {
    "iterations": 3,
    "depth": 2,
    "thread_count": 1,
    "verbose": False,
    "allow_writing_files": False,
}
_POSITIVE = np.abs(NUMBER) + 0.1
_LOSSES: dict[str, Any] = {
    "Expectile:alpha=0.3": NUMBER,
    "Huber:delta=1.0": NUMBER,
    "LogCosh": NUMBER,
    "Lq:q=3": NUMBER,
    "MAE": NUMBER,
    "MAPE": NUMBER,
    "MultiQuantile:alpha=0.1,0.9": NUMBER,
    "MultiRMSE": TWO,
    "Poisson": _POSITIVE,
    "Quantile:alpha=0.2": NUMBER,
    "RMSE": NUMBER,
    "RMSEWithUncertainty": NUMBER,
    "Tweedie:variance_power=1.5": _POSITIVE,
}


def _fitted(kind: str, target: Any, data: Any = X, *, fit: Any = None, **arguments: Any) -> Any:
    import catboost

    parameters = {**_FEW, **arguments}
    # The base class takes a dict.
    model = (
        catboost.CatBoost(parameters)
        if kind == "CatBoost"
        else getattr(catboost, kind)(**parameters)
    )
    return model.fit(data, target, **(fit or {})), data


def _mixed() -> pd.DataFrame:
    mixed = frame()[["age", "fare", "port", "class", "alone"]]
    return mixed.assign(port=mixed["port"].fillna("none"), **{"class": mixed["class"].astype(str)})


def _texts() -> Any:
    data = pd.DataFrame({"text": TEXT, "number": X[:, 0]})
    return _fitted("CatBoostClassifier", BINARY, data, text_features=["text"])


def _embeddings() -> Any:
    data = pd.DataFrame({"number": X[:, 0], "vector": list(X)})
    return _fitted("CatBoostClassifier", BINARY, data, embedding_features=["vector"])


def _ranker(**arguments: Any) -> Any:
    return _fitted("CatBoostRanker", CLASS, fit={"group_id": np.sort(GROUPS)}, **arguments)


def _metric() -> Any:
    import catboost

    return _fitted(
        "CatBoostClassifier",
        BINARY,
        eval_metric=catboost.metrics.AUC(),
        custom_metric=[catboost.metrics.Logloss(), "F1"],
        fit={"eval_set": (X, BINARY)},
    )


def _sum() -> Any:
    import catboost

    parts = [_fitted("CatBoost", NUMBER, random_seed=seed)[0] for seed in (1, 2)]
    return catboost.sum_models(parts, weights=[0.5, 0.5]), X


def _inside(wrap: Any, target: Any, kind: str = "CatBoostRegressor", data: Any = X) -> Any:
    import catboost

    return wrap(getattr(catboost, kind)(**_FEW)).fit(data, target), data


def _searched() -> Any:
    import catboost

    model = catboost.CatBoostRegressor(**_FEW)
    model.grid_search({"depth": [1, 2]}, X, NUMBER, cv=2, verbose=False)
    return model, X


def _table() -> Any:
    return make_pipeline(
        ColumnTransformer(
            [
                ("words", OneHotEncoder(handle_unknown="ignore"), ["port"]),
                ("numbers", StandardScaler(), ["age", "fare"]),
            ]
        ),
        _fitted("CatBoostClassifier", CLASS)[0],
    ).fit(frame(), CLASS), frame()


def _bundle() -> Any:
    model, _ = _fitted("CatBoostClassifier", BINARY)
    return {"model": model, "threshold": 0.5, "features": list("abcde")}, None


_MODELS: dict[str, Make] = {
    **{
        f"regressor_{loss.partition(':')[0]}": partial(
            _fitted, "CatBoostRegressor", target, loss_function=loss
        )
        for loss, target in _LOSSES.items()
    },
    "classifier": partial(_fitted, "CatBoostClassifier", BINARY),
    "classifier_multiclass": partial(_fitted, "CatBoostClassifier", CLASS),
    "classifier_one_vs_all": partial(
        _fitted, "CatBoostClassifier", CLASS, loss_function="MultiClassOneVsAll"
    ),
    "classifier_of_names": partial(_fitted, "CatBoostClassifier", NAMES),
    "classifier_multilabel": partial(
        _fitted, "CatBoostClassifier", FLAGS, loss_function="MultiLogloss"
    ),
    "classifier_weighted": partial(
        _fitted, "CatBoostClassifier", CLASS, class_weights={0: 1.0, 1: 2.0, 2: 3.0}
    ),
    "classifier_weighted_by_list": partial(
        _fitted, "CatBoostClassifier", BINARY, class_weights=[1, 2]
    ),
    "classifier_balanced": partial(
        _fitted, "CatBoostClassifier", CLASS, auto_class_weights="Balanced"
    ),
    "ranker_YetiRank": _ranker,
    "ranker_PairLogit": partial(_ranker, loss_function="PairLogit"),
    "ranker_QueryRMSE": partial(_ranker, loss_function="QueryRMSE"),
    "model": partial(_fitted, "CatBoost", NUMBER),
    **{
        f"trees_{policy}": partial(_fitted, "CatBoostRegressor", NUMBER, grow_policy=policy)
        for policy in ("SymmetricTree", "Depthwise", "Lossguide")
    },
    "categories": partial(
        _fitted, "CatBoostClassifier", CLASS, _mixed(), cat_features=["port", "class", "alone"]
    ),
    "categories_without_one_hot": partial(
        _fitted,
        "CatBoostRegressor",
        NUMBER,
        _mixed(),
        cat_features=[2, 3],
        one_hot_max_size=1,
        max_ctr_complexity=2,
    ),
    "texts": _texts,
    "embeddings": _embeddings,
    "early_stopping": partial(
        _fitted,
        "CatBoostClassifier",
        BINARY,
        iterations=20,
        early_stopping_rounds=3,
        use_best_model=True,
        fit={"eval_set": [(X, BINARY)]},
    ),
    "two_eval_sets": partial(
        _fitted, "CatBoostRegressor", NUMBER, fit={"eval_set": [(X, NUMBER), (X[:9], NUMBER[:9])]}
    ),
    "metric_objects": _metric,
    "many_parameters": partial(
        _fitted,
        "CatBoostRegressor",
        NUMBER,
        bootstrap_type="Bernoulli",
        border_count=16,
        boosting_type="Ordered",
        l2_leaf_reg=np.float64(2.0),
        learning_rate=0.2,
        monotone_constraints=[1, 0, 0, -1, 0],
        nan_mode="Min",
        random_seed=7,
        random_strength=0.5,
        rsm=0.9,
        score_function="L2",
        subsample=0.8,
        train_dir="somewhere",
        feature_weights=[1.0] * 5,
        ignored_features=[4],
        logging_level="Silent",
        used_ram_limit="1gb",
        verbose=None,
    ),
    "sample_weight": partial(
        _fitted, "CatBoostClassifier", BINARY, fit={"sample_weight": np.linspace(0.1, 1, ROWS)}
    ),
    "frame": partial(
        _fitted,
        "CatBoostRegressor",
        pd.Series(NUMBER, name="y"),
        pd.DataFrame(X, columns=list("abcde")),
    ),
    "sum": _sum,
    "searched": _searched,
    "not_fitted": lambda: (_fitted("CatBoostClassifier", BINARY)[0].__class__(depth=3), None),
    "calibrated": partial(_inside, CalibratedClassifierCV, BINARY, "CatBoostClassifier"),
    "pipeline": partial(
        _inside, partial(make_pipeline, StandardScaler()), BINARY, "CatBoostClassifier"
    ),
    "pipeline_on_a_frame": _table,
    "grid_search": partial(
        _inside, lambda model: GridSearchCV(model, {"depth": [1, 2]}, cv=2), NUMBER
    ),
    "stacking": partial(
        _inside, lambda model: StackingRegressor([("a", model), ("b", Ridge())], cv=2), NUMBER
    ),
    "voting": partial(
        _inside, lambda model: VotingClassifier([("a", model)]), CLASS, "CatBoostClassifier"
    ),
    "one_for_each_output": partial(_inside, MultiOutputRegressor, TWO),
    "transformed_target": partial(
        _inside,
        lambda model: TransformedTargetRegressor(model, func=np.log1p, inverse_func=np.expm1),
        _POSITIVE,
    ),
    "bundle": _bundle,
}

ZOO = Zoo("catboost", _MODELS, packs=("catboost",))
