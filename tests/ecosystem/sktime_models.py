"""Models of sktime: every estimator in Python that its pack lists, as sktime itself tests it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.ecosystem.zoo import Make, Zoo

__all__ = ["ZOO"]

_RELEASES = Path(__file__).parent.parent.parent / "tools" / "releases"
_RANDOM = np.random.default_rng(0)
_SERIES = pd.Series(
    np.arange(48.0) + _RANDOM.normal(size=48) + 10,
    index=pd.period_range("2020-01", periods=48, freq="M"),
)
_PANEL = _RANDOM.normal(size=(12, 1, 30))
_LABELS = np.array(["a", "b"] * 6)
# An estimator that stays out, and why.
_NOT_FITTED = {
    "CurveFitForecaster": "its example keeps a function of the tests",
    "ElasticEnsemble": "needs an older scikit-learn",
    "FunctionParamFitter": "its example keeps a function of the tests",
}


def _names() -> Iterator[tuple[str, str]]:
    """Module and class of each estimator on the list of the newest recorded release."""
    newest = max(_RELEASES.glob("sktime-*.toml"))
    for group in tomllib.loads(newest.read_text(encoding="utf-8"))["group"]:
        for module, names in group["names"].items():
            for name in names:
                if not name.startswith("_") and name not in _NOT_FITTED and name[0].isupper():
                    yield module, name


def _fit(module: str, name: str) -> Any:
    cls = getattr(import_module(module), name)
    model = cls.create_test_instance()
    kind = module.split(".")[1]
    if kind == "forecasting":
        return model.fit(_SERIES, fh=[1, 2]), None
    if kind == "classification":
        return model.fit(_PANEL, _LABELS), _PANEL
    if kind == "regression":
        return model.fit(_PANEL, np.arange(12.0)), _PANEL
    if kind == "clustering":
        return model.fit(_PANEL), None
    if name.startswith("Elbow"):
        return model.fit(_PANEL, _LABELS), None
    if kind == "transformations":
        return model.fit(_SERIES, _SERIES), _SERIES
    return model, None


def _key(module: str, name: str) -> str:
    """A name for a model: the kind of estimator, an old package if it is imported by that."""
    _, kind, *rest = module.split(".")
    return "_".join([kind, *(part for part in rest[:1] if part == "series"), name])


_MODELS: dict[str, Make] = {
    _key(module, name): partial(_fit, module, name)
    for module, name in _names()
    # It is the same as the other old package.
    if ".transformations.panel." not in module
}


def _answers(model: Any) -> Any:
    """What a forecaster says of the next months; its other methods need further libraries."""
    from sktime.forecasting.base import BaseForecaster

    if not (isinstance(model, BaseForecaster) and model.is_fitted):
        return None
    try:
        return model.predict(fh=[1, 2])
    except ValueError as error:
        return repr(error)


ZOO = Zoo(
    "sktime",
    _MODELS,
    # Some of its forecasters hold models of statsmodels.
    packs=("sktime", "statsmodels"),
    refused=dict.fromkeys(
        [
            ("classification_ProbabilityThresholdEarlyClassifier", "any"),
            ("dists_kernels_DistFromKernel", "any"),
            ("dists_kernels_IndepDist", "any"),
            ("dists_kernels_KernelFromDist", "any"),
        ],
        "its example holds an estimator compiled by numba",
    ),
    not_dumped={
        ("any", "skops"): "skops is for scikit-learn",
        ("any", "dill"): "of classes that were imported from an old module as well, it writes code",
    },
    answers=_answers,
)
