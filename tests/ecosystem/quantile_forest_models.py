"""Models of quantile-forest."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.ecosystem.zoo import Make, Zoo
from tests.legitimate.data import NUMBER, TWO, X

__all__ = ["ZOO"]


def _forest(kind: str, target: Any = NUMBER, data: Any = X, *, fit: Any = None, **more: Any) -> Any:
    import quantile_forest

    forest = getattr(quantile_forest, f"{kind}QuantileRegressor")
    model = forest(n_estimators=4, random_state=0, **more)
    return model.fit(data, target, **(fit or {})), data


def _inside(wrap: Any) -> Any:
    import quantile_forest

    model = quantile_forest.RandomForestQuantileRegressor(n_estimators=4, random_state=0)
    return wrap(model).fit(X, NUMBER), X


_MODELS: dict[str, Make] = {
    "forest": partial(_forest, "RandomForest"),
    "extra_trees": partial(_forest, "ExtraTrees"),
    "forest_sparse": partial(_forest, "RandomForest", fit={"sparse_pickle": True}),
    "quantiles": partial(_forest, "RandomForest", default_quantiles=[0.1, 0.5, 0.9]),
    "mean": partial(_forest, "ExtraTrees", default_quantiles="mean"),
    "all_samples_of_a_leaf": partial(
        _forest, "RandomForest", max_samples_leaf=None, min_samples_leaf=5
    ),
    "two_outputs": partial(_forest, "RandomForest", TWO),
    "monotonic": partial(_forest, "ExtraTrees", monotonic_cst=[1, 0, -1, 0, 0]),
    "monotonic_sparse": partial(
        _forest, "RandomForest", monotonic_cst=[1, 0, 0, 0, 0], fit={"sparse_pickle": True}
    ),
    "out_of_bag": partial(_forest, "RandomForest", oob_score=True, max_samples=0.5),
    "of_a_frame": partial(_forest, "RandomForest", data=pd.DataFrame(X, columns=list("abcde"))),
    "weights": partial(_forest, "RandomForest", fit={"sample_weight": np.arange(len(X)) + 1.0}),
    "pipeline": partial(_inside, partial(make_pipeline, StandardScaler())),
    "grid_search": partial(_inside, lambda model: GridSearchCV(model, {"max_depth": [2, 3]}, cv=2)),
}

ZOO = Zoo("quantile_forest", _MODELS)
