"""State space models of statsmodels: the compiled filters that ARIMA and its like keep.

Their constructors allocate arrays for the model they are given, and check most of its shapes. Then
the state replaces each of those arrays by another, whatever its size is, and the recursions write
to them by arithmetic on the model's dimensions.

Trust: the states are hostile.
Source: statsmodels ``tsa/statespace/_representation.pyx.in``, ``_initialization.pyx.in``,
``_kalman_filter.pyx.in`` and ``_kalman_smoother.pyx.in`` (``__init__``, ``__setstate__``,
``allocate_arrays``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from safeload.scan.program import ObjectToken, Token
from safeload.soundness.states import MISSING, Attributes, UnsoundError, attributes, each
from safeload.soundness.values import array, integer

__all__ = ["initialization", "kalman_filter", "kalman_smoother", "representation"]

Shapes = Mapping[str, tuple[int, ...]]

_COLLAPSED = 0x20


class _Size(NamedTuple):
    """Dimensions of a model.

    Attributes:
        endog: Number of series.
        states: Number of states.
        posdef: Number of disturbances.
        nobs: Number of observations.
    """

    endog: int
    states: int
    posdef: int
    nobs: int


@each
def initialization(built: ObjectToken) -> None:
    """``dInitialization(k_states, constant, stationary_cov, variance)`` and two arrays."""
    state = attributes(built)
    if state:
        states = integer(_argument(built, 0), "k_states")
        both = ("_tmp_transition", "_tmp_selected_state_cov")
        _fit(state, dict.fromkeys(both, (states, states)))


@each
def representation(built: ObjectToken) -> None:
    """``dStatespace(obs, design, …, selection, state_cov, flag)`` and what missing values need."""
    size = _size(built)
    selection = array(_argument(built, 6), "selection").shape
    covariance = array(_argument(built, 7), "state_cov").shape
    if selection[2] not in (1, size.nobs) or len(covariance) != 3:
        raise UnsoundError("selection does not have one matrix, or one for each observation")
    state = attributes(built)
    if not state:
        return
    p, m, r, nobs = size
    varying = nobs if selection[2] > 1 or covariance[2] > 1 else 1
    square = ("collapse_design", "collapse_obs_cov", "collapse_cholesky")
    _fit(
        state,
        {
            "missing": (p, nobs),
            "nmissing": (nobs,),
            "selected_state_cov": (m, m, varying),
            "tmp": (m, max(m, r)),
            "selected_obs": (p,),
            "selected_obs_intercept": (p,),
            "selected_design": (p * m,),
            "selected_obs_cov": (p * p,),
            "transform_cholesky": (p, p),
            "transform_obs_cov": (p, p),
            "transform_design": (p, m),
            "collapse_obs": (m,),
            "collapse_obs_tmp": (m,),
            **dict.fromkeys(square, (m, m)),
        },
    )
    if any(state.get(name, MISSING) is not None for name in _INITIAL):
        both = ("initial_state_cov", "initial_diffuse_state_cov")
        _fit(state, {"initial_state": (m,), **dict.fromkeys(both, (m, m))})
    missing = array(state["missing"], "missing")
    if not ((missing == 0) | (missing == 1)).all():
        raise UnsoundError("missing holds something other than zeros and ones")
    if (array(state["nmissing"], "nmissing") != missing.sum(axis=0)).any():
        raise UnsoundError("nmissing does not have the number of missing values")
    _within(state, "t", nobs)


_INITIAL = ("initial_state", "initial_state_cov", "initial_diffuse_state_cov")


@each
def kalman_filter(built: ObjectToken) -> None:
    """``dKalmanFilter(model, filter_method, …, conserve_memory, …)`` and its output."""
    state = attributes(built)
    if state:
        size = _size(_of_module(_argument(built, 0), "_representation"))
        _filtered(built, size, state)


def _filtered(built: ObjectToken, size: _Size, state: Attributes) -> None:
    memory = integer(_argument(built, 4), "conserve_memory")
    m, nobs, p = size.states, size.nobs, _observed(built, size)

    def kept(flag: int, otherwise: int) -> int:
        return otherwise if memory & flag else nobs

    means, covariances, smoothing = kept(0x01, 2), kept(0x02, 2), kept(0x100, 1)
    predicted = kept(0x08, 2)
    _fit(
        state,
        {
            "univariate_filter": (nobs,),
            "forecast": (p, means),
            "forecast_error": (p, means),
            "forecast_error_cov": (p, p, covariances),
            "forecast_error_diffuse_cov": (p, p, covariances),
            "standardized_forecast_error": (p, kept(0x200, 1)),
            "filtered_state": (m, kept(0x10, 2)),
            "filtered_state_cov": (m, m, kept(0x20, 2)),
            "predicted_state": (m, kept(0x04, 2) + 1),
            "predicted_state_cov": (m, m, predicted + 1),
            "predicted_diffuse_state_cov": (m, m, predicted + 1),
            "M": (m, p, predicted),
            "M_inf": (m, p, predicted),
            "kalman_gain": (m, p, kept(0x80, 1)),
            "loglikelihood": (kept(0x40, 1),),
            "converged_forecast_error_cov": (p, p),
            "converged_filtered_state_cov": (m, m),
            "converged_predicted_state_cov": (m, m),
            "converged_kalman_gain": (m, p),
            "converged_M": (m, p),
            "forecast_error_fac": (p, p),
            "forecast_error_work": (size.endog, size.endog),
            "forecast_error_ipiv": (p,),
            "tmp0": (m, m),
            "tmp00": (m, m),
            "tmp1": (m, p, smoothing),
            "tmp2": (p, smoothing),
            "tmp3": (p, m, smoothing),
            "tmp4": (p, p, smoothing),
            "tmpK0": (m,),
            "tmpK1": (m,),
            "tmpL0": (m, m),
            "tmpL1": (m, m),
        },
    )
    pivots = array(state["forecast_error_ipiv"], "forecast_error_ipiv")
    if pivots.dtype.kind not in "iu" or int(pivots.min()) < 0 or int(pivots.max()) > p:
        raise UnsoundError("forecast_error_ipiv names a row that does not exist")
    for name in ("t", "nobs_diffuse", "period_converged"):
        _within(state, name, nobs)


@each
def kalman_smoother(built: ObjectToken) -> None:
    """``dKalmanSmoother(model, filter, smoother_output, smooth_method)`` and its output."""
    model, source = _argument(built, 0), _of_module(_argument(built, 1), "_kalman_filter")
    if _argument(source, 0) is not model:
        raise UnsoundError("its filter is that of another model")
    state = attributes(built)
    if not state:
        return
    size = _size(_of_module(model, "_representation"))
    m, r, nobs, p = size.states, size.posdef, size.nobs, _observed(source, size)
    by_state = ("scaled_smoothed_estimator", "scaled_smoothed_diffuse_estimator")
    by_states = (
        "scaled_smoothed_estimator_cov",
        "scaled_smoothed_diffuse1_estimator_cov",
        "scaled_smoothed_diffuse2_estimator_cov",
    )
    for_each = ("smoothed_state_cov", "smoothed_state_autocov", "innovations_transition")
    _fit(
        state,
        {
            **dict.fromkeys(by_state, (m, nobs + 1)),
            **dict.fromkeys(by_states, (m, m, nobs + 1)),
            **dict.fromkeys(for_each, (m, m, nobs)),
            "smoothing_error": (p, nobs),
            "smoothed_state": (m, nobs),
            "smoothed_measurement_disturbance": (p, nobs),
            "smoothed_state_disturbance": (r, nobs),
            "smoothed_measurement_disturbance_cov": (p, p, nobs),
            "smoothed_state_disturbance_cov": (r, r, nobs),
            "tmp_autocov": (m, m),
            "tmpL": (m, max(m, r)),
            "tmpL2": (m, max(m, r)),
            "tmp0": (m, max(m, r)),
            "tmp00": (m, p),
            "tmp000": (m, p),
        },
    )
    # It goes backwards, and stands before the first one when it is done.
    if not -1 <= integer(state.get("t", MISSING), "t") <= nobs:
        raise UnsoundError("t is not an observation")


def _size(built: ObjectToken) -> _Size:
    observations = array(_argument(built, 0), "obs").shape
    selection = array(_argument(built, 6), "selection").shape
    if len(observations) != 2 or len(selection) != 3:
        raise UnsoundError("obs is not a table, or selection no table for each observation")
    size = _Size(observations[0], selection[0], selection[1], observations[1])
    if not all(size):
        raise UnsoundError("a model has no series, states, disturbances or observations")
    return size


def _observed(source: ObjectToken, size: _Size) -> int:
    """How many series a filter works on; as many as states if it collapses them."""
    method = integer(_argument(source, 1), "filter_method")
    return size.states if method & _COLLAPSED else size.endog


def _argument(built: ObjectToken, place: int) -> Token:
    if type(built.args) is not tuple or len(built.args) <= place:
        raise UnsoundError("it is made of fewer parts than it states")
    return built.args[place]


def _of_module(token: Token, module: str) -> ObjectToken:
    """An instance of a compiled type; of which, its own constructor looks at."""
    full = f"statsmodels.tsa.statespace.{module}"
    if isinstance(token, ObjectToken) and getattr(token.callable, "module", None) == full:
        return token
    raise UnsoundError("it is made of something that is not a part of it")


def _fit(state: Attributes, shapes: Shapes) -> None:
    for name, shape in shapes.items():
        if array(state.get(name, MISSING), name).shape != shape:
            raise UnsoundError(f"{name} does not have the size that the model says")


def _within(state: Attributes, name: str, bound: int) -> None:
    if not 0 <= integer(state.get(name, MISSING), name) <= bound:
        raise UnsoundError(f"{name} is not an observation")
