"""Caches, models that are not fitted, statsmodels and sktime: legitimate states, and no others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.scan import scan
from tests.builder import Name, Pickle, Value

Fragment = Callable[[Pickle], object]

MEMORY = Name("joblib.memory", "Memory")
UMAP = Name("umap.umap_", "UMAP")
SERIES = Name("sktime.forecasting.naive._naive", "NaiveForecaster")
DATA = Name("statsmodels.base.data", "PandasData")
OLS = Name("statsmodels.regression.linear_model", "OLS")
RESULTS = Name("statsmodels.regression.linear_model", "OLSResults")
BUNCH = Name("statsmodels.tools.tools", "Bunch")
FRAME = Name("pandas", "DataFrame")
NAMESPACE = Name("types", "SimpleNamespace")
EVIL = "__import__('os').system('true')"


def made(name: Name, **state: Value) -> Fragment:
    return lambda p: p.object_(name, state=state)


def texts(*names: str) -> Fragment:
    """An array of objects, as plain pickle writes one."""
    make, array = Name("numpy._core.multiarray", "_reconstruct"), Name("numpy", "ndarray")
    state = (1, (len(names),), lambda p: p.dtype("O8", order="|"), False, list(names))
    return lambda p: p.call(make, array, (0,), b"b").save(state).build()


def index(values: Value, name: str = "Index") -> Fragment:
    make = Name("pandas.core.indexes.base", "_new_Index")
    return lambda p: p.call(make, Name("pandas", name), {"data": values, "name": None})


def frame(*names: str, index_of: Value = None, **more: Value) -> Fragment:
    manager = Name("pandas.core.internals.managers", "BlockManager")
    columns = index_of or index(texts(*names))
    managed = lambda p: p.call(manager, (), [columns, index(texts())])  # noqa: E731
    state = {"_mgr": managed, "_typ": "dataframe", "_metadata": [], "attrs": {}, **more}
    return lambda p: p.object_(FRAME, state=state)


def restored(formula: Value, data: Value, **more: Value) -> Fragment:
    state = {"formula": formula, "frame": data, "restore_model_spec": True, **more}
    return lambda p: p.object_(DATA, state=state)


def reasons(value: Value) -> list[str]:
    data = bytes(Pickle().save(value).stop())
    found = judge(scan(data), Policy.default()).findings
    # What frames of so little data are made of is not the point.
    return [f.message for f in found if f.rule == "SL103" and "pandas" not in f.message[:7]]


LEGITIMATE: dict[str, Value] = {
    "a cache without a place": made(MEMORY, location=None, store_backend=None, verbose=0),
    "parameters": made(UMAP, n_neighbors=5, metric="cosine", metric_kwds={"p": 3}),
    "a model of numbers": made(OLS, data=made(DATA, endog=None), formula=None),
    "a model of a formula": made(OLS, formula="y ~ a + C(b)", data=made(DATA)),
    "results of a model": made(RESULTS, model=made(OLS, data=made(DATA))),
    "formulas by name": made(OLS, vc_formulas={"a": "0 + C(b)", "c": None}),
    "a formula with its data": restored("y ~ a + np.log(b)", frame("y", "a", "b")),
    "an older formula with its data": made(
        DATA, formula="y ~ a", frame=frame("y", "a"), restore_design_info=True
    ),
    "a forecaster": made(SERIES, strategy="last", _config_dynamic={}, backend="loky"),
    "a forecaster with a config": made(
        SERIES, _config={"backend:parallel": None, "backend:parallel:params": None}
    ),
    "a dict that is its own attributes": lambda p: (
        p.save(BUNCH)
        .empty_tuple()
        .newobj()
        .memo("bunch")
        .save("order", 1)
        .setitem()
        .recall("bunch")
        .build()
    ),
}
HOSTILE: dict[str, Value] = {
    "a cache with a place": made(MEMORY, location="/x", store_backend=None),
    "a cache with a store": made(MEMORY, location=None, store_backend=made(NAMESPACE)),
    "a cache that does not say where": made(MEMORY, verbose=0),
    "a cache without a state": lambda p: p.object_(MEMORY),
    "a fitted model": made(UMAP, n_neighbors=5, embedding_=texts("a")),
    "a model with private state": made(UMAP, _raw_data=None),
    "a model with a parameter that is an object": made(UMAP, metric=made(NAMESPACE)),
    "a formula that runs code": restored(f"y ~ {EVIL}", frame("y")),
    "a formula that runs code when it is fitted again": made(OLS, formula=f"y ~ {EVIL}"),
    "a formula in a dict that runs code": made(OLS, vc_formulas={"a": f"0 + {EVIL}"}),
    "a formula that is an object": made(OLS, formula=made(NAMESPACE)),
    "a formula of a name that is not a column": restored("y ~ stream", frame("y", "a")),
    "a formula of a quoted name that is not a column": restored('y ~ Q("stream")', frame("y")),
    "a formula without data": made(DATA, formula="y ~ a", restore_model_spec=True),
    "data without a formula": made(DATA, frame=frame("y"), restore_model_spec=True),
    "a formula with a dict for its data": restored("y ~ a", {"y": 1, "a": 2}),
    "a formula with an object for its data": restored("y ~ a", made(NAMESPACE)),
    "a formula with a frame whose columns are set again": restored(
        "y ~ stream", frame("y", "stream", columns=index(texts("y", "a")))
    ),
    "a formula with a frame of levels": restored(
        "y ~ a", frame(index_of=index(texts("y", "a"), "MultiIndex"))
    ),
    "a formula with a frame whose columns are not texts": restored(
        "y ~ a", frame(index_of=index(["y", "a"]))
    ),
    "the design of a formula": made(DATA, model_spec=EVIL),
    "the design of an older formula": made(DATA, design_info=EVIL),
    "a design in the model": made(OLS, model_spec=EVIL),
    "a design of a part": made(OLS, model_spec_linear=EVIL),
    "a model that is a namespace": made(RESULTS, model=made(NAMESPACE, model_spec=EVIL)),
    "a model that is a dict of attributes": made(
        RESULTS, model=lambda p: p.object_(BUNCH).save("model_spec", EVIL).setitem()
    ),
    "a model that is a distribution": made(
        RESULTS, model=made(Name("statsmodels.distributions.discrete", "zipoisson_gen"))
    ),
    "data that are a frame with attributes": made(OLS, data=frame("a", model_spec=EVIL)),
    "data that are a namespace": made(OLS, data=made(NAMESPACE, model_spec=EVIL)),
    "a state that is a pair": lambda p: p.object_(OLS, state=({"model_spec": EVIL}, None)),
    "a state that begins with a number": lambda p: p.object_(OLS, state=(1, {"model_spec": EVIL})),
    "a forecaster that connects": made(SERIES, backend="dask"),
    "a forecaster that connects by its config": made(
        SERIES, _config_dynamic={"backend:parallel": "ray"}
    ),
    "a forecaster that names a backend of joblib": made(
        SERIES, backend="loky", backend_params={"backend": "spark"}
    ),
    "a forecaster that writes where it is told": made(
        SERIES, _config={"backend:parallel:params": {"temp_folder": "/x"}}
    ),
    "a forecaster that converts by itself": made(SERIES, _check_X_y=Name("builtins", "dict")),
    "a forecaster whose config is not a dict": made(SERIES, _config=[("backend:parallel", "ray")]),
    "attributes that are another dict": lambda p: p.object_(BUNCH, state={"a": 1}),
}


@pytest.mark.parametrize("sentence", LEGITIMATE)
def test_passes(sentence: str) -> None:
    assert reasons(LEGITIMATE[sentence]) == []


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("sentence", HOSTILE)
def test_is_refused(sentence: str) -> None:
    assert reasons(HOSTILE[sentence]) != []


def test_columns_that_a_second_array_would_hide_are_not_parse_or_kill() -> None:
    """joblib writes names as a stream of their own, and its first array need not be its result."""
    nested = _two_arrays()
    columns = index(lambda p: p.object_array(nested, shape=(2,)))
    assert reasons(restored("y ~ stream", frame(index_of=columns))) != []


def _two_arrays() -> bytes:
    nested = Pickle(5)
    texts("y", "stream")(nested)
    nested.pop()
    texts("y", "a")(nested)
    return nested.finish()
