"""What would a hostile chain of steps hand to a callable? Odd data, and odd values of parameters.

Data are plain: numbers, texts, arrays, tables, sparse matrices, lists and dicts of these. Values of
parameters are what the policy lets a file set, at their bounds and between them.

Trust: not applicable; everything is made here.
"""

from __future__ import annotations

import datetime as dt
import decimal
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from safeload.policy.callables.parameters import Parameter

__all__ = ["operands", "parameter_values", "plain_data", "texts"]

_RNG = np.random.default_rng(0)


def texts(canary: Path) -> list[Any]:
    """Texts: empty, long, of digits, of every script, and such as name files, code and modules."""
    return [
        "", " ", "a", "abc def", "ÄÖ\u0130\ud800", "\0\n\t", "x" * 10_000, "1" * 5_000, "9" * 400,
        "nan", "inf", "1e400", "-1", "0x10", "__array_interface__", "__class__", "{0.__class__}",
        "%s%n", "<b>&amp;&#x110000;</b>", "canary_module", "canary_module.attribute", str(canary),
        f"open({str(canary)!r}, 'w').close()", f"file://{canary}", "http://127.0.0.1:9/canary",
        "2026-01-02T03:04:05Z", "a" * 30 + "!",
    ]  # fmt: skip


def _numbers() -> list[Any]:
    return [
        0, 1, -1, 2**31, 2**63, -(2**63) - 1, 2**100, 10**300, 0.0, -0.0, 1e308, 5e-324, math.nan,
        math.inf, -math.inf, 1j, complex(math.nan, math.inf), True, False, None,
        decimal.Decimal("1e400"), decimal.Decimal("NaN"),
        np.float64(1.5), np.int8(-128), np.bool_(True), np.datetime64("NaT"),
        np.longdouble("1e4000"),
        dt.datetime(9999, 12, 31, tzinfo=dt.UTC), dt.timedelta(days=999_999_999), pd.NA, pd.NaT,
        pd.Timestamp("2026-01-02", tz="UTC"),
    ]  # fmt: skip


def _arrays() -> list[Any]:
    table = _RNG.normal(size=(6, 4))
    edge = np.array([math.nan, math.inf, -math.inf, 1e308, -1e308, 5e-324, -0.0, 1.5])
    frozen = table.copy()
    frozen.flags.writeable = False
    return [
        table, np.abs(table), table[:, 0], table[0, 0:1], np.array(1.5), edge, edge.reshape(2, 4),
        np.zeros((6, 4)), np.ones((1, 1)), np.full((3, 3), math.nan), np.full(5, math.inf),
        np.empty(0), np.empty((0, 3)), np.empty((3, 0)), np.zeros((2, 0, 3)),
        np.zeros((2, 3, 4, 5)),
        np.asfortranarray(table), table[::2, ::-1], table.T, table[::-1], table.astype(">f8"),
        frozen, np.broadcast_to(np.float64(2.0), (5, 5)), np.tile(table, (50, 5)),
        np.arange(2_000.0), np.linspace(-1e6, 1e6, 500),
        *(table.astype(kind) for kind in ("f2", "f4", "g", "F", "D", "G", "b", "h", "i", "q", "?")),
        *(np.abs(table).astype(kind) for kind in ("B", "H", "I", "Q", "U7", "S5", "O")),
        np.array([np.iinfo("q").min, np.iinfo("q").max, -1, 0]), np.array([2**64 - 1, 0], "Q"),
        np.array([-(2**31), 2**31 - 1], "i"), np.arange(-5, 300), np.arange(256, dtype="B"),
        np.array(["a", "", "x" * 500]), np.array([b"a", b"\xff"]), np.array([], "U5"),
        np.array(["a", "bc"], np.dtypes.StringDType()),
        np.array(["2026-01-02", "NaT"], "M8[D]"), np.array([1, -(2**63)], "m8[ns]"),
        np.zeros(3, [("i", "i4"), ("f", "f8")]), np.zeros(2, "V5"),
        np.ma.array(table, mask=table > 0), np.matrix(table),
    ]  # fmt: skip


def _objects() -> list[Any]:
    ragged = np.empty(3, object)
    ragged[:] = [np.arange(2), [1, 2, 3], ()]
    deep: list[Any] = [1]
    for _ in range(60):
        deep = [deep]
    return [
        np.array([1, "a", None, 1.5], object), np.array([2**70, -(2**70), 10**300], object),
        np.array([[1, 2], [3, 4]], object), np.array([{"a": 1}, [1], "b"], object), ragged,
        np.array([], object), np.array([decimal.Decimal(2), decimal.Decimal("NaN")], object),
        np.array(["a", "b", "a", None], object), np.array(["x" * 1_000] * 20, object),
        np.array([True, False, None], object), np.array([pd.Timestamp(0), pd.NaT], object),
        [], [[]], [1, 2, 3], [1.5, math.nan], ["a", "b"], ["a b", "c"], [[1, 2], [3]],
        [[1, 2], [3, 4]], [None], [{"a": 1}, {"b": 2}], [np.arange(3), np.arange(4)],
        [np.zeros((2, 3)), np.ones((2, 3))], ["x" * 1_000] * 100, deep, {}, {"a": [1, 2], "b": 3},
        {"data": 1, "shape": (2,), "typestr": "|O"}, {1, 2}, {"a"},
    ]  # fmt: skip


def _tables() -> list[Any]:
    frame = pd.DataFrame({"a": [1.0, math.nan, 3.0], "b": [1, 2, 3], "c": ["x", "y", None]})
    numbers = pd.DataFrame(_RNG.normal(size=(5, 3)), columns=list("abc"))
    nullable = pd.DataFrame(
        {"i": pd.array([1, None], "Int64"), "s": pd.array(["a", None], "string")}
    )
    levels = pd.MultiIndex.from_product([["a", "b"], [1, 2]])
    return [
        frame, numbers, nullable, pd.DataFrame(), frame.iloc[:0], frame[[]],
        numbers.iloc[:, [0, 0]],
        numbers.set_axis([0, 0, 0], axis=1), pd.DataFrame(np.ones((2, 4)), columns=levels),
        pd.DataFrame({"t": pd.date_range("2026", periods=3, tz="UTC")}),
        pd.DataFrame({"d": pd.to_timedelta([1, 2, 3])}),
        pd.DataFrame({"k": pd.Categorical(["a", "b", "a"]), "o": [[1], {}, "x"]}),
        pd.DataFrame({"s": pd.arrays.SparseArray([0, 0, 1])}), numbers.T, numbers.iloc[::-1],
        pd.DataFrame({"p": pd.period_range("2026", periods=2, freq="M")}),
        pd.DataFrame({"i": pd.interval_range(0, 2)}),
        pd.Series([1, 2, 3]), pd.Series([], dtype=float), pd.Series(["a", None]),
        pd.Series([2**63 - 1, -1]), pd.Series([1.0, math.nan], index=["__array__", "b"]),
        pd.Series(pd.Categorical(["a", "b"])), pd.Index([1, 2]), pd.Index([], dtype=object), levels,
        pd.RangeIndex(5), pd.DatetimeIndex(["2026-01-02"]), pd.Categorical(["a", "b"]),
        pd.array([1, None], "Int64"),
    ]  # fmt: skip


def _sparse() -> list[Any]:
    table = sparse.random(6, 4, density=0.4, random_state=0, format="csr")
    return [
        table, table.tocsc(), table.tocoo(), table.tolil(), table.todok(), table.tobsr(),
        table.todia(), sparse.csr_matrix((0, 3)), sparse.csr_matrix((3, 0)),
        sparse.csr_array(np.eye(3)), sparse.coo_array(np.eye(3)),
        sparse.csr_matrix(np.eye(3, dtype="i")),
        sparse.csr_matrix(np.full((2, 2), math.nan)), sparse.csr_matrix((500, 500)),
    ]  # fmt: skip


def plain_data(canary: Path) -> list[Any]:
    """Everything that may come out of a step, odd or not."""
    return [*_arrays(), *_objects(), *_tables(), *_sparse(), *_numbers(), *texts(canary)]


def operands() -> list[Any]:
    """What a function of several numbers is given for one of them."""
    edges = [0, 1, -1, 2, 3, 10, 100, 1_000, 2**31 - 1, -(2**31), 2**31, 2**53, 2**63 - 1, -(2**63)]
    floats = [
        0.0, -0.0, 0.5, 1.0, -1.0, 1.5, 2.0, 30.5, 1e3, 1e6, 1e9, 1e15, 1e100, 1e308, -1e308,
        5e-324,
        1e-10, 1 - 1e-16, -0.5, -1e9, math.nan, math.inf, -math.inf,
    ]  # fmt: skip
    return [
        *edges,
        *floats,
        np.float32(1.5),
        np.int64(7),
        np.array([0.1, 0.9]),
        np.array([[2], [3]]),
    ]


def parameter_values(parameter: Parameter) -> list[Any]:
    """Values that a file may set a parameter to, at its bounds and between them."""
    kinds = filter(None, (parameter.kind, parameter.otherwise))
    values = [value for kind in kinds for value in _VALUES[kind](parameter)]
    return [*values, None] if parameter.optional else values


def _between(parameter: Parameter, values: list[Any]) -> list[Any]:
    ends = [end for end in (parameter.least, parameter.most) if math.isfinite(end)]
    inside = [v for v in values if parameter.least <= v <= parameter.most or math.isnan(v)]
    return [*ends, *(v for v in inside if math.isfinite(v) or not ends)]


def _lists(parameter: Parameter) -> list[Any]:
    most = int(min(parameter.most, 10_000))
    lists = [
        0, 1, -1, 0.5, 100, math.nan, [], [0], [-1], [0, 1], [1.0, 0.5], [math.nan, 1],
        [2**31, -(2**31)],
        [1e308, -1e308], [math.inf], list(range(min(most, 9))), np.zeros(most),
        np.arange(float(most)),
        -np.arange(float(most)), np.eye(3), np.eye(4), np.array([]), np.full((2, 2), math.nan),
        [0.1, 0.1],
        [[1, 2], [3, 4]], np.array([True, False]), np.array([0, 5, 5, 0]),
    ]  # fmt: skip
    return [v for v in lists if np.asarray(v).size <= most]


_LABELS = [
    None, "a", 0, -1, 1.5, True, [], ["a"], ["a", "b"], ["a", "a"], [0], [0, 1], ["number"],
    ["object"],
    ["x" * 1_000], [1.5, math.nan], list(range(1_000)), [True, False],
]  # fmt: skip

_VALUES: dict[str, Callable[[Parameter], list[Any]]] = {
    "bool": lambda p: [v for v in (True, False) if v >= p.least],
    "int": lambda p: [int(v) for v in _between(p, [0, 1, -1, 2, 3, 7, 2**31 - 1, -(2**31)])],
    "number": lambda p: _between(
        p, [0, 1, -1, 0.5, 2, 2.5, 1e-300, 1e300, -1e300, math.nan, math.inf, -math.inf]
    ),
    "text": lambda p: sorted(p.one_of),
    "string": lambda _: ["", "a", " ", "x" * 1_000, "\0", "\ud800"],
    "plain": lambda _: [
        0,
        1,
        -1,
        1.5,
        math.nan,
        math.inf,
        True,
        None,
        "a",
        "",
        "x" * 1_000,
        "warn",
    ],
    "numbers": _lists,
    "labels": lambda _: _LABELS,
    "mapping": lambda _: [0, 1.5, "a", None, math.nan, {}, {"a": 0}, {"a": "x", "b": 1, 0: 2}],
    "dtype": lambda _: [
        "float64",
        "float32",
        "int",
        "bool",
        "str",
        "object",
        "category",
        "string",
        "Int64",
        float,
        int,
        str,
        object,
        np.float32,
        np.int8,
        np.dtype("U3"),
        "complex",
    ],
}


def chosen(rng: random.Random, values: list[Any]) -> Any:
    """One of some values."""
    return values[rng.randrange(len(values))]
