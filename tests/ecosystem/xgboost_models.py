"""Models of xgboost: its scikit-learn classes, and boosters as ``xgboost.train`` makes them."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor, StackingRegressor, VotingClassifier
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss, mean_absolute_error
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.multioutput import ClassifierChain, MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tests.ecosystem.zoo import Make, Zoo
from tests.legitimate.data import (
    BINARY,
    CLASS,
    FLAGS,
    GROUPS,
    NUMBER,
    POSITIVE,
    ROWS,
    TWO,
    X,
    frame,
)

__all__ = ["ZOO"]

_FEW = {"n_estimators": 3, "max_depth": 2, "n_jobs": 1}
_POSITIVE = np.abs(NUMBER) + 0.1
_UNIT = (NUMBER - NUMBER.min()) / np.ptp(NUMBER)
_TARGETS: dict[str, Any] = {
    "binary:hinge": BINARY,
    "binary:logistic": BINARY,
    "binary:logitraw": BINARY,
    "count:poisson": CLASS,
    "multi:softmax": CLASS,
    "multi:softprob": CLASS,
    "reg:absoluteerror": NUMBER,
    "reg:gamma": _POSITIVE,
    "reg:logistic": _UNIT,
    "reg:pseudohubererror": NUMBER,
    "reg:quantileerror": NUMBER,
    "reg:squarederror": NUMBER,
    "reg:squaredlogerror": _POSITIVE,
    "reg:tweedie": _POSITIVE,
    "survival:cox": _POSITIVE,
}


def _fitted(kind: str, target: Any, data: Any = X, *, fit: Any = None, **arguments: Any) -> Any:
    import xgboost

    model = getattr(xgboost, kind)(**{**_FEW, **arguments})
    return model.fit(data, target, **(fit or {})), data


def _callback(kind: str, **arguments: Any) -> Any:
    import xgboost

    callback = getattr(xgboost.callback, kind)(**arguments)
    return _fitted(
        "XGBClassifier",
        BINARY,
        callbacks=[callback],
        eval_metric=["logloss", "auc"],
        fit={"eval_set": [(X, BINARY)], "verbose": False},
    )


def _mixed() -> pd.DataFrame:
    return frame()[["age", "fare", "port", "class", "alone"]].astype({"port": "category"})


def _frame(**arguments: Any) -> Any:
    return _fitted("XGBClassifier", CLASS, _mixed(), enable_categorical=True, **arguments)


def _constrained() -> Any:
    data = pd.DataFrame(X, columns=list("abcde"))
    return _fitted(
        "XGBRegressor",
        NUMBER,
        data,
        monotone_constraints={"a": 1, "c": -1},
        interaction_constraints=[["a", "b"], ["c", "d", "e"]],
        feature_weights=np.ones(5),
    )


def _ranker(**arguments: Any) -> Any:
    order = np.sort(GROUPS)
    return _fitted("XGBRanker", CLASS, fit={"qid": order}, **arguments)


def _inside(wrap: Any, target: Any, kind: str = "XGBRegressor", data: Any = X) -> Any:
    import xgboost

    return wrap(getattr(xgboost, kind)(**_FEW)).fit(data, target), data


def _booster(
    *, data: Any = X, target: Any = BINARY, attributes: Any = (), **parameters: Any
) -> Any:
    import xgboost

    matrix = xgboost.DMatrix(data, target, enable_categorical=True)
    results: dict[str, Any] = {}
    booster = xgboost.train(
        {"max_depth": 2, "objective": "binary:logistic", "nthread": 1, **parameters},
        matrix,
        num_boost_round=3,
        evals=[(matrix, "train")],
        evals_result=results,
        verbose_eval=False,
    )
    if attributes:
        booster.set_attr(**attributes)
    return booster, matrix


def _aft() -> Any:
    import xgboost

    matrix = xgboost.DMatrix(X)
    matrix.set_float_info("label_lower_bound", _POSITIVE)
    matrix.set_float_info("label_upper_bound", _POSITIVE + 1)
    parameters = {"objective": "survival:aft", "max_depth": 2, "nthread": 1}
    return xgboost.train(parameters, matrix, num_boost_round=3), matrix


def _bundle() -> Any:
    booster, _ = _booster()
    results: dict[str, Any] = {"train": {"logloss": [0.5, 0.25]}}
    return {"model": booster, "threshold": 0.5, "features": list("abcde"), "evals": results}, None


def _table() -> Any:
    return make_pipeline(
        ColumnTransformer(
            [
                ("words", OneHotEncoder(handle_unknown="ignore"), ["port", "class"]),
                ("numbers", StandardScaler(), ["age", "fare"]),
            ]
        ),
        _fitted("XGBClassifier", CLASS)[0],
    ).fit(frame(), CLASS), frame()


_MODELS: dict[str, Make] = {
    **{
        objective: partial(
            _fitted,
            "XGBClassifier" if objective.startswith(("binary", "multi")) else "XGBRegressor",
            target,
            objective=objective,
            **({"quantile_alpha": [0.1, 0.9]} if "quantile" in objective else {}),
        )
        for objective, target in _TARGETS.items()
    },
    **{
        f"booster_{kind}": partial(_fitted, "XGBRegressor", NUMBER, booster=kind)
        for kind in ("gbtree", "dart", "gblinear")
    },
    **{
        f"trees_{method}": partial(_fitted, "XGBClassifier", CLASS, tree_method=method)
        for method in ("exact", "approx", "hist")
    },
    **{
        f"ranker_{objective}": partial(_ranker, objective=f"rank:{objective}")
        for objective in ("ndcg", "map", "pairwise")
        if objective != "map"
    },
    "forest_classifier": partial(_fitted, "XGBRFClassifier", BINARY),
    "forest_regressor": partial(_fitted, "XGBRFRegressor", NUMBER),
    "model": partial(_fitted, "XGBModel", NUMBER),
    "multilabel": partial(_fitted, "XGBClassifier", FLAGS),
    "multiple_outputs": partial(_fitted, "XGBRegressor", TWO),
    "vector_leaves": partial(
        _fitted, "XGBRegressor", TWO, multi_strategy="multi_output_tree", tree_method="hist"
    ),
    "frame_with_categories": _frame,
    "frame_with_one_hot_splits": partial(_frame, max_cat_to_onehot=1, max_cat_threshold=4),
    "feature_types": partial(
        _fitted, "XGBRegressor", NUMBER, feature_types=["q", "q", "float", "q", "int"]
    ),
    "sparse_input": partial(_fitted, "XGBRegressor", NUMBER, sparse.csr_matrix(X)),
    "missing_is_a_number": partial(_fitted, "XGBRegressor", NUMBER, missing=-999.0),
    "constraints": _constrained,
    "random_state_object": partial(
        _fitted, "XGBRegressor", NUMBER, random_state=np.random.RandomState(0), subsample=0.5
    ),
    "random_state_generator": partial(
        _fitted, "XGBRegressor", NUMBER, random_state=np.random.default_rng(0)
    ),
    "many_parameters": partial(
        _fitted,
        "XGBClassifier",
        BINARY,
        base_score=0.5,
        colsample_bytree=0.8,
        device="cpu",
        gamma=0.1,
        grow_policy="lossguide",
        importance_type="gain",
        learning_rate=np.float64(0.3),
        max_bin=16,
        max_leaves=4,
        num_parallel_tree=2,
        reg_alpha=0.1,
        sampling_method="uniform",
        scale_pos_weight=np.float32(2.0),
        validate_parameters=True,
        verbosity=0,
        seed=7,
    ),
    "sample_weight": partial(
        _fitted, "XGBClassifier", BINARY, fit={"sample_weight": np.linspace(0.1, 1, ROWS)}
    ),
    "early_stopping": partial(
        _fitted,
        "XGBClassifier",
        CLASS,
        early_stopping_rounds=2,
        eval_metric=["mlogloss", "merror"],
        n_estimators=20,
        fit={"eval_set": [(X, CLASS), (X[:20], CLASS[:20])], "verbose": False},
    ),
    "metric_of_scikit_learn": partial(
        _fitted,
        "XGBRegressor",
        NUMBER,
        eval_metric=mean_absolute_error,
        fit={"eval_set": [(X, NUMBER)], "verbose": False},
    ),
    "loss_of_scikit_learn": partial(
        _fitted,
        "XGBClassifier",
        BINARY,
        eval_metric=log_loss,
        fit={"eval_set": [(X, BINARY)], "verbose": False},
    ),
    "callback_that_stops": partial(
        _callback,
        "EarlyStopping",
        rounds=2,
        save_best=True,
        data_name="validation_0",
        min_delta=1e-3,
    ),
    "callback_that_monitors": partial(_callback, "EvaluationMonitor", show_stdv=False, period=5),
    "callback_with_learning_rates": partial(
        _callback, "LearningRateScheduler", learning_rates=np.exp2
    ),
    "not_fitted": lambda: (_fitted("XGBClassifier", BINARY)[0].__class__(n_estimators=5), None),
    "calibrated": partial(_inside, CalibratedClassifierCV, BINARY, "XGBClassifier"),
    "pipeline": partial(_inside, partial(make_pipeline, StandardScaler()), BINARY, "XGBClassifier"),
    "pipeline_on_a_frame": _table,
    "grid_search": partial(
        _inside, lambda model: GridSearchCV(model, {"max_depth": [1, 2]}, cv=2), NUMBER
    ),
    "random_search": partial(
        _inside,
        lambda model: RandomizedSearchCV(model, {"max_depth": [1, 2, 3]}, n_iter=2, cv=2),
        NUMBER,
    ),
    "bagging": partial(_inside, lambda model: BaggingRegressor(model, 2), NUMBER),
    "stacking": partial(
        _inside, lambda model: StackingRegressor([("a", model), ("b", Ridge())], cv=2), NUMBER
    ),
    "voting": partial(
        _inside,
        lambda model: VotingClassifier([("a", model)], voting="soft"),
        CLASS,
        "XGBClassifier",
    ),
    "chain": partial(_inside, ClassifierChain, FLAGS, "XGBClassifier"),
    "one_for_each_output": partial(_inside, MultiOutputRegressor, TWO),
    "transformed_target": partial(
        _inside,
        lambda model: TransformedTargetRegressor(model, func=np.log1p, inverse_func=np.expm1),
        _POSITIVE,
    ),
    "raw_booster": _booster,
    "raw_booster_of_a_frame": partial(_booster, data=pd.DataFrame(POSITIVE, columns=list("abcde"))),
    "raw_booster_of_categories": lambda: _booster(data=_mixed()),
    "raw_booster_with_attributes": partial(_booster, attributes={"note": "a", "best_score": "0.5"}),
    "raw_booster_linear": partial(_booster, booster="gblinear", objective="reg:squarederror"),
    "raw_booster_dart": partial(_booster, booster="dart", rate_drop=0.5),
    "raw_booster_of_many_metrics": partial(_booster, eval_metric=["auc", "error@0.4"]),
    "raw_booster_aft": _aft,
    "bundle": _bundle,
}

ZOO = Zoo(
    "xgboost",
    _MODELS,
    refused={("callback_that_monitors", "any"): "its printer writes to the terminal for anybody"},
)
