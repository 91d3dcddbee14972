"""Frames, series, indexes and arrays of pandas: all that pandas writes passes its checks."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import safeload
from safeload.scan.program import Global, Mapping, ObjectToken, Use
from safeload.soundness import check_named
from tests.samples import CONTAINERS

MIXED = pd.DataFrame(
    {
        "float": [1.0, None, 3.0],
        "int": [1, 2, 3],
        "float again": [4.0, 5.0, 6.0],
        "text": ["a", "b", None],
        "object": [[1], {"a": 1}, None],
        "category": pd.Categorical(["a", None, "b"]),
        "moment": pd.to_datetime(["2020", "2021", None]),
        "zone": pd.to_datetime(["2020", "2021", None]).tz_localize("UTC"),
        "span": pd.to_timedelta([1, 2, None], "s"),
        "month": pd.period_range("2020", periods=3, freq="M"),
        "Int64": pd.array([1, None, 3], dtype="Int64"),
        "boolean": pd.array([True, None, False], dtype="boolean"),
        "Float64": pd.array([1.5, None, 2.5], dtype="Float64"),
        "sparse": pd.arrays.SparseArray([0, 1, 0]),
        "blocks": pd.arrays.SparseArray([0.0, 1.0, 2.0], kind="block", fill_value=0.0),
        "interval": pd.interval_range(0, 3),
    }
)
WRITTEN: dict[str, Any] = {
    "a frame of every type": MIXED,
    "a frame whose columns were moved": MIXED[MIXED.columns[[9, 2, 0, 5, 1]]].assign(new=1.0),
    "a frame after a column was put in": MIXED.drop(columns="int").copy(),
    "a frame of one block backwards": pd.DataFrame(np.eye(3))[[2, 1, 0]],
    "a frame without columns": MIXED[[]],
    "a frame without rows": MIXED[:0],
    "an empty frame": pd.DataFrame(),
    "a frame with levels on both sides": pd.DataFrame(
        np.eye(4),
        index=pd.MultiIndex.from_product([[1, 2], ["a", None]]),
        columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1), ("b", 2)]),
    ),
    "a frame with a date for each row": MIXED.set_index("zone"),
    "a frame with the same column twice": pd.concat([MIXED, MIXED], axis=1),
    "a frame of summaries": MIXED.describe(),
    "a transposed frame": MIXED[["float", "int"]].T,
    "columns of a frame": [MIXED[column] for column in MIXED],
    "a series of part of another": MIXED["text"][1:],
    "a series without values": MIXED["moment"][:0],
    "a series of groups": MIXED.groupby("text")["int"].sum(),
    "categories of categories": pd.Series(pd.cut([1, 2, 3], 2)),
    "categories without any": pd.Categorical([None, None]),
    "an index of categories": pd.CategoricalIndex(["a", "b"]),
    "an index of intervals": pd.IntervalIndex.from_breaks(pd.to_datetime(["2020", "2021"])),
    "an index going down": pd.RangeIndex(10, 0, -3),
    "a level that nothing has": pd.MultiIndex.from_product([[1, 2], ["a"]])[:1],
    "a label that is nearly one of numpy's": pd.Series([1], index=["array_interface"]),
    "rows as moments": pd.date_range("2020", periods=3, freq="D", tz="Europe/Paris"),
}


@pytest.mark.parametrize("container", [name for name in CONTAINERS if name != "skops"])
@pytest.mark.parametrize("name", WRITTEN)
def test_what_pandas_writes_is_loaded(name: str, container: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    CONTAINERS[container](WRITTEN[name], path)
    loaded = safeload.load_unsigned(path)
    if isinstance(loaded, pd.DataFrame):
        pd.testing.assert_frame_equal(loaded, WRITTEN[name])
    else:
        assert str(loaded) == str(WRITTEN[name])


def placed(*places: Any) -> Callable[[], pd.DataFrame]:
    def forged() -> pd.DataFrame:
        from pandas._libs.internals import BlockPlacement

        frame = pd.DataFrame({"a": [1.0], "b": ["x"], "c": [2.0]})
        for block, place in zip(frame._mgr.blocks, places, strict=True):
            block.mgr_locs = BlockPlacement(place)
        return frame

    return forged


def with_levels(*levels: Any, codes: Any) -> Callable[[], pd.MultiIndex]:
    return lambda: pd.MultiIndex(levels, codes, verify_integrity=False)


def text_backwards() -> pd.DataFrame:
    frame = pd.DataFrame({"a": [1.0], "b": ["x"]})
    frame._mgr.blocks[0].values = np.zeros((2, 1))
    return frame


def other_axis() -> pd.Series:
    series = pd.Series([1.0, 2.0])
    series._mgr.axes[0] = pd.Index(["a", "b", "c"])
    return series


def other_places() -> pd.Series:
    from pandas._libs.internals import BlockPlacement

    series = pd.Series([1.0, 2.0])
    series._mgr.blocks[0].mgr_locs = BlockPlacement(slice(0, 2**40))
    return series


def float_moments() -> Any:
    array = pd.array(["2020"], dtype="datetime64[ns]")
    array.__setstate__((array.dtype, np.zeros(1), {}))
    return array


def texts_as_codes() -> Any:
    array = pd.Categorical(["a"])
    array.__setstate__((np.dtype("i8"), np.zeros(1, "i1"), {}))
    return array


def further_values() -> Any:
    array = pd.Categorical(["a"])
    array.__dict__["_ndarray"] = np.full(1, 100)
    return array


def mask_of_numbers() -> Any:
    array = pd.array([1, 2], dtype="Int64")
    array._mask = np.zeros(2, "i8")
    return array


def floats_as_integers() -> Any:
    array = pd.array([1, 2], dtype="Int64")
    array._data = np.zeros(2)
    return array


def sparse_without_index() -> Any:
    array = pd.arrays.SparseArray([0, 1])
    array._sparse_index = None
    return array


FORGED: dict[str, Callable[[], Any]] = {
    "a column twice": placed([0, 0], [1]),
    "a column left out": placed([0, 3], [1]),
    "a column below zero": placed([0, -1], [1]),
    "a block of more rows than columns": text_backwards,
    "labels more than values": other_axis,
    "places more than values": other_places,
    "a code below none": with_levels([1, 2], codes=[[0, -2]]),
    "a code beyond the level": with_levels([1, 2], codes=[[0, 2]]),
    "codes of two lengths": with_levels([1, 2], [3], codes=[[0, 1], [0]]),
    "floats for moments": float_moments,
    "codes without categories": texts_as_codes,
    "values in the place of what was checked": further_values,
    "a mask of numbers": mask_of_numbers,
    "floats for integers": floats_as_integers,
    "a sparse array without index": sparse_without_index,
    "an interface in a category": lambda: pd.CategoricalIndex(["__array_interface__"]),
    "an interface in a level": lambda: pd.MultiIndex.from_tuples([("__array_struct__", 1)]),
    "an interface of numpy's own texts": lambda: pd.Index(
        np.array([np.str_("__array_interface__"), 1], object)
    ),
}


@pytest.mark.parametrize("name", FORGED)
def test_what_does_not_belong_together_is_refused(name: str, tmp_path: Path) -> None:
    for protocol in (2, 5):
        path = tmp_path / f"file-{protocol}"
        path.write_bytes(pickle.dumps(FORGED[name](), protocol))
        report = safeload.audit(path).files[0]
        # Some of it is a matter of arguments already.
        assert {finding.rule for finding in report.findings} <= {"SL103", "SL401"}
        assert report.verdict is safeload.Verdict.REFUSE


def _call(module: str, name: str, *args: Any) -> ObjectToken:
    return ObjectToken(Global(module, name, None, 0), Use.CALL, args, 0)


def _array(values: Any) -> Any:
    data = np.asarray(values)
    from safeload.scan.program import Array, ArraySpan

    return Array(ArraySpan(0, data.nbytes, data.dtype.str, data.shape, "C"), data.tobytes())


@pytest.mark.parametrize(
    ("args", "sound"),
    [
        ((9, _array([0, 5]), _array([3, 4])), True),
        ((9, _array([0, 5]), _array([3, 5])), False),
        ((9, _array([0, 2]), _array([3, 4])), False),
        ((9, _array([5, 0]), _array([1, 1])), False),
        ((9, _array([-1]), _array([1])), False),
        ((9, _array([0]), _array([0])), False),
        ((9, _array([0]), _array([-1])), False),
        ((9, _array([0]), _array([1, 1])), False),
        ((2**40, _array([0]), _array([2**35])), False),
        ((9, _array([0.5]), _array([1])), False),
    ],
)
def test_blocks_of_a_sparse_index_lie_one_after_the_other(args: Any, sound: bool) -> None:
    check = check_named("pandas_places")
    built = _call("pandas._libs.sparse", "BlockIndex", *args)
    assert (list(check([built])) == []) is sound


def test_pandas_is_not_told_to_look_away() -> None:
    check = check_named("pandas_places")
    indices = _array(np.array([0], "i4"))
    assert not list(check([_call("pandas._libs.sparse", "IntIndex", 1, indices)]))
    assert list(check([_call("pandas._libs.sparse", "IntIndex", 1, indices, False)]))


def test_an_array_without_values_is_refused() -> None:
    target = Global("pandas", "Categorical", None, 0)
    assert list(check_named("pandas_array")([ObjectToken(target, Use.CONSTRUCT, (), 0)]))


def test_a_series_without_blocks_is_refused() -> None:
    target = Global("pandas.core.internals.managers", "SingleBlockManager", None, 0)
    built = ObjectToken(target, Use.CONSTRUCT, (), 0)
    check = check_named("pandas_series")
    assert list(check([built]))
    built.states = ((None, None, None, Mapping(["0.14.1", Mapping([])])),)
    assert list(check([built]))
