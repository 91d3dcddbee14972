"""Names that other releases wrote: accepted, and loaded or an error that says so; never an attack.

Files that old releases really wrote are scanned and loaded in ``test_releases.py``, where
``make releases`` has made them. Here are their names, in pickles that are made on the spot.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
from pandas.core.indexes.base import _new_Index
from scipy import sparse
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.neighbors import BallTree, KNeighborsClassifier

import safeload
from safeload.errors import LoadError
from safeload.policy.policy import Policy
from tests.builder import Name, Pickle
from tests.legitimate.sameness import difference
from tests.reduction_aliases import Names, joblib_bytes, pickle_bytes

DATA = np.array([[0.0, 1.0], [1.0, 0.5], [2.0, 0.0], [3.0, 2.0]])
TARGET = [0, 0, 1, 1]


class Outer:
    """Pickles as a spline does from scipy 1.18 on."""

    def __init__(self, inner: object) -> None:
        self.state = inner, np.empty(0)

    def __getstate__(self) -> tuple[object, ...]:
        return self.state


class Inner:
    """Pickles as the half of a spline that it delegates to."""

    def __init__(self, **parts: Any) -> None:
        vars(self).update(parts)


def halves(coefficients: int) -> Outer:
    """A cubic spline of ten knots, for which six coefficients are enough."""
    return Outer(Inner(k=3, t=np.arange(10.0), c=np.ones(coefficients), axis=0, extrapolate=True))


NUMPY_1: Names = {
    ("numpy._core.multiarray", "_reconstruct"): ("numpy.core.multiarray", "_reconstruct"),
}
NUMPY_1_SCALAR: Names = {
    ("numpy._core.multiarray", "scalar"): ("numpy.core.multiarray", "scalar"),
}
NUMPY_1_BUFFER: Names = {
    ("numpy._core.numeric", "_frombuffer"): ("numpy.core.numeric", "_frombuffer"),
}


@dataclass(frozen=True)
class Renamed:
    """An object of today, and the names another release has in its pickles.

    Attributes:
        make: Makes the object.
        names: Names elsewhere by those of today.
        loads: Whether the installed release can load them; None if that depends on it.
        protocols: Protocols in which all of the names occur.
    """

    make: Callable[[], Any]
    names: Names
    loads: bool | None = True
    protocols: tuple[int, ...] = field(default=(0, 2, 4))


def _pandas(*names: str) -> Names:
    homes = {
        "DataFrame": "pandas.core.frame",
        "Series": "pandas.core.series",
        "Index": "pandas.core.indexes.base",
        "RangeIndex": "pandas.core.indexes.range",
        "DatetimeIndex": "pandas.core.indexes.datetimes",
    }
    return {("pandas", name): (homes[name], name) for name in names}


def _moved(module: str, other: str, *names: str) -> Names:
    return {(module, name): (other, name) for name in names}


RENAMED: dict[str, Renamed] = {
    "arrays of numpy 1": Renamed(lambda: [DATA, np.array(["a", None], object)], NUMPY_1),
    "an array of numpy 1 in protocol 5": Renamed(lambda: DATA, NUMPY_1_BUFFER, protocols=(5,)),
    "scalars of numpy 1": Renamed(
        lambda: [np.float64(1.5), np.datetime64("2026-01-02")], NUMPY_1_SCALAR
    ),
    "a model with numpy 1": Renamed(lambda: LogisticRegression().fit(DATA, TARGET), NUMPY_1),
    "a masked array of numpy 1": Renamed(
        lambda: np.ma.array([1.0, 2.0], mask=[True, False]),
        _moved("numpy.ma", "numpy.ma.core", "MaskedArray"),
    ),
    "a sparse matrix of scipy 1.7": Renamed(
        lambda: sparse.csr_matrix(DATA),
        _moved("scipy.sparse._csr", "scipy.sparse.csr", "csr_matrix"),
    ),
    "a sparse array of scipy 1.9": Renamed(
        lambda: sparse.csr_array(DATA),
        _moved("scipy.sparse._csr", "scipy.sparse._arrays", "csr_array"),
        loads=False,
    ),
    "a search tree of scikit-learn 1.2": Renamed(
        lambda: BallTree(DATA),
        {
            ("sklearn.metrics._dist_metrics", "EuclideanDistance64"): (
                "sklearn.metrics._dist_metrics",
                "EuclideanDistance",
            )
        },
        loads=False,
        protocols=(0, 2, 4, 5),
    ),
    "a classifier by neighbours of scikit-learn 1.2": Renamed(
        lambda: KNeighborsClassifier(1, algorithm="ball_tree", metric="manhattan").fit(
            DATA, TARGET
        ),
        {
            ("sklearn.metrics._dist_metrics", "ManhattanDistance64"): (
                "sklearn.metrics._dist_metrics",
                "ManhattanDistance",
            ),
            **NUMPY_1,
        },
        loads=False,
    ),
    "a scorer of scikit-learn 1.3": Renamed(
        lambda: get_scorer("accuracy"),
        {
            ("sklearn.metrics._scorer", "_Scorer"): (
                "sklearn.metrics._scorer",
                "_PredictScorer",
            )
        },
        loads=False,
    ),
    "a frame of pandas 2": Renamed(
        lambda: pd.DataFrame(
            {"a": [1, 2], "b": [1.5, 2.5]}, columns=pd.Index(["a", "b"], dtype=object)
        ),
        _pandas("DataFrame", "Index", "RangeIndex"),
    ),
    "a series of pandas 2": Renamed(
        lambda: pd.Series([1.0], index=pd.DatetimeIndex(["2026-01-02"])),
        _pandas("Series", "DatetimeIndex"),
    ),
    "a spline of scipy 1.18": Renamed(
        lambda: halves(6),
        {
            (__name__, "Outer"): ("scipy.interpolate._bsplines", "BSpline"),
            (__name__, "Inner"): ("scipy.interpolate._bsplines", "_BSpline"),
        },
        loads=None,
    ),
    "an index of pandas 1": Renamed(
        lambda: pd.Index([1, 2]),
        {("pandas", "Index"): ("pandas.core.indexes.numeric", "Int64Index")},
        loads=False,
    ),
}


def _loss(module: str, name: str, *state: float) -> bytes:
    make, cls = Name(module, f"__pyx_unpickle_{name}"), Name(module, name)
    return Pickle(4).call(make, cls, 238750788, state).finish()


VENDORED = Name("sklearn.externals.joblib.numpy_pickle", "NumpyArrayWrapper")
# What no object of today stands for: the bytes, and whether the installed release can load them.
ASSEMBLED: dict[str, tuple[bytes, bool]] = {
    "a loss of scikit-learn 1.3": (_loss("sklearn._loss._loss", "CyHalfSquaredError"), False),
    "a loss of scikit-learn 1.5": (_loss("_loss", "CyHalfSquaredError"), False),
    "a loss of scikit-learn 1.5 that is still there": (
        _loss("_loss", "CyHalfMultinomialLoss"),
        True,
    ),
    "a loss with a parameter": (_loss("_loss", "CyPinballLoss", 0.5), False),
    "the loss of gradient boosting in scikit-learn 1.3": (
        Pickle(4)
        .object_(Name("sklearn.ensemble._gb_losses", "BinomialDeviance"), state={"K": 1})
        .finish(),
        False,
    ),
    "a loss by name of scikit-learn 1.5": (
        Pickle(4).call(Name("sklearn.linear_model._sgd_fast", "Log")).finish(),
        False,
    ),
    "the scorer of a search in scikit-learn 1.2": (
        Pickle(4).save([Name("sklearn.metrics._scorer", "_passthrough_scorer")]).finish(),
        False,
    ),
    "no time in pandas 2": (
        Pickle(4).call(Name("pandas._libs.tslibs.nattype", "__nat_unpickle"), None).finish(),
        False,
    ),
    "an array by the joblib that scikit-learn 0.20 had": (
        Pickle(2).array(bytes(8), wrapper=VENDORED, alignment=None).finish(),
        False,
    ),
    "UTC of pytz": (Pickle(4).call(Name("pytz", "_UTC")).finish(), False),
}
CASES = [
    *(
        pytest.param(pickle_bytes(case.make(), case.names, protocol), id=f"{name}-{protocol}")
        for name, case in RENAMED.items()
        for protocol in case.protocols
    ),
    *(
        pytest.param(joblib_bytes(case.make(), case.names), id=f"{name}-joblib")
        for name, case in RENAMED.items()
        if not any(name[0].startswith("numpy._core") for name in case.names)
    ),
    *(pytest.param(data, id=name) for name, (data, _) in ASSEMBLED.items()),
]


@pytest.mark.parametrize("data", CASES)
def test_names_of_another_release_are_accepted(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(data)

    report = safeload.audit(path).files[0]

    assert [finding.message for finding in report.findings] == []
    assert report.verdict == "accept"


@pytest.mark.parametrize(
    ("name", "protocol"),
    [
        (name, protocol)
        for name, case in RENAMED.items()
        for protocol in case.protocols
        if case.loads
    ],
)
def test_what_goes_by_another_name_loads_to_the_same(
    name: str, protocol: int, tmp_path: Path
) -> None:
    case = RENAMED[name]
    path = tmp_path / "model"
    path.write_bytes(pickle_bytes(case.make(), case.names, protocol))

    assert difference(safeload.load_unsigned(path), case.make()) is None


@pytest.mark.parametrize("name", [name for name, case in RENAMED.items() if case.loads is False])
def test_what_is_gone_is_an_error_of_loading(name: str, tmp_path: Path) -> None:
    case = RENAMED[name]
    path = tmp_path / "model"
    path.write_bytes(pickle_bytes(case.make(), case.names, 4))

    with pytest.raises(LoadError) as caught:
        safeload.load_unsigned(path)

    assert caught.value.code == "missing-name"
    assert caught.value.hint


@pytest.mark.parametrize("name", [name for name, (_, loads) in ASSEMBLED.items() if not loads])
def test_what_has_no_place_any_more_is_an_error_of_loading(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(ASSEMBLED[name][0])

    with pytest.raises(LoadError) as caught:
        safeload.load_unsigned(path)

    # pytz is installed where pandas 2 is.
    assert caught.value.code in ("missing-name", "library-missing")
    assert caught.value.hint


def test_the_error_of_a_model_says_which_release_wrote_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = RENAMED["a classifier by neighbours of scikit-learn 1.2"]
    path = tmp_path / "model"
    with monkeypatch.context() as patched:
        patched.setattr("sklearn.base.__version__", "1.2.2")
        path.write_bytes(pickle_bytes(case.make(), case.names, 4))

    with pytest.raises(LoadError) as caught:
        safeload.load_unsigned(path)

    wrote = f"The model was written by scikit-learn 1.2.2; installed is {sklearn.__version__}."
    assert caught.value.message.endswith(wrote)


def test_the_error_of_a_joblib_that_is_gone_says_which_release_wrote_it(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(ASSEMBLED["an array by the joblib that scikit-learn 0.20 had"][0])

    with pytest.raises(LoadError) as caught:
        safeload.load_unsigned(path)

    assert "scikit-learn before 0.21" in caught.value.message


class OldIndex:
    """An index that pickles as in pandas 1 and 2: made by the maker of all indexes."""

    def __init__(self, today: pd.Index) -> None:
        self.today = today

    def __reduce__(self) -> Any:
        return _new_Index, (type(self.today), {"data": self.today.array, "name": None})


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize(
    "index",
    [
        pd.TimedeltaIndex(["1D", None]),
        pd.PeriodIndex(["2026-01"], freq="M"),
        pd.CategoricalIndex(["a", "b", "a"]),
    ],
    ids=lambda index: type(index).__name__,
)
def test_indexes_as_pandas_2_writes_them(index: pd.Index, protocol: int, tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(pickle.dumps(OldIndex(index), protocol))

    loaded = safeload.load_unsigned(path)

    assert loaded.equals(index)
    assert difference(loaded, pickle.loads(path.read_bytes())) is None


def with_old_nodes(model: HistGradientBoostingClassifier, **changes: int) -> Any:
    """A copy of a model whose nodes are laid out as in scikit-learn 1.2, some fields set."""
    old = copy.deepcopy(model)
    for tree in (tree for trees in old._predictors for tree in trees):
        fields = tree.nodes.dtype.descr
        tree.nodes = tree.nodes.astype(
            [(name, "<u4" if name == "feature_idx" else kind) for name, kind in fields]
        )
        for name, value in changes.items():
            tree.nodes[name] = value
    return old


ROWS = np.arange(60.0).reshape(30, 2)
BOOSTED = HistGradientBoostingClassifier(max_iter=2, min_samples_leaf=2).fit(
    ROWS, np.arange(30) % 3
)


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_nodes_as_scikit_learn_1_2_lays_them_out(protocol: int, tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(pickle.dumps(with_old_nodes(BOOSTED), protocol))

    loaded = safeload.load_unsigned(path)

    assert difference(loaded._predictors, BOOSTED._predictors) is None
    assert loaded.predict(ROWS).tolist() == BOOSTED.predict(ROWS).tolist()


def test_nodes_of_scikit_learn_1_2_that_ask_beyond_the_data_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(pickle.dumps(with_old_nodes(BOOSTED, feature_idx=2**32 - 1)))

    assert safeload.audit(path).files[0].verdict == "refuse"


def test_a_spline_of_scipy_1_18_with_too_few_coefficients_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(pickle_bytes(halves(5), RENAMED["a spline of scipy 1.18"].names, 4))

    assert [finding.rule for finding in safeload.audit(path).files[0].findings] == ["SL401"]


# Under the same modules, and as old: what opens, runs, imports or takes bytes for memory.
GADGETS = [
    ("joblib.numpy_pickle_compat", "ZNDArrayWrapper"),
    ("numpy.core.memmap", "memmap"),
    ("numpy.core.multiarray", "frombuffer"),
    ("numpy.core.multiarray", "fromfile"),
    ("numpy.core.records", "fromfile"),
    ("numpy.core.numeric", "fromfunction"),
    ("numpy.core.shape_base", "_block_setup"),
    ("pandas.compat.pickle_compat", "load"),
    ("pandas.core.common", "pipe"),
    ("pandas.io.common", "get_handle"),
    ("pytz", "open_resource"),
    ("pytz", "timezone"),
    ("pytz.tzinfo", "unpickler"),
    ("scipy.io.matlab.mio", "loadmat"),
    ("scipy.misc", "face"),
    ("scipy.sparse._arrays", "_sparray"),
    ("sklearn._loss._loss", "__pyx_unpickle_Enum"),
    ("sklearn._loss._loss", "__pyx_unpickle_CyLossFunction"),
    ("sklearn.externals.joblib", "load"),
    ("sklearn.externals.joblib.numpy_pickle", "load"),
    ("sklearn.metrics._dist_metrics", "get_valid_metric_ids"),
    ("sklearn.utils._joblib", "Memory"),
    ("sklearn.utils.fixes", "delayed"),
]


@pytest.mark.parametrize(("module", "name"), GADGETS)
def test_what_old_releases_offer_beside_is_on_no_list(module: str, name: str) -> None:
    assert Policy.default().get(module, name) is None
