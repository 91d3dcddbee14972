"""Models of category_encoders: every encoder, on words, categories and missing values."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.ecosystem.zoo import Make, Zoo
from tests.legitimate.data import BINARY, CLASS, NUMBER, frame

__all__ = ["ZOO"]

_NAMES = (
    "BackwardDifferenceEncoder",
    "BaseNEncoder",
    "BinaryEncoder",
    "CatBoostEncoder",
    "CountEncoder",
    "CountTargetEncoder",
    "GLMMEncoder",
    "GrayEncoder",
    "HelmertEncoder",
    "JamesSteinEncoder",
    "LeaveOneOutEncoder",
    "MEstimateEncoder",
    "MultiHotEncoder",
    "OneHotEncoder",
    "OrdinalEncoder",
    "PolynomialEncoder",
    "QuantileEncoder",
    "RankHotEncoder",
    "SumEncoder",
    "SummaryEncoder",
    "TargetEncoder",
    "WOEEncoder",
)


def _words() -> pd.DataFrame:
    return frame()[["port", "class", "fare"]]


def _encoder(name: str, data: Any = None, target: Any = BINARY, **arguments: Any) -> Any:
    import category_encoders

    data = _words() if data is None else data
    return getattr(category_encoders, name)(**arguments).fit(data, pd.Series(target)), data


def _wrapped(wrapper: str, inner: str, target: Any, **arguments: Any) -> Any:
    import category_encoders
    from category_encoders import wrapper as wrappers

    encoder = getattr(category_encoders, inner)()
    model = getattr(wrappers, wrapper)(encoder, **arguments)
    return model.fit(_words(), pd.Series(target)), _words()


def _pipeline(name: str, **arguments: Any) -> Any:
    import category_encoders

    encoder = getattr(category_encoders, name)(**arguments)
    return make_pipeline(encoder, StandardScaler(), LogisticRegression()).fit(
        _words(), BINARY
    ), _words()


def _columns() -> Any:
    import category_encoders

    columns = ColumnTransformer(
        [
            ("target", category_encoders.TargetEncoder(), ["port"]),
            ("binary", category_encoders.BinaryEncoder(), ["class"]),
        ],
        remainder="passthrough",
    )
    return make_pipeline(columns, Ridge()).fit(_words(), NUMBER), _words()


def _search() -> Any:
    import category_encoders

    pipeline = make_pipeline(category_encoders.TargetEncoder(), LogisticRegression())
    grid = {"targetencoder__smoothing": [1.0, 10.0]}
    return GridSearchCV(pipeline, grid, cv=2).fit(_words(), BINARY), _words()


_MAPPING = [{"col": "port", "mapping": {"S": 1, "C": 2, "Q": 3, None: 0}}]

_MODELS: dict[str, Make] = {
    **{name: partial(_encoder, name) for name in _NAMES},
    "OneHotEncoder_by_name": partial(
        _encoder,
        "OneHotEncoder",
        use_cat_names=True,
        handle_unknown="indicator",
        handle_missing="return_nan",
    ),
    "OneHotEncoder_of_arrays": partial(
        _encoder, "OneHotEncoder", np.array([["a"], ["b"], ["a"], ["c"]] * 20, dtype=object)
    ),
    "OrdinalEncoder_with_mapping": partial(_encoder, "OrdinalEncoder", mapping=_MAPPING),
    "OrdinalEncoder_with_series": lambda: _encoder(
        "OrdinalEncoder",
        mapping=[
            {"col": "port", "mapping": pd.Series({"S": 1, "C": 2, "Q": 3}), "data_type": object}
        ],
    ),
    "TargetEncoder_with_hierarchy": partial(
        _encoder,
        "TargetEncoder",
        hierarchy={"class": {"good": ("1st", "2nd"), "bad": ("3rd",)}},
        cols=["class"],
        target=NUMBER,
    ),
    "TargetEncoder_strict": partial(
        _encoder,
        "TargetEncoder",
        handle_unknown="error",
        handle_missing="return_nan",
        min_samples_leaf=2,
    ),
    "CountEncoder_with_dicts": partial(
        _encoder,
        "CountEncoder",
        normalize={"port": True, "class": False},
        min_group_size={"port": 2, "class": 3},
        handle_missing={"port": "value"},
    ),
    "LeaveOneOutEncoder_random": partial(
        _encoder, "LeaveOneOutEncoder", sigma=0.1, random_state=np.random.RandomState(0)
    ),
    "WOEEncoder_random": partial(_encoder, "WOEEncoder", randomized=True, random_state=3),
    "HashingEncoder": partial(_encoder, "HashingEncoder", max_process=1),
    "HashingEncoder_by_another_hash": partial(
        _encoder, "HashingEncoder", max_process=1, hash_method="sha256", n_components=4
    ),
    "BaseNEncoder_of_three": partial(_encoder, "BaseNEncoder", base=3),
    "SummaryEncoder_of_three": partial(
        _encoder, "SummaryEncoder", quantiles=(0.1, 0.5, 0.9), target=NUMBER
    ),
    "PolynomialWrapper": partial(_wrapped, "PolynomialWrapper", "TargetEncoder", CLASS),
    "NestedCVWrapper": partial(
        _wrapped, "NestedCVWrapper", "CatBoostEncoder", BINARY, cv=3, random_state=7
    ),
    "pipeline": partial(_pipeline, "WOEEncoder"),
    "pipeline_set_output": lambda: (
        make_pipeline(_encoder("BinaryEncoder")[0], StandardScaler())
        .set_output(transform="pandas")
        .fit(_words()),
        _words(),
    ),
    "columns": _columns,
    "grid_search": _search,
}

# With pyarrow installed, pandas 3 makes an index of texts that category_encoders does not expect.
_UNFITTED = (
    {("TargetEncoder_with_hierarchy", "any"): "the library does not fit it where pyarrow is"}
    if find_spec("pyarrow")
    else {}
)

ZOO = Zoo(
    "category_encoders",
    _MODELS,
    not_dumped={
        ("any", "skops"): "skops does not write pandas frames",
        **_UNFITTED,
    },
)
