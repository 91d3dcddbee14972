"""Compiled filters of statsmodels: each array has the size that its model says.

What is forged is only written, never loaded, so that statsmodels need not be installed. Genuine
ones are accepted in ``tests/ecosystem``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.scan import scan
from tests.builder import Name, Pickle, Value

PATH = "statsmodels.tsa.statespace"
# Series, states, disturbances, observations: all different.
P, M, R, NOBS = 2, 4, 3, 7

Fragment = Callable[[Pickle], object]


def array(*shape: int, kind: str = "<f8", value: float = 0) -> Fragment:
    """An array as numpy pickles it, in the order of Fortran."""
    content = np.full(shape, value, kind).tobytes()
    given = (1, shape, lambda p: p.dtype(kind[1:]), True, content)
    make = Name("numpy._core.multiarray", "_reconstruct")
    return lambda p: p.call(make, Name("numpy", "ndarray"), (0,), b"b").save(given).build()


def made(module: str, name: str, args: tuple[Value, ...], state: dict[str, Value]) -> Fragment:
    return lambda p: p.call(Name(f"{PATH}.{module}", name), *args).save(state).build()


def shared(key: str, fragment: Fragment) -> Fragment:
    """What is written once and recalled afterwards."""

    def write(p: Pickle) -> None:
        try:
            p.recall(key)
        except KeyError:
            fragment(p)
            p.memo(key)

    return write


def representation(**changes: Value) -> Fragment:
    args = {
        "obs": array(P, NOBS),
        "design": array(P, M, 1),
        "obs_intercept": array(P, 1),
        "obs_cov": array(P, P, 1),
        "transition": array(M, M, 1),
        "state_intercept": array(M, 1),
        "selection": array(M, R, 1),
        "state_cov": array(R, R, 1),
        "diagonal": -1,
    }
    state = {
        "initial_state": array(M),
        "initial_state_cov": array(M, M),
        "initial_diffuse_state_cov": array(M, M),
        "missing": array(P, NOBS, kind="<i4"),
        "nmissing": array(NOBS, kind="<i4"),
        "selected_state_cov": array(M, M, 1),
        "tmp": array(M, M),
        "selected_obs": array(P),
        "selected_obs_intercept": array(P),
        "selected_design": array(P * M),
        "selected_obs_cov": array(P * P),
        "transform_cholesky": array(P, P),
        "transform_obs_cov": array(P, P),
        "transform_design": array(P, M),
        "collapse_obs": array(M),
        "collapse_obs_tmp": array(M),
        "collapse_design": array(M, M),
        "collapse_obs_cov": array(M, M),
        "collapse_cholesky": array(M, M),
        "t": NOBS,
        "initialized": 1,
    }
    for name, value in changes.items():
        (args if name in args else state)[name] = value
    return made("_representation", "dStatespace", tuple(args.values()), state)


def kalman_filter(memory: int = 0, method: int = 1, **changes: Value) -> Fragment:
    model = changes.pop("model", shared("model", representation()))
    p = M if method & 0x20 else P
    state = {
        "univariate_filter": array(NOBS, kind="<i4"),
        "forecast": array(p, 2 if memory & 1 else NOBS),
        "forecast_error": array(p, 2 if memory & 1 else NOBS),
        "forecast_error_cov": array(p, p, NOBS),
        "forecast_error_diffuse_cov": array(p, p, NOBS),
        "standardized_forecast_error": array(p, NOBS),
        "filtered_state": array(M, NOBS),
        "filtered_state_cov": array(M, M, NOBS),
        "predicted_state": array(M, NOBS + 1),
        "predicted_state_cov": array(M, M, NOBS + 1),
        "predicted_diffuse_state_cov": array(M, M, NOBS + 1),
        "M": array(M, p, NOBS),
        "M_inf": array(M, p, NOBS),
        "kalman_gain": array(M, p, NOBS),
        "loglikelihood": array(NOBS),
        "converged_forecast_error_cov": array(p, p),
        "converged_filtered_state_cov": array(M, M),
        "converged_predicted_state_cov": array(M, M),
        "converged_kalman_gain": array(M, p),
        "converged_M": array(M, p),
        "forecast_error_fac": array(p, p),
        "forecast_error_work": array(P, P),
        "forecast_error_ipiv": array(p, kind="<i4"),
        "tmp0": array(M, M),
        "tmp00": array(M, M),
        "tmp1": array(M, p, NOBS),
        "tmp2": array(p, NOBS),
        "tmp3": array(p, M, NOBS),
        "tmp4": array(p, p, NOBS),
        "tmpK0": array(M),
        "tmpK1": array(M),
        "tmpL0": array(M, M),
        "tmpL1": array(M, M),
        "t": NOBS,
        "nobs_diffuse": 0,
        "period_converged": 0,
        **changes,
    }
    args = (model, method, 9, 1, memory, 0, 1e-19, 0)
    return made("_kalman_filter", "dKalmanFilter", args, state)


def smoother(**changes: Value) -> Fragment:
    model = changes.pop("model", shared("model", representation()))
    source = changes.pop("source", kalman_filter())
    state = {
        "scaled_smoothed_estimator": array(M, NOBS + 1),
        "scaled_smoothed_estimator_cov": array(M, M, NOBS + 1),
        "smoothing_error": array(P, NOBS),
        "smoothed_state": array(M, NOBS),
        "smoothed_state_cov": array(M, M, NOBS),
        "smoothed_measurement_disturbance": array(P, NOBS),
        "smoothed_state_disturbance": array(R, NOBS),
        "smoothed_measurement_disturbance_cov": array(P, P, NOBS),
        "smoothed_state_disturbance_cov": array(R, R, NOBS),
        "smoothed_state_autocov": array(M, M, NOBS),
        "innovations_transition": array(M, M, NOBS),
        "tmp_autocov": array(M, M),
        "scaled_smoothed_diffuse_estimator": array(M, NOBS + 1),
        "scaled_smoothed_diffuse1_estimator_cov": array(M, M, NOBS + 1),
        "scaled_smoothed_diffuse2_estimator_cov": array(M, M, NOBS + 1),
        "tmpL": array(M, M),
        "tmpL2": array(M, M),
        "tmp0": array(M, M),
        "tmp00": array(M, P),
        "tmp000": array(M, P),
        "t": -1,
        **changes,
    }
    return made("_kalman_smoother", "dKalmanSmoother", (model, source, 31, 0), state)


def initialization(**changes: Value) -> Fragment:
    state = {"_tmp_transition": array(M, M), "_tmp_selected_state_cov": array(M, M), **changes}
    args = (M, array(M), array(M, M), 1e6)
    return made("_initialization", "dInitialization", args, state)


def findings(value: Value) -> list[str]:
    data = bytes(Pickle().save(value).stop())
    return [f.rule for f in judge(scan(data), Policy.default(packs=["statsmodels"])).findings]


LEGITIMATE: dict[str, Fragment] = {
    "representation": representation(),
    "representation that was not begun": representation(
        initial_state=None, initial_state_cov=None, initial_diffuse_state_cov=None
    ),
    "representation that varies": representation(
        state_cov=array(R, R, NOBS), selected_state_cov=array(M, M, NOBS)
    ),
    "representation with a missing value": representation(
        missing=array(P, NOBS, kind="<i4", value=1),
        nmissing=array(NOBS, kind="<i4", value=P),
    ),
    "filter": kalman_filter(),
    "filter that forgets forecasts": kalman_filter(memory=1),
    "smoother": smoother(),
    "initialization": initialization(),
}
FORGED: dict[str, Fragment] = {
    "selection for some observations": representation(selection=array(M, R, 3)),
    "too few observations selected": representation(selected_obs=array(1)),
    "a temporary table that is too small": representation(tmp=array(1, 1)),
    "a design that is too small": representation(selected_design=array(P)),
    "a first state that is too small": representation(initial_state=array(1)),
    "a first covariance that is too small": representation(initial_state_cov=array(1, 1)),
    "a covariance of one observation": representation(
        state_cov=array(R, R, NOBS), selected_state_cov=array(M, M, 1)
    ),
    "more missing than series": representation(nmissing=array(NOBS, kind="<i4", value=9)),
    "fewer missing than there are": representation(nmissing=array(NOBS, kind="<i4", value=-1)),
    "an observation after the last": representation(t=NOBS + 1),
    "an observation before the first": representation(t=-1),
    "no time at all": representation(t=None),
    "a forecast that is too short": kalman_filter(forecast=array(P, 2)),
    "a forecast that is kept although it is not": kalman_filter(memory=0, forecast=array(P, 1)),
    "a state that is too short": kalman_filter(predicted_state=array(M, NOBS)),
    "a state of fewer states": kalman_filter(filtered_state=array(1, NOBS)),
    "a gain that is too small": kalman_filter(kalman_gain=array(1, 1, 1)),
    "a pivot beyond the rows": kalman_filter(forecast_error_ipiv=array(P, kind="<i4", value=2**30)),
    "a pivot before the rows": kalman_filter(forecast_error_ipiv=array(P, kind="<i4", value=-1)),
    "a filter at another time": kalman_filter(t=2**31 - 1),
    "a filter of what is not a model": kalman_filter(model=None),
    "a filter that collapses less than it says": kalman_filter(
        method=0x21, forecast=array(P, NOBS)
    ),
    "a smoother of another model": smoother(model=representation()),
    "a smoother of no filter": smoother(source=None),
    "a smoothed state that is too short": smoother(smoothed_state=array(M, 1)),
    "a smoothed disturbance that is too short": smoother(smoothed_state_disturbance=array(1, 1)),
    "a smoother at another time": smoother(t=-2),
    "a table of another size": initialization(_tmp_transition=array(1, 1)),
    "a table that is a list": initialization(_tmp_transition=[1.0]),
}


@pytest.mark.parametrize("sentence", LEGITIMATE)
def test_is_accepted(sentence: str) -> None:
    assert findings(LEGITIMATE[sentence]) == []


@pytest.mark.parametrize("sentence", FORGED)
def test_is_refused(sentence: str) -> None:
    assert "SL401" in findings(FORGED[sentence])


def _names() -> list[tuple[str, str, Any]]:
    return [
        ("representation", name, representation)
        for name in ("missing", "collapse_obs", "collapse_design", "transform_cholesky")
    ] + [
        ("filter", name, kalman_filter)
        for name in ("M", "M_inf", "tmp1", "tmp2", "tmp3", "tmp4", "tmpK0", "tmpL1", "converged_M")
    ]


@pytest.mark.parametrize(("kind", "name", "make"), _names())
def test_no_array_may_be_left_out_or_of_another_size(kind: str, name: str, make: Any) -> None:
    del kind
    assert findings(make(**{name: array(1)})) == ["SL401"]
