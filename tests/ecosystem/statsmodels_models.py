"""Models of statsmodels: results of regressions and of time series, with formulas and without."""

from __future__ import annotations

import warnings
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

from tests.ecosystem.zoo import Make, Zoo
from tests.legitimate.data import BINARY, GROUPS, NAMES, NUMBER, POSITIVE, ROWS, X

__all__ = ["ZOO"]

# With a constant.
_WITH_ONE = np.column_stack([np.ones(ROWS), X[:, :3]])
_COUNT = np.random.default_rng(1).poisson(np.exp(0.3 * X[:, 0]))
_FLAGS = np.where(np.arange(ROWS) % 7, BINARY, 1 - BINARY)


@cache
def _frame() -> pd.DataFrame:
    return pd.DataFrame(X[:, :3], columns=["a", "b", "c"]).assign(
        y=NUMBER,
        flag=_FLAGS,
        count=_COUNT,
        name=NAMES.astype(str),
        group=GROUPS,
        **{"a b": X[:, 3]},
    )


@cache
def _series() -> pd.Series:
    values = np.cumsum(np.random.default_rng(2).normal(size=ROWS)) + 20
    return pd.Series(values - values.min() + 5, pd.date_range("2024-01-01", periods=ROWS, freq="D"))


def _api(name: str) -> Any:
    found: Any = import_module("statsmodels.api")
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _fit(name: str, *data: Any, settings: dict[str, Any] | None = None, **arguments: Any) -> Any:
    """Results of a model of ``statsmodels.api``, which predict for new rows."""
    return _api(name)(*data, **arguments).fit(**(settings or {})), _WITH_ONE[:5]


def _quiet(name: str, *data: Any, **arguments: Any) -> Any:
    return _fit(name, *data, settings={"disp": 0}, **arguments)


def _glm(target: Any, family: str, *args: Any, **arguments: Any) -> Any:
    return _fit("GLM", target, _WITH_ONE, family=_api(f"families.{family}")(*args, **arguments))


def _formula(kind: str, formula: str, settings: dict[str, Any] | None = None, **given: Any) -> Any:
    api = import_module("statsmodels.formula.api")
    model = getattr(api, kind)(formula, _frame(), **given)
    return model.fit(**(settings or {})), _frame().head()


def _series_model(path: str, *args: Any, settings: Any = None, start: Any = 3, **given: Any) -> Any:
    """Results of a model of one time series, which predict from an observation on."""
    module, _, name = path.rpartition(".")
    model = getattr(import_module(f"statsmodels.tsa.{module}"), name)(*args, **given)
    return model.fit(**(settings or {})), start


def _of(module: str, name: str) -> Any:
    return getattr(import_module(f"statsmodels.{module}"), name)


def _smoothing(name: str = "ExponentialSmoothing", **arguments: Any) -> Any:
    return _series_model(
        f"holtwinters.{name}", _series(), initialization_method="estimated", **arguments
    )


def _beta() -> Any:
    share = np.clip(POSITIVE[:, 0] / POSITIVE[:, 0].max(), 0.01, 0.99)
    return _of("othermod.betareg", "BetaModel")(share, _WITH_ONE).fit(disp=0), _WITH_ONE[:5]


def _ordered() -> Any:
    names = pd.Series(pd.Categorical(NAMES, ["low", "middle", "high"], ordered=True))
    model = _of("miscmodels.ordinal_model", "OrderedModel")(names, X[:, 3:])
    return model.fit(disp=0), X[:5, 3:]


def _additive() -> Any:
    splines = _of("gam.api", "BSplines")(X[:, :1], df=[5], degree=[3])
    return _of("gam.api", "GLMGam")(NUMBER, exog=_WITH_ONE, smoother=splines).fit(), None


def _without_data() -> Any:
    results, _ = _fit("OLS", NUMBER, _WITH_ONE)
    results.remove_data()
    return results, _WITH_ONE[:5]


_REGRESSIONS: dict[str, Make] = {
    "ols": lambda: _fit("OLS", NUMBER, _WITH_ONE),
    "ols_of_frames": lambda: _fit("OLS", _frame()["y"], _frame()[["a", "b", "c"]].assign(one=1.0)),
    "ols_robust": lambda: _fit("OLS", NUMBER, _WITH_ONE, settings={"cov_type": "HC3"}),
    "ols_of_lags": lambda: _fit(
        "OLS", NUMBER, _WITH_ONE, settings={"cov_type": "HAC", "cov_kwds": {"maxlags": 2}}
    ),
    "ols_without_data": _without_data,
    "ols_regularised": lambda: (
        _api("OLS")(NUMBER, _WITH_ONE).fit_regularized(alpha=0.1),
        _WITH_ONE[:5],
    ),
    "wls": lambda: _fit("WLS", NUMBER, _WITH_ONE, weights=np.ones(ROWS)),
    "gls": lambda: _fit("GLS", NUMBER, _WITH_ONE),
    "glsar": lambda: (_api("GLSAR")(NUMBER, _WITH_ONE, rho=1).iterative_fit(2), _WITH_ONE[:5]),
    "quantiles": lambda: _fit("QuantReg", NUMBER, _WITH_ONE, settings={"q": 0.5}),
    "robust": lambda: _fit("RLM", NUMBER, _WITH_ONE, M=_api("robust.norms.HuberT")()),
    "recursive": lambda: _fit("RecursiveLS", NUMBER, _WITH_ONE),
    "rolling": lambda: (
        _of("regression.rolling", "RollingOLS")(NUMBER, _WITH_ONE, window=20).fit(),
        None,
    ),
    "glm": lambda: _fit("GLM", NUMBER, _WITH_ONE),
    "glm_binomial": lambda: _glm(_FLAGS, "Binomial"),
    "glm_poisson": lambda: _glm(_COUNT, "Poisson"),
    "glm_negative_binomial": lambda: _glm(_COUNT, "NegativeBinomial"),
    "glm_gamma": lambda: _glm(NUMBER - NUMBER.min() + 1, "Gamma", _api("families.links.Log")()),
    "glm_inverse_gaussian": lambda: _glm(
        POSITIVE[:, 0] + 1, "InverseGaussian", _api("families.links.Log")()
    ),
    "glm_tweedie": lambda: _glm(_COUNT, "Tweedie", var_power=1.5),
    "gee": lambda: _fit("GEE", NUMBER, _WITH_ONE, groups=GROUPS),
    "mixed": lambda: _fit("MixedLM", NUMBER, _WITH_ONE, groups=GROUPS),
    "logit": lambda: _quiet("Logit", _FLAGS, _WITH_ONE),
    "probit": lambda: _quiet("Probit", _FLAGS, _WITH_ONE),
    "poisson": lambda: _quiet("Poisson", _COUNT, _WITH_ONE),
    "negative_binomial": lambda: _quiet("NegativeBinomial", _COUNT, _WITH_ONE),
    "negative_binomial_p": lambda: _quiet("NegativeBinomialP", _COUNT, _WITH_ONE),
    "generalised_poisson": lambda: _quiet("GeneralizedPoisson", _COUNT, _WITH_ONE),
    "zero_inflated": lambda: (
        _api("ZeroInflatedPoisson")(_COUNT, _WITH_ONE).fit(disp=0),
        None,
    ),
    "several_classes": lambda: _quiet("MNLogit", np.asarray(GROUPS % 3), _WITH_ONE),
    "ordered": _ordered,
    "beta": _beta,
    "hazards": lambda: (_api("PHReg")(POSITIVE[:, 0], X[:, :2]).fit(), None),
    "additive": _additive,
    "kernel_regression": lambda: (
        _of("nonparametric.kernel_regression", "KernelReg")(NUMBER, X[:, :1], "c"),
        None,
    ),
    "distribution": lambda: (_of("distributions.empirical_distribution", "ECDF")(NUMBER), None),
    "factors": lambda: (_of("multivariate.factor", "Factor")(X, n_factor=1).fit(), None),
    "components": lambda: (_of("multivariate.pca", "PCA")(X), None),
}
_FORMULAS: dict[str, Make] = {
    "formula": lambda: _formula("ols", "y ~ a + b + C(name)"),
    "formula_of_functions": lambda: _formula("ols", "y ~ np.exp(a) + I(b**2) + a:b"),
    "formula_of_functions_with_a_state": lambda: _formula(
        "ols", "y ~ center(a) + bs(b, df=4) + standardize(c)"
    ),
    "formula_of_products": lambda: _formula("ols", "np.log(y + 100) ~ (a + b + c)**2 - 1"),
    "formula_of_quoted_names": lambda: _formula("ols", 'y ~ Q("a b") + a'),
    "formula_with_a_reference": lambda: _formula(
        "ols", "y ~ C(name, Treatment(reference='middle')) + a"
    ),
    "formula_logit": lambda: _formula("logit", "flag ~ a + name", {"disp": 0}),
    "formula_poisson": lambda: _formula("poisson", "count ~ a", {"disp": 0}),
    "formula_glm": lambda: _formula("glm", "count ~ a + name", family=_api("families.Poisson")()),
    "formula_mixed": lambda: _formula("mixedlm", "y ~ a", groups="group"),
    "formula_quantiles": lambda: _formula("quantreg", "y ~ a + b"),
}
_SEASONS: dict[str, Any] = {"trend": "add", "seasonal": "add", "seasonal_periods": 7}
_SERIES: dict[str, Make] = {
    "arima": lambda: _series_model("arima.model.ARIMA", _series(), order=(1, 1, 1)),
    "arima_of_an_array": lambda: _series_model(
        "arima.model.ARIMA", _series().to_numpy(), order=(2, 0, 0)
    ),
    "sarimax": lambda: _series_model(
        "statespace.sarimax.SARIMAX",
        _series(),
        exog=X[:, 0],
        order=(1, 0, 0),
        seasonal_order=(1, 0, 0, 7),
        settings={"disp": 0},
    ),
    "components_of_a_series": lambda: _series_model(
        "statespace.structural.UnobservedComponents",
        _series(),
        "local linear trend",
        settings={"disp": 0},
    ),
    "dynamic_factors": lambda: _series_model(
        "statespace.dynamic_factor.DynamicFactor",
        X[:, :2],
        k_factors=1,
        factor_order=1,
        settings={"disp": 0, "maxiter": 3},
    ),
    "varmax": lambda: _series_model(
        "statespace.varmax.VARMAX", X[:, :2], order=(1, 0), settings={"disp": 0, "maxiter": 3}
    ),
    "smoothing": lambda: _smoothing(**_SEASONS),
    "smoothing_by_products": lambda: _smoothing(**{**_SEASONS, "seasonal": "mul"}, use_boxcox=True),
    "simple_smoothing": lambda: _smoothing("SimpleExpSmoothing"),
    "holt": lambda: _smoothing("Holt", damped_trend=True),
    "autoregression": lambda: _series_model("ar_model.AutoReg", _series(), 2, seasonal=True),
    "distributed_lags": lambda: _series_model(
        "ardl.ARDL", _series(), 2, exog=pd.DataFrame({"a": X[:, 0]}, _series().index), order=1
    ),
    "vectors": lambda: _series_model(
        "api.VAR", _frame()[["a", "b"]].set_index(_series().index), start=None
    ),
    "cointegrated": lambda: _series_model(
        "vector_ar.vecm.VECM", _frame()[["a", "b"]].cumsum(), start=None
    ),
    "regimes": lambda: _series_model(
        "regime_switching.markov_regression.MarkovRegression", _series(), k_regimes=2
    ),
    "decomposed": lambda: (_of("tsa.seasonal", "STL")(_series(), period=7).fit(), None),
    "forecast_of_a_trend": lambda: _series_model("forecasting.theta.ThetaModel", _series()),
}


def _exponential() -> Any:
    """Keeps a compiled function."""
    return _series_model(
        "exponential_smoothing.ets.ETSModel", _series(), error="add", settings={"disp": 0}
    )


def _with_a_penalty() -> Any:
    """Keeps a function that calls what it is given."""
    return _api("Logit")(_FLAGS, _WITH_ONE).fit_regularized(disp=0), _WITH_ONE[:5]


def _quietly(make: Make) -> Make:
    def made() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return make()

    return made


_MODELS: dict[str, Make] = {
    **_REGRESSIONS,
    **_FORMULAS,
    **_SERIES,
    "exponential_smoothing_of_states": _exponential,
    "logit_with_a_penalty": _with_a_penalty,
}

ZOO = Zoo(
    "statsmodels",
    {name: _quietly(make) for name, make in _MODELS.items()},
    refused={
        ("exponential_smoothing_of_states", "any"): "a compiled function that trusts its arrays",
        ("logit_with_a_penalty", "any"): "a solver that calls what it is given",
    },
    not_dumped={("any", "skops"): "skops is for scikit-learn"},
    packs=("statsmodels",),
)
