"""Values that projects keep beside their models: arrays, sparse, generators, frames.

Python 3.8 and later: what a release does not know is left out there, and said to be.
"""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import fractions
import operator
import pathlib
import random
import re
import uuid
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from data import data
from scipy import interpolate, sparse, stats

if TYPE_CHECKING:
    # Not to be subscripted in Python 3.8.
    from collections.abc import Callable, Iterator

    Maker = Callable[[], Any]

__all__ = ["makers"]


def _interpolators() -> Any:
    x, y = np.arange(6.0), np.arange(6.0) ** 2
    return [
        interpolate.interp1d(x, y),
        interpolate.CubicSpline(x, y),
        interpolate.PchipInterpolator(x, y),
        interpolate.make_interp_spline(x, y),
    ]


_VALUES: dict[str, Maker] = {
    "python_values": lambda: [
        {1, 2},
        frozenset("ab"),
        range(3),
        slice(1, None, 2),
        b"\xff" * 300,
        bytearray(b"ab"),
        1j,
        dt.date(2026, 1, 2),
        dt.time(3, 4, 5, tzinfo=dt.timezone.utc),  # noqa: UP017
        dt.datetime(2026, 1, 2),  # noqa: DTZ001
        dt.timedelta(days=1, seconds=2),
        decimal.Decimal("1.50"),
        fractions.Fraction(1, 3),
        uuid.UUID(int=5),
        pathlib.PurePosixPath("a/b"),
        pathlib.Path("models/a"),
    ],
    "python_containers": lambda: [
        collections.OrderedDict(a=1, b=[2]),
        collections.defaultdict(list, a=[1]),
        collections.Counter("abca"),
        collections.deque([1, 2], maxlen=5),
    ],
    "python_functions": lambda: [len, max, operator.add, str.upper, operator.itemgetter(1)],
    "python_types": lambda: [int, float, str, bool, object, dict, dt.datetime],
    "pattern": lambda: re.compile("(?i)\\b\\w\\w+\\b"),
    # -- arrays ------------------------------------------------------------------------------------
    "arrays_of_each_number": lambda: [
        np.arange(4).astype(kind) for kind in "? b B h H i I l L q Q e f d g F D G".split()
    ],
    "arrays_big_endian": lambda: [np.arange(4, dtype=">f8"), np.arange(4, dtype=">i2")],
    "arrays_of_shapes": lambda: [
        np.array(1.5),
        np.empty((0, 3)),
        np.ones((2, 3, 4)),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(24.0).reshape(2, 3, 4).transpose(1, 2, 0),
        np.arange(10.0)[::2],
    ],
    "arrays_of_text": lambda: [np.array(["a", "bcd"]), np.array([b"a", b"bcd"])],
    "arrays_of_objects": lambda: [
        np.array(["a", None, 1.5, (1, 2)], dtype=object),
        np.array([], dtype=object),
        np.array([[{"a": 1}], [np.arange(2)]], dtype=object),
    ],
    "arrays_of_records": lambda: [
        np.array(
            [(1, 2.5, "a", [1, 2])],
            dtype=[("i", "<i4"), ("f", "<f8"), ("s", "<U3"), ("v", "<i2", (2,))],
        ),
        np.zeros(2, dtype=[("p", [("x", "f4"), ("y", "f4")]), ("t", "M8[s]")]),
        np.zeros(2, np.dtype([("a", "i1"), ("b", "f8")], align=True)),
        np.zeros(2, np.dtype([(("title", "a"), "i4"), ("b", "f8")])),
        np.array([(1, "a")], dtype=[("i", "i4"), ("o", "O")]),
    ],
    "arrays_of_times": lambda: [
        np.array(["2026-01-02", "NaT"], dtype="M8[D]"),
        np.array([1, 2], dtype="m8[ns]"),
        np.array([3], "M8[25us]"),
    ],
    "arrays_masked": lambda: [
        np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False], fill_value=9.0),
        np.ma.array([1, 2]),
        np.ma.array(["a", None], mask=[False, True], dtype=object),
        np.ma.masked,
    ],
    "matrix": lambda: np.matrix([[1.0, 2.0]]),
    "array_large": lambda: np.arange(200000.0).reshape(400, 500),
    "numpy_scalars": lambda: [
        np.float64(1.5),
        np.int8(3),
        np.bool_(1),
        np.str_("a"),
        np.bytes_(b"b"),
        np.datetime64("2026-01-02"),
        np.complex64(1j),
        np.longdouble(1),
        np.timedelta64(3, "s"),
        np.void(b"abc"),
    ],
    "numpy_dtypes": lambda: [
        np.dtype("f8"),
        np.dtype(">i4"),
        np.dtype("U7"),
        np.dtype("M8[ms]"),
        np.dtype([("a", "i4"), ("b", "O")]),
        np.dtype(("f8", (2, 2))),
        np.float32,
        np.number,
    ],
    "numpy_functions": lambda: [
        np.log1p,
        np.add,
        np.mean,
        np.median,
        np.linalg.norm,
        np.fft.fft,
        np.nanpercentile,
    ],
    "numpy_polynomials": lambda: [
        np.poly1d([1.0, 2.0]),
        np.polynomial.Polynomial([1.0, 2.0]),
        np.polynomial.Chebyshev([1.0, 2.0]),
    ],
    "numpy_strings": lambda: np.array(["a", "long" * 20], dtype=np.dtypes.StringDType()),
    "random_states": lambda: {
        "legacy": np.random.RandomState(3),
        "global": np.random.mtrand._rand,  # noqa: SLF001
        "default": np.random.default_rng(3),
        "seeds": np.random.SeedSequence(5).spawn(2),
        "python": random.Random(1),  # noqa: S311
        **{
            name: np.random.Generator(getattr(np.random, name)(1))
            for name in ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
        },
    },
    # -- scipy -------------------------------------------------------------------------------------
    "interpolators": _interpolators,
    "frozen_distributions": lambda: [stats.norm(1.0, 2.0), stats.gamma(2.0), stats.binom(5, 0.5)],
    "scipy_distributions": lambda: [stats.norm, stats.t, stats.poisson],
    # -- pandas ------------------------------------------------------------------------------------
    "pandas_frame": lambda: data["frame"],
    "pandas_frame_empty": lambda: pd.DataFrame(),
    "pandas_frame_of_numbers": lambda: pd.DataFrame(data["dense"], columns=list("abcd")),
    "pandas_frame_of_nullable": lambda: pd.DataFrame(
        {
            "i": pd.array([1, None], "Int64"),
            "b": pd.array([True, None], "boolean"),
            "f": pd.array([1.5, None], "Float64"),
            "s": pd.array(["a", None], "string"),
        }
    ),
    "pandas_frame_by_time": lambda: pd.DataFrame(
        {"a": [1.0, 2.0]}, index=pd.date_range("2026-01-01", periods=2, freq="D", tz="UTC")
    ),
    "pandas_frame_by_levels": lambda: pd.DataFrame(
        {"a": [1, 2]}, index=pd.MultiIndex.from_tuples([("x", 1), ("y", 2)], names=["k", "n"])
    ),
    "pandas_frame_sparse": lambda: pd.DataFrame({"a": pd.arrays.SparseArray([0, 0, 1])}),
    "pandas_series": lambda: pd.Series([1.0, 2.0], index=["a", "b"], name="s"),
    "pandas_series_of_categories": lambda: pd.Series(["a", "b", "a"], dtype="category"),
    "pandas_series_of_times": lambda: pd.Series(pd.to_datetime(["2026-01-02", None])),
    "pandas_series_of_time_zone": lambda: pd.Series(
        pd.date_range("2026-01-02", periods=2, tz="Europe/Paris")
    ),
    "pandas_series_of_intervals": lambda: pd.cut(pd.Series([1.0, 5.0]), [0, 2, 6]),
    "pandas_series_of_periods": lambda: pd.Series(pd.period_range("2026-01", periods=2, freq="M")),
    "pandas_series_of_durations": lambda: pd.Series(pd.to_timedelta(["1D", "2h"])),
    "pandas_indexes": lambda: [
        pd.Index(["a", "b"]),
        pd.Index([1, 2]),
        pd.Index(np.array([1, 2], dtype="u8")),
        pd.RangeIndex(3),
        pd.Index([1.5, None]),
        pd.CategoricalIndex(["a", "b"]),
        pd.DatetimeIndex(["2026-01-02"]),
        pd.TimedeltaIndex(["1D"]),
        pd.PeriodIndex(["2026-01"], freq="M"),
        pd.IntervalIndex.from_breaks([0, 1, 2]),
    ],
    "pandas_scalars": lambda: [
        pd.Timestamp("2026-01-02 03:04"),
        pd.Timestamp("2026-01-02", tz="UTC"),
        pd.Timedelta("1D"),
        pd.NaT,
        pd.NA,
        pd.Interval(0, 1),
        pd.Period("2026-01", "M"),
    ],
    "pandas_dtypes": lambda: [
        pd.CategoricalDtype(["a", "b"], ordered=True),
        pd.Int64Dtype(),
        pd.BooleanDtype(),
        pd.DatetimeTZDtype(tz="UTC"),
        pd.StringDtype(),
    ],
    "pandas_offsets": lambda: [pd.offsets.MonthEnd(2), pd.offsets.Week(weekday=1)],
}


def _bare(make: Maker) -> Maker:
    return lambda: (make(), None)


def _sparse(form: str, kind: str) -> Maker:
    return lambda: (getattr(sparse, f"{form}_{kind}")(np.eye(4)), None)


def makers() -> Iterator[tuple[str, Maker]]:
    """Name and maker of each; a maker returns the object and None: values are asked nothing."""
    for name, make in _VALUES.items():
        yield name, _bare(make)
    for form in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil"):
        for kind in ("matrix", "array"):
            yield f"sparse_{form}_{kind}", _sparse(form, kind)
