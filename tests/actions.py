"""What is done with an object after it was loaded, so that what lies in wait in it comes about.

A sample names one of :data:`ACTIONS` as its ``then``. Data have as many columns as the model says
it was fitted with, as a caller who reads its attributes would give it.

Trust: the objects are hostile; run this in child processes only.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["ACTIONS"]

_ROWS = 64


def _data(model: Any) -> Any:
    """Rows with as many columns as the model says, one without."""
    columns = int(getattr(model, "n_features_in_", 1))
    return np.random.default_rng(0).normal(scale=3.0, size=(_ROWS, columns))


def _method(name: str) -> Callable[[Any], Any]:
    return lambda model: getattr(model, name)(_data(model))


def _partial_dependence(model: Any) -> Any:
    from sklearn.inspection import partial_dependence

    return partial_dependence(model, _data(model), [0], method="recursion")


def _called(name: str, *args: Any) -> Callable[[Any], Any]:
    return lambda model: getattr(model, name)(*args)


def _one_row(model: Any) -> Any:
    return model.score(np.ones((1, model.n_features_in_)))


def _neighbours(model: Any) -> Any:
    return model.kneighbors(np.ones((1, model.n_features_in_)), 1)


def _staged(name: str) -> Callable[[Any], Any]:
    return lambda model: list(getattr(model, name)(_data(model)))


def _explained(model: Any) -> Any:
    if hasattr(model, "booster_"):
        return model.predict(_data(model), pred_contrib=True)
    import xgboost

    return model.get_booster().predict(xgboost.DMatrix(_data(model)), pred_contribs=True)


def _matrix(model: Any) -> Any:
    import xgboost

    return model.get_booster().predict(xgboost.DMatrix(_data(model)))


def _frame(model: Any) -> Any:
    import pandas as pd

    letters = pd.Categorical(list("abcd") * (_ROWS // 4))
    return model.predict(pd.DataFrame({"letter": letters, "number": np.arange(float(_ROWS))}))


ACTIONS: dict[str, Callable[[Any], Any]] = {
    **{
        name: _method(name)
        for name in (
            "apply",
            "decision_function",
            "decision_path",
            "predict",
            "predict_proba",
            "score_samples",
            "transform",
        )
    },
    **{name: _staged(name) for name in ("staged_decision_function", "staged_predict")},
    "as_texts": _called("astype", str),
    "asarray": lambda data: np.asarray(data).sum(),
    "call": lambda model: model(_data(model)),
    "call_with_numbers": lambda spline: spline(np.arange(0.0, 8.0, 0.01)),
    "smooth": lambda spline: spline.set_smoothing_factor(1e-4),
    "call_with_points": lambda spline: spline(np.array([[2.5, 3.5]])),
    "call_with_two_numbers": lambda spline: spline(np.arange(0.0, 8.0), np.arange(0.0, 8.0)),
    "count_keys": _called("transform", [{"apple": 1.0}]),
    "count_labels": _called("transform", [["apple"]]),
    "count_words": lambda model: model.transform(["apple pear"]).toarray(),
    "copy": copy.deepcopy,
    "ctime": lambda date: date.ctime(),
    "cut_linkage": lambda model: model.single_linkage_tree_.get_clusters(1e30),
    "dbscan_clustering": _called("dbscan_clustering", 10.0),
    "filter_again": lambda results: results.model.ssm.filter(),
    "dump_trees": lambda model: model.get_booster().get_dump(dump_format="json"),
    "explain": _explained,
    "exponential": lambda generator: generator.exponential(1.0),
    "feature_importances_": lambda model: model.feature_importances_,
    "kneighbors": _neighbours,
    "last_values": lambda series: series.loc[[len(series) - 1]].sum(),
    "partial_dependence": _partial_dependence,
    "pickle": pickle.dumps,
    "predict_bytes": lambda model: model.predict(np.zeros((_ROWS, 4), np.uint8)),
    "predict_frame": _frame,
    "predict_matrix": _matrix,
    "predict_one_column": lambda model: model.predict(np.ones((_ROWS, 1))),
    "product": lambda matrix: matrix @ np.ones(matrix.shape[1]),
    "recode": lambda column: column.set_categories(list(column.categories)[::-1]),
    "repr": repr,
    "score_one_row": _one_row,
    "show": lambda model: model._repr_html_(),
    "smooth_again": lambda results: results.model.ssm.smooth(),
    "some_columns": lambda frame: frame[frame.columns[[-1, 5, 7]]].to_numpy().sum(),
    "sort_values": _called("sort_values"),
    "to_int_index": _called("to_int_index"),
    "toarray": lambda matrix: matrix.toarray(),
    "tocsr": lambda matrix: matrix.tocsr(),
    "transform_one_row": _called("transform", np.ones((1, 4))),
    "transform_table": _called("transform", np.ones((3, 2))),
    "first_transformed": lambda model: model.transform(np.ones((3, 2)))[0],
    "year": lambda times: times.year,
}
