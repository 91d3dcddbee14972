"""Models of LightGBM: its scikit-learn classes, and boosters as ``lightgbm.train`` makes them."""

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
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.multioutput import ClassifierChain, MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tests.ecosystem.zoo import Make, Zoo
from tests.legitimate.data import BINARY, CLASS, FLAGS, NAMES, NUMBER, ROWS, TWO, X, frame

__all__ = ["ZOO"]

_FEW = {"n_estimators": 3, "num_leaves": 4, "min_child_samples": 5, "n_jobs": 1, "verbosity": -1}
_POSITIVE = np.abs(NUMBER) + 0.1
_UNIT = (NUMBER - NUMBER.min()) / np.ptp(NUMBER)
_OBJECTIVES: dict[str, Any] = {
    "cross_entropy": _UNIT,
    "cross_entropy_lambda": _UNIT,
    "fair": NUMBER,
    "gamma": _POSITIVE,
    "huber": NUMBER,
    "mape": _POSITIVE,
    "poisson": _POSITIVE,
    "quantile": NUMBER,
    "regression": NUMBER,
    "regression_l1": NUMBER,
    "tweedie": _POSITIVE,
}


def _fitted(kind: str, target: Any, data: Any = X, *, fit: Any = None, **arguments: Any) -> Any:
    import lightgbm

    model = getattr(lightgbm, kind)(**{**_FEW, **arguments})
    return model.fit(data, target, **(fit or {})), data


def _stopped(*, metric: Any = "multi_logloss", **arguments: Any) -> Any:
    import lightgbm

    results: dict[str, Any] = {}
    callbacks = [
        lightgbm.early_stopping(2, verbose=False),
        lightgbm.log_evaluation(0),
        lightgbm.record_evaluation(results),
        lightgbm.reset_parameter(learning_rate=[0.1] * 20),
    ]
    return _fitted(
        "LGBMClassifier",
        CLASS,
        n_estimators=20,
        fit={
            "eval_set": [(X, CLASS), (X[:30], CLASS[:30])],
            "eval_names": ["all", "few"],
            "eval_metric": metric,
            "callbacks": callbacks,
        },
        **arguments,
    )


def _mixed() -> pd.DataFrame:
    return frame()[["age", "fare", "port", "class", "alone"]].astype({"port": "category"})


def _ranker(**arguments: Any) -> Any:
    return _fitted("LGBMRanker", CLASS, fit={"group": [ROWS // 4] * 4}, **arguments)


def _inside(wrap: Any, target: Any, kind: str = "LGBMRegressor", data: Any = X) -> Any:
    import lightgbm

    return wrap(getattr(lightgbm, kind)(**_FEW)).fit(data, target), data


def _booster(
    *, data: Any = X, target: Any = BINARY, keep: bool = False, more: Any = None, **parameters: Any
) -> Any:
    import lightgbm

    dataset = lightgbm.Dataset(data, target, **(more or {}))
    booster = lightgbm.train(
        {
            "objective": "binary",
            "num_leaves": 4,
            "min_data_in_leaf": 5,
            "num_threads": 1,
            "verbosity": -1,
            **parameters,
        },
        dataset,
        num_boost_round=3,
        valid_sets=[dataset],
        keep_training_booster=keep,
    )
    return booster, data


def _again() -> Any:
    import lightgbm

    booster, data = _booster()
    return lightgbm.Booster(model_str=booster.model_to_string()), data


def _folds() -> Any:
    import lightgbm

    results = lightgbm.cv(
        {"objective": "binary", "num_leaves": 4, "num_threads": 1, "verbosity": -1},
        lightgbm.Dataset(X, BINARY),
        num_boost_round=3,
        nfold=2,
        return_cvbooster=True,
    )
    return results["cvbooster"], X


def _bundle() -> Any:
    return {"model": _booster()[0], "threshold": 0.5, "features": list("abcde")}, None


def _table() -> Any:
    return make_pipeline(
        ColumnTransformer(
            [
                ("words", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["port"]),
                ("numbers", StandardScaler(), ["age", "fare"]),
            ]
        ).set_output(transform="pandas"),
        _fitted("LGBMClassifier", CLASS)[0],
    ).fit(frame(), CLASS), frame()


_MODELS: dict[str, Make] = {
    **{
        f"regressor_{objective}": partial(_fitted, "LGBMRegressor", target, objective=objective)
        for objective, target in _OBJECTIVES.items()
    },
    **{
        f"classifier_{objective}": partial(_fitted, "LGBMClassifier", CLASS, objective=objective)
        for objective in ("multiclass", "multiclassova")
    },
    "classifier": partial(_fitted, "LGBMClassifier", BINARY),
    "classifier_of_names": partial(_fitted, "LGBMClassifier", NAMES),
    "classifier_balanced": partial(_fitted, "LGBMClassifier", CLASS, class_weight="balanced"),
    "classifier_weighted": partial(
        _fitted, "LGBMClassifier", CLASS, class_weight={0: 1.0, 1: 2.0, 2: np.float64(3.0)}
    ),
    "classifier_of_text_columns": partial(
        _fitted,
        "LGBMClassifier",
        pd.Series(NAMES, name="level"),
        pd.DataFrame(X, columns=list("abcde")),
    ),
    "unbalanced": partial(_fitted, "LGBMClassifier", BINARY, is_unbalance=True),
    "ranker_lambdarank": _ranker,
    "ranker_xendcg": partial(_ranker, objective="rank_xendcg"),
    "model": partial(_fitted, "LGBMModel", NUMBER, objective="regression"),
    **{
        f"boosting_{kind}": partial(_fitted, "LGBMRegressor", NUMBER, boosting_type=kind)
        for kind in ("gbdt", "dart", "goss")
    },
    "boosting_rf": partial(
        _fitted, "LGBMRegressor", NUMBER, boosting_type="rf", subsample=0.5, subsample_freq=1
    ),
    "linear_trees": partial(_fitted, "LGBMRegressor", NUMBER, linear_tree=True),
    "frame_with_categories": partial(_fitted, "LGBMClassifier", CLASS, _mixed()),
    "categorical_columns": partial(
        _fitted,
        "LGBMRegressor",
        NUMBER,
        np.column_stack([CLASS, X]),
        fit={"categorical_feature": [0], "feature_name": list("cabdef")},
    ),
    "sparse_input": partial(_fitted, "LGBMRegressor", NUMBER, sparse.csr_matrix(X)),
    "constraints": partial(
        _fitted,
        "LGBMRegressor",
        NUMBER,
        monotone_constraints=[1, 0, -1, 0, 0],
        interaction_constraints=[[0, 1], [2, 3, 4]],
    ),
    "many_parameters": partial(
        _fitted,
        "LGBMClassifier",
        BINARY,
        boost_from_average=False,
        colsample_bytree=0.8,
        extra_trees=True,
        importance_type="gain",
        learning_rate=np.float64(0.2),
        max_bin=15,
        metric=["auc", "binary_logloss"],
        path_smooth=1.0,
        random_state=np.random.RandomState(0),
        reg_lambda=1.0,
        use_quantized_grad=True,
    ),
    "random_state_generator": partial(
        _fitted, "LGBMRegressor", NUMBER, random_state=np.random.default_rng(0)
    ),
    "sample_weight": partial(
        _fitted, "LGBMClassifier", BINARY, fit={"sample_weight": np.linspace(0.1, 1, ROWS)}
    ),
    "early_stopping": _stopped,
    "early_stopping_by_parameter": partial(
        _stopped, early_stopping_round=3, first_metric_only=True
    ),
    "many_metrics": partial(_stopped, metric=["multi_error", "multi_logloss"]),
    "not_fitted": lambda: (_fitted("LGBMClassifier", BINARY)[0].__class__(n_estimators=5), None),
    "calibrated": partial(_inside, CalibratedClassifierCV, BINARY, "LGBMClassifier"),
    "pipeline": partial(
        _inside, partial(make_pipeline, StandardScaler()), BINARY, "LGBMClassifier"
    ),
    "pipeline_on_a_frame": _table,
    "grid_search": partial(
        _inside, lambda model: GridSearchCV(model, {"num_leaves": [3, 4]}, cv=2), NUMBER
    ),
    "random_search": partial(
        _inside,
        lambda model: RandomizedSearchCV(model, {"num_leaves": [3, 4]}, n_iter=2, cv=2),
        NUMBER,
    ),
    "bagging": partial(_inside, lambda model: BaggingRegressor(model, 2), NUMBER),
    "stacking": partial(
        _inside, lambda model: StackingRegressor([("a", model), ("b", Ridge())], cv=2), NUMBER
    ),
    "voting": partial(
        _inside, lambda model: VotingClassifier([("a", model)]), CLASS, "LGBMClassifier"
    ),
    "chain": partial(_inside, ClassifierChain, FLAGS, "LGBMClassifier"),
    "one_for_each_output": partial(_inside, MultiOutputRegressor, TWO),
    "transformed_target": partial(
        _inside,
        lambda model: TransformedTargetRegressor(model, func=np.log1p, inverse_func=np.expm1),
        _POSITIVE,
    ),
    "raw_booster": _booster,
    "raw_booster_in_training": partial(_booster, keep=True),
    "raw_booster_of_a_string": _again,
    "raw_booster_of_a_frame": lambda: _booster(data=_mixed(), target=CLASS > 0),
    "raw_booster_of_categories": partial(
        _booster,
        data=np.column_stack([CLASS, X]),
        more={"categorical_feature": [0], "feature_name": list("cabdef")},
    ),
    "raw_booster_multiclass": partial(_booster, target=CLASS, objective="multiclass", num_class=3),
    "raw_booster_linear": partial(_booster, linear_tree=True, target=NUMBER, objective="l2"),
    "raw_booster_stopped": partial(
        _booster, early_stopping_round=2, metric=["auc", "binary_error"]
    ),
    "raw_booster_stumps": partial(_booster, num_leaves=2, min_data_in_leaf=1000),
    "folds": _folds,
    "bundle": _bundle,
}

ZOO = Zoo("lightgbm", _MODELS)
