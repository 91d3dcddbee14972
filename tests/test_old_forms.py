"""Forms that old releases gave the same objects: accepted if they are sound, as today's forms are.

Made on the spot: classes of this module pickle as pandas before 1.3, scipy before 1.6, numpy before
1.17 and scikit-learn before 0.24 did, and go by those libraries' names.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.cluster import KMeans
from sklearn.tree import DecisionTreeClassifier

import safeload
from safeload.errors import LoadError
from tests.builder import Name, Pickle, Value
from tests.reduction_aliases import Names, pickle_bytes

ROWS = np.arange(20.0).reshape(10, 2)


class Plain:
    """Pickles as an empty instance with a state of its own choice."""

    def __init__(self, state: Any) -> None:
        self.state = state

    def __getstate__(self) -> Any:
        return self.state


class Frame(Plain): ...


class Manager(Plain): ...


class Categories(Plain): ...


class Norm(Plain): ...


NAMES: dict[type, Names] = {
    Frame: {
        (__name__, "Frame"): ("pandas.core.frame", "DataFrame"),
        (__name__, "Manager"): ("pandas.core.internals.managers", "BlockManager"),
    },
    Categories: {(__name__, "Categories"): ("pandas.core.arrays.categorical", "Categorical")},
    Norm: {(__name__, "Norm"): ("scipy.stats._continuous_distns", "norm_gen")},
}


def dumped(value: Any, protocol: int = 4) -> bytes:
    return pickle_bytes(value, NAMES.get(type(value), {}), protocol)


def audited(data: bytes, folder: Path) -> Any:
    path = folder / "model"
    path.write_bytes(data)
    return safeload.audit(path).files[0]


def rules(data: bytes, folder: Path) -> set[str]:
    return {finding.rule for finding in audited(data, folder).findings}


# -- pandas before 1.3 -----------------------------------------------------------------------------

NUMBERS, TEXTS = np.arange(6.0).reshape(2, 3), np.array([["x", "y", None]], object)


def frame(*blocks: tuple[Any, Any], columns: int = 3, rows: int = 3, **changes: Any) -> Frame:
    """A frame as pandas before 1.3 pickles it; unless said otherwise of two blocks."""
    listed = blocks or ((NUMBERS, slice(0, 2, 1)), (TEXTS, slice(2, 3, 1)))
    parts: dict[str, Any] = {
        "axes": [pd.Index([f"c{n}" for n in range(columns)], dtype=object), pd.RangeIndex(rows)],
        "blocks": [{"values": values, "mgr_locs": places} for values, places in listed],
    }
    state: Any = (parts["axes"], [], [], {"0.14.1": {**parts, **changes}})
    return Frame({"_mgr": Manager(state), "_typ": "dataframe", "attrs": {}})


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_frame_of_pandas_1_2_loads(protocol: int, tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(dumped(frame(), protocol))

    loaded = safeload.load_unsigned(path)

    expected = {"c0": [0.0, 1.0, 2.0], "c1": [3.0, 4.0, 5.0], "c2": ["x", "y", None]}
    assert type(loaded) is pd.DataFrame
    assert {name: list(loaded[name]) for name in loaded} == expected


def test_a_block_may_name_its_columns_one_by_one(tmp_path: Path) -> None:
    data = frame((NUMBERS, np.array([2, 0])), (TEXTS, np.array([1])))

    assert rules(dumped(data), tmp_path) == set()


FORGED: dict[str, Callable[[], Frame]] = {
    "more columns than the block has rows": lambda: frame((NUMBERS, slice(0, 3, 1)), columns=3),
    "a column beyond all others": lambda: frame((NUMBERS, slice(0, 2, 1)), (TEXTS, slice(7, 8, 1))),
    "a column twice": lambda: frame((NUMBERS, slice(0, 2, 1)), (TEXTS, slice(1, 2, 1))),
    "a column that nobody has": lambda: frame(columns=4),
    "fewer labels than rows": lambda: frame(rows=2),
    "more labels than rows": lambda: frame(rows=4),
    "places that are negative": lambda: frame((NUMBERS, np.array([-1, 0])), (TEXTS, np.array([1]))),
    "rows without elements": lambda: frame(
        (np.empty((2**31 - 1, 0)), slice(0, 2**31 - 1, 1)), rows=0
    ),
    "one axis": lambda: frame(axes=[pd.RangeIndex(3)]),
    "blocks in a tuple": lambda: frame(blocks=()),
    "a block that is none": lambda: frame(blocks=[None]),
    "values that are none": lambda: frame((None, slice(0, 3, 1))),
}


@pytest.mark.parametrize("case", FORGED)
def test_a_frame_that_pandas_would_read_out_of_bounds_is_not_accepted(
    case: str, tmp_path: Path
) -> None:
    report = audited(dumped(FORGED[case]()), tmp_path)

    assert report.verdict != "accept"


def test_a_frame_in_two_forms_is_refused(tmp_path: Path) -> None:
    other = frame()
    manager = other.state["_mgr"]
    manager.state = (*manager.state[:3], {**manager.state[3], "0.15": {}})

    assert rules(dumped(other), tmp_path) == {"SL401"}


def categories(codes: Any, **changes: Any) -> Categories:
    dtype = pd.CategoricalDtype(["a", "b"])
    return Categories({"_dtype": dtype, "_codes": codes, **changes})


def test_categories_of_pandas_1_2_load(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(dumped(categories(np.array([0, 1, -1], "i1"))))

    assert list(safeload.load_unsigned(path)) == ["a", "b", np.nan]


@pytest.mark.parametrize(
    "forged",
    [
        categories(np.array([0, 2], "i1")),
        categories(np.array([-2], "i1")),
        categories(np.array([0.5])),
        categories(np.zeros((2, 2), "i1")),
        categories(None),
        categories(np.array([0], "i1"), _ndarray=np.array([9], "i1")),
        categories(np.array([0], "i1"), _dtype=None),
    ],
)
def test_codes_without_a_category_are_refused(forged: Categories, tmp_path: Path) -> None:
    assert "SL401" in rules(dumped(forged), tmp_path)


# -- scipy before 1.6, numpy before 1.17 -----------------------------------------------------------

PARAMETERS = {
    "momtype": 1, "a": -np.inf, "b": np.inf, "xtol": 1e-14, "badvalue": np.nan, "name": "norm",
    "longname": None, "shapes": None, "extradoc": None, "seed": None,
}  # fmt: skip


def test_a_distribution_of_scipy_1_5_loads(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(dumped(Norm((PARAMETERS, np.random.RandomState(1)))))

    loaded = safeload.load_unsigned(path)

    assert loaded.cdf(0.5) == stats.norm.cdf(0.5)


@pytest.mark.parametrize(
    "state",
    [
        ({**PARAMETERS, "shapes": "a, b=exit()"}, None),
        ({**PARAMETERS, "shapes": ["a"]}, None),
        ({**PARAMETERS, "_parse_arg_template": "raise SystemExit"}, None),
        ({"a": "_parse_arg_template", "b": "raise SystemExit"}, None),
        (("_parse_arg_template", "raise SystemExit"), ("a", 1)),
        ([("_parse_arg_template", "raise SystemExit")], None),
        (PARAMETERS, "xy"),
        (PARAMETERS, None, None),
        [PARAMETERS, None],
        ({**PARAMETERS, "values": Plain(1)}, None),
    ],
)
def test_a_distribution_made_with_anything_else_is_refused(state: Any, tmp_path: Path) -> None:
    assert "SL103" in rules(dumped(Norm(state)), tmp_path)


def twister(*state: Value) -> bytes:
    make = Name("numpy.random", "__RandomState_ctor")
    return Pickle(2).call(make).save(state).build().finish()


def key(count: int = 624) -> Value:
    empty = (Name("numpy", "ndarray"), (0,), b"b")
    state = (1, (count,), lambda p: p.dtype("u4"), False, bytes(4 * count))
    return lambda p: (
        p.call(Name("numpy.core.multiarray", "_reconstruct"), *empty).save(state).build()
    )


def test_random_numbers_of_numpy_1_16_load(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(twister("MT19937", key(), 624, 0, 0.0))

    assert type(safeload.load_unsigned(path)) is np.random.RandomState


@pytest.mark.parametrize(
    "state",
    [
        ("MT19937", key(), 625, 0, 0.0),
        ("MT19937", key(), -1, 0, 0.0),
        ("MT19937", key(), True, 0, 0.0),
        ("MT19937", [0] * 624, 624, 0, 0.0),
        ("MT19937", key(), 624, None, 0.0),
        ("MT19937", key(), 624, 0),
        ("PCG64", key(), 624, 0, 0.0),
    ],
)
def test_random_numbers_beyond_their_buffer_are_refused(
    state: tuple[Value, ...], tmp_path: Path
) -> None:
    assert "SL103" in rules(twister(*state), tmp_path)


# -- scikit-learn before 0.24 ----------------------------------------------------------------------


def without(model: Any, **changes: Any) -> Any:
    """A fitted model with other attributes; None takes one away."""
    old = copy.deepcopy(model)
    for name, value in changes.items():
        setattr(old, name, value)
        if value is None:
            delattr(old, name)
    return old


@pytest.mark.filterwarnings("ignore")
def test_centres_of_scikit_learn_0_22_are_accepted_and_predict_nothing(tmp_path: Path) -> None:
    fitted = KMeans(2, n_init=1, random_state=0).fit(ROWS)
    path = tmp_path / "model"
    path.write_bytes(dumped(without(fitted, n_features_in_=None, _n_threads=None)))

    loaded = safeload.load_unsigned(path)

    # Compiled code would be given the threads, which are not there.
    with pytest.raises(AttributeError):
        loaded.predict(np.ones((3, 500)))


@pytest.mark.parametrize("missing", ["n_features_in_", "cluster_centers_"])
def test_centres_of_any_width_are_refused(missing: str, tmp_path: Path) -> None:
    fitted = KMeans(2, n_init=1, random_state=0).fit(ROWS)
    changes: dict[str, Any] = {"n_features_in_": None}
    if missing == "cluster_centers_":
        changes = {"cluster_centers_": np.ones(2)}

    assert rules(dumped(without(fitted, **changes)), tmp_path) == {"SL401"}


class OldTree:
    """Pickles as ``Tree`` did before values could be missing: its nodes have a field less."""

    def __init__(self, tree: Any) -> None:
        self.tree = tree

    def __reduce__(self) -> Any:
        make, arguments, state = self.tree.__reduce__()
        fields = state["nodes"].dtype
        kept = [name for name in fields.names if name != "missing_go_to_left"]
        nodes = np.zeros(len(state["nodes"]), [(name, fields[name]) for name in kept])
        for name in kept:
            nodes[name] = state["nodes"][name]
        return make, arguments, {**state, "nodes": nodes}


def tree(*, old: bool, features: int = 2) -> bytes:
    fitted = DecisionTreeClassifier(random_state=0).fit(ROWS, np.arange(10) % 2)
    nodes = OldTree(fitted.tree_) if old else fitted.tree_
    changes = {"n_features_in_": None, "n_features_": features, "tree_": nodes}
    return dumped(without(fitted, **changes))


def test_a_tree_of_scikit_learn_0_23_is_accepted_and_an_error_of_loading(tmp_path: Path) -> None:
    data = tree(old=True)

    assert rules(data, tmp_path) == set()
    with pytest.raises(LoadError):
        safeload.load_unsigned(tmp_path / "model")


def test_a_tree_that_could_load_says_how_wide_its_data_is(tmp_path: Path) -> None:
    assert rules(tree(old=False), tmp_path) == {"SL401"}


def test_a_tree_of_scikit_learn_0_23_reads_no_more_columns_than_it_says(tmp_path: Path) -> None:
    assert rules(tree(old=True, features=1), tmp_path) == {"SL401"}
