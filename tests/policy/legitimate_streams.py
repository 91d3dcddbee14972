"""Legitimate streams that hold an object for each argument rule and each check of native state.

Most come from what other tests have; the rest is written here opcode by opcode, because the library
is not installed everywhere. None is larger than some kilobytes.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import cloudpickle
import numpy as np
import pandas as pd
from scipy import interpolate, stats

from malicious_samples.boosters import lightgbm
from tests.builder import Name, Pickle, Value
from tests.checkpoints import FLOATS, checkpoint
from tests.legitimate import composites, estimators
from tests.legitimate.values import VALUES
from tests.policy.rules import (
    test_callbacks,
    test_numerics,
    test_pandas_values,
    test_reduction_aliases,
    test_rules,
    test_statistics,
    test_torch,
)
from tests.soundness.libraries import (
    test_leaves,
    test_statespace,
    test_torch_sparse,
    test_xgboost,
)

__all__ = ["JUDGED", "TEAM", "streams"]

# Rules that no pack has, by the classes here that they are asked about.
TEAM = {"acme.models.Fields": "dataclass", "acme.models.Items": "subclass_of_container"}

# Whose parts the judge looks at, whatever their rules say.
JUDGED = frozenset(
    """
    collections.OrderedDict functools.partial operator.methodcaller pathlib.PurePosixPath
    sklearn.feature_selection._sequential.SequentialFeatureSelector
    sklearn.preprocessing._function_transformer.FunctionTransformer
    sklearn.preprocessing._polynomial.PolynomialFeatures
    """.split()
)

_LARGEST = 20_000
_COMPOSITES = """
function_cosines function_type gradient_boosting_log_loss gradient_boosting_quantile
hist_gradient_boosting_quantile kernel_of_precomputed neighbours_of_single_precision topics
""".split()
_ESTIMATORS = """
Birch BisectingKMeans DecisionTreeClassifier DictVectorizer FeatureHasher HDBSCAN HashingVectorizer
KMeans KernelDensity LabelBinarizer MultiLabelBinarizer NearestNeighbors OneClassSVM OneHotEncoder
PolynomialFeatures SequentialFeatureSelector SplineTransformer
""".split()


def _array(values: Any, kind: str = "f8") -> Value:
    data = np.asarray(values, kind)
    make, state = Name("numpy._core.multiarray", "_reconstruct"), [1, data.shape, None, False, None]

    def write(p: Pickle) -> None:
        state[2], state[4] = (lambda p: p.dtype(kind)), data.tobytes()
        p.call(make, Name("numpy", "ndarray"), (0,), b"b").save(tuple(state)).build()

    return write


def _made(module: str, name: str, **state: Value) -> Value:
    return lambda p: p.object_(Name(module, name), state=state)


def _call(module: str, name: str, *args: Value) -> Value:
    return lambda p: p.call(Name(module, name), *args)


def _arrow(*texts: str) -> Value:
    data = "".join(texts).encode()
    ends = np.cumsum([0, *map(len, texts)]).astype("<i8").tobytes()
    buffers = [
        None,
        _call("pyarrow.lib", "py_buffer", ends),
        _call("pyarrow.lib", "py_buffer", data),
    ]
    kind = _call("pyarrow.lib", "type_for_alias", "large_string")
    array = _call("pyarrow.lib", "_restore_array", (kind, len(texts), 0, 0, buffers, [], None))
    return _call("pyarrow.lib", "chunked_array", [array], kind)


_XGBOOST = test_xgboost.written(test_xgboost.booster())[0]
_ENTRIES: dict[str, Value] = {
    "arrow": _made("pandas.arrays", "ArrowStringArray", _pa_array=_arrow("a", "bc")),
    "booster": lambda p: p.raw(test_xgboost.stream(_XGBOOST)[2:-1]),
    "boosted": _made("xgboost.sklearn", "XGBRegressor", n_estimators=3),
    "catboost": lambda p: p.object_(
        Name("catboost.core", "CatBoostRegressor"), state={"__model": b"CBM1 ", "iterations": 3}
    ),
    "clusters": _made(
        "hdbscan.hdbscan_", "HDBSCAN", _single_linkage_tree=_array([[0, 1, 0.5, 2]]), min_samples=5
    ),
    "encoder": _made("category_encoders.hashing", "HashingEncoder", hash_method="md5"),
    "folds": _made("lightgbm.engine", "CVBooster", best_iteration=1, boosters=[]),
    "fields": lambda p: p.object_(Name("acme.models", "Fields"), state=[1, "a"]),
    "generator": lambda p: p.call(
        Name("numpy.random", "Generator"), lambda p: p.call(Name("numpy.random", "PCG64"))
    ),
    "items": _call("acme.models", "Items", {"a": 1}),
    "memory": _made("joblib.memory", "Memory", location=None, store_backend=None, verbose=0),
    "new": _call("copyreg", "__newobj__", Name("sklearn.preprocessing._data", "StandardScaler")),
    "masked": lambda p: p.object_(
        Name("numpy.ma", "MaskedArray"), state=(_array([1.0]), _array([1.0]))
    ),
    "surface": _made(
        "scipy.interpolate", "SmoothBivariateSpline",
        tck=(_array([0.0, 1]), _array([0.0, 1]), _array([1.0])), degrees=(0, 0),
    ),
    "named tuple": _call("dill._dill", "_create_namedtuple", "Point", ("x", "y"), "acme.points"),
    "names of a bunch": lambda p: (
        p.object_(Name("statsmodels.tools.tools", "Bunch")).mark().save("a", 1, "b", 2).setitems()
    ),
    "text": _call("numpy", "str_", "abc"),
    "type": _call("builtins", "type", None),
    "ufunc": _call("numpy.core", "_ufunc_reconstruct", "numpy", "log1p"),
    "within a partial": _call("re", "sub", "a"),
    "zone": _call("pytz", "_p", "Europe/Paris", 3600, 0, "CET"),
    "buffer": _call(
        "numpy._core.numeric", "_frombuffer", bytearray(16), lambda p: p.dtype("f8"), (2,), "C"
    ),
}  # fmt: skip


def streams() -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each stream."""
    for name, value in _values():
        try:
            data = pickle.dumps(value, 4)
        except Exception:  # noqa: BLE001  # what has another way to be written
            data = cloudpickle.dumps(value, 4)
        if len(data) <= _LARGEST:
            yield name, data
    for protocol in (0, 2):
        yield (
            f"protocol {protocol}",
            pickle.dumps([b"a", estimators.estimator("KMeans").model], protocol),
        )
    for name, value in test_reduction_aliases.CLOUDPICKLED.items():
        yield name, cloudpickle.dumps(value, 4)
    for name, fragment in _fragments():
        yield name, bytes(Pickle(5).save(fragment).stop())
    for name, value in test_torch.LEGITIMATE.items():
        yield f"checkpoint: {name}", checkpoint(value, storages={"0": FLOATS, "1": FLOATS})
    for name, data in test_torch_sparse.SOUND.items():
        yield f"sparse: {name}", data


def _values() -> Iterator[tuple[str, Any]]:
    for name, make in VALUES.items():
        yield name, make()
    for name in _COMPOSITES:
        yield name, composites.composite(name).model
    for name in _ESTIMATORS:
        yield name, estimators.estimator(name).model
    for table in (
        test_rules.LEGITIMATE, test_numerics.LEGITIMATE, test_pandas_values.LEGITIMATE,
    ):  # fmt: skip
        yield from table.items()
    yield "density", stats.gaussian_kde([1.0, 2, 4])
    yield "surface", interpolate.RectBivariateSpline(range(5), range(5), np.ones((5, 5)))
    yield "intervals", pd.arrays.IntervalArray.from_breaks([0, 1, 2])
    yield "lightgbm", lightgbm()
    yield "quantiles", test_leaves.forest(n_estimators=1, max_depth=2)


def _fragments() -> Iterator[tuple[str, Value]]:
    yield from _ENTRIES.items()
    yield from test_statistics.LEGITIMATE.items()
    for name, (fragment, _) in test_reduction_aliases.DILLED.items():
        yield name, fragment
    yield "callbacks", [test_callbacks.handle(), test_callbacks.monitor(), test_callbacks.bar()]
    yield "state space", [test_statespace.smoother(), test_statespace.initialization()]
