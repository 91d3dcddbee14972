"""Values that projects keep beside their models: of Python itself, arrays, sparse, frames.

Each entry of ``VALUES`` makes one object, and None for the data that models would be given.

Trust: not applicable; these values are made here.
"""

from __future__ import annotations

import array
import collections
import datetime as dt
import decimal
import fractions
import functools
import ipaddress
import operator
import pathlib
import re
import types
import uuid
import zoneinfo
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy import integrate, interpolate, optimize, signal, sparse, stats
from sklearn.preprocessing import StandardScaler

from tests.legitimate.data import X, frame

__all__ = ["VALUES"]

VALUES: dict[str, Callable[[], Any]] = {}


def _each(prefix: str, makers: dict[str, Callable[[], Any]]) -> None:
    """Enter several makers."""
    VALUES.update({f"{prefix}_{name}": maker for name, maker in makers.items()})


# -- values of the standard library ---------------------------------------------------------------

_each(
    "value",
    {
        "numbers": lambda: [0, -1, 2**31, 2**80, 1.5, float("inf"), 1j, True, None, ...],
        "strings": lambda: ["", "ä", "x" * 300, "\ud800", b"", b"\xff" * 300, bytearray(b"ab")],
        "sets": lambda: [{1, 2}, frozenset("ab"), set()],
        "ranges": lambda: [range(3), slice(1, None, 2)],
        "times": lambda: [
            dt.date(2026, 1, 2),
            dt.time(3, 4, 5, tzinfo=dt.UTC),
            dt.datetime(2026, 1, 2),  # noqa: DTZ001
            dt.datetime(2026, 1, 2, tzinfo=dt.timezone(dt.timedelta(hours=2))),
            dt.timedelta(days=1, seconds=2),
        ],
        "time_zone": lambda: zoneinfo.ZoneInfo("Europe/Paris"),
        "exact_numbers": lambda: [decimal.Decimal("1.50"), fractions.Fraction(1, 3)],
        "identifiers": lambda: [
            uuid.UUID(int=5),
            ipaddress.ip_address("192.0.2.1"),
            pathlib.PurePosixPath("a/b"),
            pathlib.PureWindowsPath("c:/d"),
            pathlib.Path("models/a"),
        ],
        "containers": lambda: [
            collections.OrderedDict(a=1, b=[2]),
            collections.defaultdict(list, a=[1]),
            collections.defaultdict(None, a=1),
            collections.Counter("abca"),
            collections.deque([1, 2], maxlen=5),
            types.SimpleNamespace(a=1, b="c"),
        ],
        "types": lambda: [
            int,
            float,
            str,
            bool,
            object,
            dict,
            np.float32,
            dt.datetime,
        ],
        "functions": lambda: [len, max, operator.add, str.upper, np.mean, operator.itemgetter(1)],
        "pattern": lambda: re.compile("(?i)\\b\\w\\w+\\b"),
        "pattern_flags": lambda: {"flags": re.IGNORECASE | re.DOTALL},
        "arrays": lambda: [array.array("d", [1.5]), array.array("h", [1, -2])],
        "text_with_attributes": lambda: collections.UserString("ab"),
        "searches": lambda: [
            functools.partial(re.sub, r"\d+", "#"),
            functools.partial(re.findall, r"\w+", flags=re.ASCII.value),
        ],
    },
)

# -- arrays ---------------------------------------------------------------------------------------

_each(
    "array",
    {
        "of_each_number": lambda: [
            np.arange(4).astype(kind)
            for kind in (
                "?",
                "b",
                "B",
                "h",
                "H",
                "i",
                "I",
                "l",
                "L",
                "q",
                "Q",
                "e",
                "f",
                "d",
                "g",
                "F",
                "D",
                "G",
            )
        ],
        "big_endian": lambda: [np.arange(4, dtype=">f8"), np.arange(4, dtype=">i2")],
        "big_endian_empty": lambda: [np.array([], ">f8"), np.zeros((0, 3), ">U2")],
        "shapes": lambda: [
            np.array(1.5),
            np.empty((0, 3)),
            np.zeros((2, 0)),
            np.ones((2, 3, 4)),
            np.asfortranarray(np.arange(6.0).reshape(2, 3)),
            np.arange(24.0).reshape(2, 3, 4).transpose(1, 2, 0),
        ],
        "views": lambda: [np.arange(10.0)[::2], np.arange(12.0).reshape(3, 4)[:, 1:3]],
        "read_only": lambda: np.broadcast_to(np.float64(1.0), (3, 2)),
        "text": lambda: [np.array(["a", "bcd"]), np.array([b"a", b"bcd"]), np.array([], "U5")],
        "objects": lambda: [
            np.array(["a", None, 1.5, (1, 2)], dtype=object),
            np.array([], dtype=object),
            np.array([[{"a": 1}], [np.arange(2)]], dtype=object),
        ],
        "nested_objects": lambda: np.array(
            [np.array(["x", None], dtype=object), StandardScaler().fit(X), 3], dtype=object
        ),
        "records": lambda: np.array(
            [(1, 2.5, "a", [1, 2])],
            dtype=[("i", "<i4"), ("f", "<f8"), ("s", "<U3"), ("v", "<i2", (2,))],
        ),
        "records_nested": lambda: np.zeros(
            2, dtype=[("p", [("x", "f4"), ("y", "f4")]), ("t", "M8[s]")]
        ),
        "records_aligned": lambda: np.zeros(2, np.dtype([("a", "i1"), ("b", "f8")], align=True)),
        "records_titled": lambda: np.zeros(2, np.dtype([(("title", "a"), "i4"), ("b", "f8")])),
        "records_with_objects": lambda: np.array([(1, "a")], dtype=[("i", "i4"), ("o", "O")]),
        "records_with_arrays_of_objects": lambda: np.zeros(
            2, dtype=[("i", "i4"), ("o", "O", (2, 3))]
        ),
        "decompositions": lambda: [
            np.linalg.svd(np.eye(2)),
            np.linalg.eigh(np.eye(2)),
            np.linalg.qr(np.eye(2)),
        ],
        "records_by_attribute": lambda: np.rec.array([(1, 2.5)], dtype=[("i", "i4"), ("f", "f8")]),
        "times": lambda: [
            np.array(["2026-01-02", "NaT"], dtype="M8[D]"),
            np.array([1, 2], dtype="m8[ns]"),
            np.array([3], "M8[25us]"),
        ],
        "masked": lambda: np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False], fill_value=9.0),
        "masked_all": lambda: [
            np.ma.masked,
            np.ma.array([1, 2]),
            np.ma.array(["a", "b"], mask=[True, False]),
        ],
        "masked_objects": lambda: np.ma.array(["a", None], mask=[False, True], dtype=object),
        "matrix": lambda: np.matrix([[1.0, 2.0]]),
        "void": lambda: [np.zeros(3, "V5"), np.void(b"abc")],
        "strings_of_any_length": lambda: np.array(
            ["a", "long" * 20], dtype=np.dtypes.StringDType()
        ),
        "strings_with_missing": lambda: np.array(
            ["a", None], dtype=np.dtypes.StringDType(na_object=None)
        ),
        "scalars": lambda: [
            np.float64(1.5),
            np.int8(3),
            np.bool_(True),
            np.str_("a"),
            np.bytes_(b"b"),
            np.datetime64("2026-01-02"),
            np.complex64(1j),
            np.float16(2),
            np.longdouble(1),
            np.timedelta64(3, "s"),
        ],
        "dtypes": lambda: [
            np.dtype("f8"),
            np.dtype(">i4"),
            np.dtype("U7"),
            np.dtype("M8[ms]"),
            np.dtype([("a", "i4"), ("b", "O")]),
            np.dtype(("f8", (2, 2))),
            np.dtype("O"),
            np.dtype("V3"),
        ],
        "shared": lambda: (lambda a: [a, a, {"again": a}])(np.arange(5.0)),
        "polynomials": lambda: [
            np.poly1d([1.0, 2.0]),
            np.polynomial.Polynomial([1.0, 2.0]),
            np.polynomial.Chebyshev([1.0, 2.0]),
        ],
        "large": lambda: np.arange(200000.0).reshape(400, 500),
    },
)

# -- sparse and interpolation ---------------------------------------------------------------------


def _sparse(form: str, kind: str) -> Callable[[], Any]:
    return lambda: getattr(sparse, f"{form}_{kind}")(np.eye(4))


for _form in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil"):
    for _kind in ("matrix", "array"):
        VALUES[f"sparse_{_form}_{_kind}"] = _sparse(_form, _kind)


def _sparse_with_explicit_zero() -> Any:
    return sparse.csr_matrix((np.array([0.0, 1.0]), np.array([1, 0]), np.array([0, 1, 2])))


def _interpolators() -> Any:
    x, y = (np.arange(6.0), np.arange(6.0) ** 2)
    return [
        interpolate.interp1d(x, y),
        interpolate.CubicSpline(x, y),
        interpolate.PchipInterpolator(x, y),
        interpolate.make_interp_spline(x, y),
        interpolate.KroghInterpolator(x, y),
        interpolate.RegularGridInterpolator((x, x), np.outer(x, y), method="cubic"),
        interpolate.RegularGridInterpolator((x, x), np.outer(x, y), method="slinear"),
        interpolate.Rbf(x, y),
    ]


def _splines_of_fitpack() -> Any:
    x, y = np.arange(10.0), np.sin(np.arange(10.0))
    return [
        interpolate.UnivariateSpline(x, y, s=0.1),
        # What these have not computed is whatever the memory held.
        *(interpolate.InterpolatedUnivariateSpline(x, y, k=k) for k in range(1, 6)),
        interpolate.LSQUnivariateSpline(x, y, [3.0, 5.0]),
    ]


def _results_of_statistics() -> Any:
    one, other = np.arange(9.0), np.arange(9.0)[::-1] ** 2
    binomial = stats.binomtest(3, 10)
    return [
        # Since scipy 1.18 it keeps a module, which nobody can pickle.
        *([] if hasattr(binomial, "_xp") else [binomial]),
        stats.shapiro(one),
        stats.levene(one, other),
        stats.mannwhitneyu(one, other),
        stats.kruskal(one, other),
        stats.mode(one),
        stats.bootstrap((one,), np.mean, n_resamples=9, random_state=0),
    ]


def _results_with_attributes() -> Any:
    one, other = np.arange(9.0), np.arange(9.0)[::-1] ** 2
    return [
        stats.linregress(one, other),
        stats.wilcoxon(one, other),
        stats.theilslopes(one, other),
        stats.chi2_contingency([[5, 6], [7, 9]]),
    ]


def _results_of_solvers() -> Any:
    return [
        optimize.minimize(optimize.rosen, [1.2, 0.8], method="L-BFGS-B"),
        optimize.root_scalar(np.cos, bracket=[0, 3]),
        integrate.solve_ivp(np.negative, (0, 1), [1.0]),
    ]


def _frozen_distributions() -> Any:
    return [
        stats.norm(1.0, 2.0),
        stats.gamma(2.0),
        stats.binom(5, 0.5),
        stats.t(df=3),
        stats.levy_stable(1.5, 0.0),
        stats.multivariate_normal([0.0, 1.0], np.eye(2)),
        stats.multivariate_t([0.0, 1.0], np.eye(2), df=3),
        stats.dirichlet([1.0, 2.0]),
        stats.gaussian_kde(np.arange(9.0), bw_method="silverman"),
    ]


def _systems() -> Any:
    return [
        signal.TransferFunction([1.0], [1.0, 2.0]),
        signal.dlti([1.0], [1.0, 2.0], dt=0.5),
        signal.ZerosPolesGain([1.0], [2.0], 3.0),
        signal.StateSpace(np.eye(2), np.ones((2, 1)), np.ones((1, 2)), 0),
    ]


# -- pandas ---------------------------------------------------------------------------------------

_each(
    "pandas",
    {
        "frame": lambda: frame(),
        "frame_empty": lambda: pd.DataFrame(),
        "frame_of_numbers": lambda: pd.DataFrame(X, columns=list("abcde")),
        "frame_of_objects": lambda: pd.DataFrame({"a": np.array([1, "x", None], object)}),
        "frame_of_nullable": lambda: pd.DataFrame(
            {
                "i": pd.array([1, None], "Int64"),
                "b": pd.array([True, None], "boolean"),
                "f": pd.array([1.5, None], "Float64"),
                "s": pd.array(["a", None], "string"),
            }
        ),
        "frame_by_time": lambda: pd.DataFrame(
            {"a": [1.0, 2.0]}, index=pd.date_range("2026-01-01", periods=2, freq="D", tz="UTC")
        ),
        "frame_by_levels": lambda: pd.DataFrame(
            {"a": [1, 2]}, index=pd.MultiIndex.from_tuples([("x", 1), ("y", 2)], names=["k", "n"])
        ),
        "frame_sparse": lambda: pd.DataFrame({"a": pd.arrays.SparseArray([0, 0, 1])}),
        "series": lambda: pd.Series([1.0, 2.0], index=["a", "b"], name="s"),
        "series_of_categories": lambda: pd.Series(["a", "b", "a"], dtype="category"),
        "series_of_times": lambda: pd.Series(pd.to_datetime(["2026-01-02", None])),
        "series_of_time_zone": lambda: pd.Series(
            pd.date_range("2026-01-02", periods=2, tz="Europe/Paris")
        ),
        "series_of_intervals": lambda: pd.cut(pd.Series([1.0, 5.0]), [0, 2, 6]),
        "series_of_periods": lambda: pd.Series(pd.period_range("2026-01", periods=2, freq="M")),
        "series_of_durations": lambda: pd.Series(pd.to_timedelta(["1D", "2h"])),
        "indexes": lambda: [
            pd.Index(["a", "b"]),
            pd.Index([1, 2]),
            pd.RangeIndex(3),
            pd.Index([1.5, None]),
            pd.CategoricalIndex(["a", "b"]),
            pd.DatetimeIndex(["2026-01-02"]),
            pd.TimedeltaIndex(["1D"]),
            pd.PeriodIndex(["2026-01"], freq="M"),
            pd.IntervalIndex.from_breaks([0, 1, 2]),
        ],
        "scalars": lambda: [
            pd.Timestamp("2026-01-02 03:04"),
            pd.Timestamp("2026-01-02", tz="UTC"),
            pd.Timedelta("1D"),
            pd.NaT,
            pd.NA,
            pd.Interval(0, 1),
            pd.Period("2026-01", "M"),
        ],
        "dtypes": lambda: [
            pd.CategoricalDtype(["a", "b"], ordered=True),
            pd.Int64Dtype(),
            pd.BooleanDtype(),
            pd.DatetimeTZDtype(tz="UTC"),
            pd.StringDtype(),
            pd.Series([1]).dtype,
        ],
        "groups": lambda: frame().groupby("port")["fare"].mean(),
        "description": lambda: frame().describe(),
        "offset": lambda: [
            pd.offsets.MonthEnd(2),
            pd.offsets.Week(weekday=1),
            pd.offsets.BusinessDay(2),
            pd.offsets.BusinessHour(start="09:00", end="17:30"),
            pd.offsets.BQuarterEnd(startingMonth=2),
            pd.offsets.CustomBusinessDay(weekmask="Mon Tue", holidays=["2026-01-05"]),
            pd.offsets.SemiMonthEnd(),
            pd.offsets.WeekOfMonth(week=1, weekday=4),
        ],
        "frame_by_business_days": lambda: pd.DataFrame(
            {"a": [1.0, 2.0]}, index=pd.date_range("2026-01-01", periods=2, freq="B")
        ),
    },
)
VALUES["sparse_with_explicit_zero"] = _sparse_with_explicit_zero
VALUES["interpolators"] = _interpolators
VALUES["splines_of_fitpack"] = _splines_of_fitpack
VALUES["linear_systems"] = _systems
VALUES["results_of_statistics"] = _results_of_statistics
VALUES["results_with_attributes"] = _results_with_attributes
VALUES["results_of_solvers"] = _results_of_solvers
VALUES["frozen_distributions"] = _frozen_distributions
