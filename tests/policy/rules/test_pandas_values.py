"""Single values and indexes of pandas: what pandas writes passes, what it would parse does not."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas._libs.tslibs.nattype import _nat_unpickle
from pandas._libs.tslibs.timedeltas import _timedelta_unpickle
from pandas._libs.tslibs.timestamps import _unpickle_timestamp
from pandas.core.indexes.base import _new_Index
from pandas.core.indexes.datetimes import _new_DatetimeIndex

from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.scan import scan
from tests.builder import Name, Pickle
from tests.policy.rules.test_numerics import Reduced, findings

DAYS = pd.date_range("2020", periods=3, freq="D", tz="Europe/Paris")
LEGITIMATE: dict[str, Any] = {
    "a period": pd.Period("2020-03", "M"),
    "a period of several quarters": pd.Period("2020-03", "2Q-NOV"),
    "an interval of numbers": pd.Interval(0, 1.5, "both"),
    "an interval of times": pd.Interval(DAYS[0], DAYS[1]),
    "an interval of spans": pd.Interval(pd.Timedelta(1), pd.Timedelta(2)),
    "an interval of numpy's numbers": pd.Interval(np.int64(1), np.float64(2)),
    "times": [pd.Timestamp("2020"), DAYS[0], pd.Timestamp("2020", tz="UTC").as_unit("s"), pd.NaT],
    "a span": pd.Timedelta("1D"),
    "types": [pd.PeriodDtype("2M"), pd.StringDtype(), pd.StringDtype("python", np.nan)],
    "frequencies": [
        pd.offsets.Day(3),
        pd.offsets.CustomBusinessDay(holidays=["2020-01-01"]),
        pd.offsets.BusinessHour(start=["09:00", "13:00"], end=["12:00", "17:00"]),
        pd.offsets.FY5253(weekday=4),
        pd.offsets.MonthEnd(),
    ],
    "indexes": [
        DAYS,
        pd.Index(
            [1, "a", None, (1, "b"), frozenset("a"), pd.Interval(0, 1), DAYS[0]], dtype=object
        ),
        pd.Index([1.5, 2.5], name=("a", 1)),
        pd.RangeIndex(3, name="rows"),
        pd.period_range("2020", periods=3, freq="M"),
        pd.timedelta_range("1D", periods=3),
        pd.IntervalIndex.from_breaks([0, 1, 2]),
        pd.CategoricalIndex(["a", "b"]),
        pd.MultiIndex.from_product([["a"], [1, 2]], names=["x", None]),
        pd.Index(["a", None], dtype="string"),
    ],
}
DIGITS = "1" * 5_000


OLDER: dict[str, Any] = {
    "a type of periods": Reduced(pd.PeriodDtype, (pd.offsets.MonthEnd(),)),
    "a span": Reduced(pd.Timedelta, (86_400_000_000_000,)),
    "a time": Reduced(pd.Timestamp, (1_704_067_200_000_000_000, None, None)),
}


def an_index(cls: Any = pd.Index, **parts: Any) -> Reduced:
    return Reduced(_new_Index, (cls, parts))


FORGED: dict[str, Any] = {
    "a period of a text": Reduced(pd.Period, (DIGITS, "M")),
    "a period of a long frequency": Reduced(pd.Period, (None, DIGITS, 1)),
    "a period of a text for a number": Reduced(pd.Period, (None, "M", "1")),
    "a period with a number too large": Reduced(pd.Period, (None, "M", 2**70)),
    "an interval of texts": Reduced(pd.Interval, ("a", "b", "left")),
    "an interval of lists": Reduced(pd.Interval, ([1], [2], "left")),
    "an interval closed by a list": Reduced(pd.Interval, (1, 2, ["left"])),
    "a time of a text": Reduced(_unpickle_timestamp, ("2020", None, None, 10)),
    "a time with a long zone": Reduced(_unpickle_timestamp, (1, None, DIGITS, 10)),
    "a time with an object for a zone": Reduced(_unpickle_timestamp, (1, None, {1: 2}, 10)),
    "a time of an unknown unit": Reduced(_unpickle_timestamp, (1, None, None, 99)),
    "a span of an unknown unit": Reduced(_timedelta_unpickle, (1, -1)),
    "no time of something": Reduced(_nat_unpickle, ([1],)),
    "a span of a text": Reduced(pd.Timedelta, (DIGITS,)),
    "a span with a unit": Reduced(pd.Timedelta, (1, "D")),
    "a time of digits": Reduced(pd.Timestamp, (DIGITS, None, None)),
    "a type of periods of a list": Reduced(pd.PeriodDtype, ([1],)),
    "a type with a long name": Reduced(pd.PeriodDtype, (DIGITS,)),
    "a frequency with a long name": Reduced(pd.offsets.CustomBusinessDay, (1, False, DIGITS)),
    "a frequency of lists": Reduced(pd.offsets.Day, ([1], False)),
    "an index of a list": an_index(data=[1, 2]),
    "an index of a range": an_index(data=range(9)),
    "an index of a range with its type": an_index(data=range(9), dtype="object"),
    "an index with a type of its own": an_index(data=np.arange(3), dtype="object"),
    "an index that is copied": an_index(data=np.arange(3), copy=True),
    "an index of periods of texts": an_index(
        pd.PeriodIndex, data=np.array(["1"], object), freq="M"
    ),
    "an index of dates of texts": an_index(pd.DatetimeIndex, data=np.array(["1"], object)),
    "an index of dates by its ends": Reduced(
        _new_DatetimeIndex, (pd.DatetimeIndex, {"start": "2000", "stop": "2020", "freq": "ns"})
    ),
    "an index of categories of values": an_index(pd.CategoricalIndex, data=np.array(["a"], object)),
    "an index with a long frequency": an_index(pd.PeriodIndex, data=np.arange(3), freq=DIGITS),
    "an index with an object for a name": an_index(data=np.arange(3), name=pd.CategoricalDtype()),
    "an index with an object among its names": an_index(
        pd.MultiIndex, levels=[], codes=[], names=[pd.CategoricalDtype()]
    ),
}


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("name", LEGITIMATE)
def test_what_pandas_writes_passes(name: str, protocol: int) -> None:
    assert findings(LEGITIMATE[name], protocol) == []


@pytest.mark.parametrize("name", OLDER)
def test_what_older_releases_write_passes(name: str) -> None:
    assert findings(OLDER[name]) == []


@pytest.mark.parametrize(
    ("state", "is_accepted"),
    [
        ({"storage": "python"}, True),
        ({"storage": "pyarrow", "_na_value": float("nan")}, True),
        ({"storage": "elsewhere"}, False),
        ({"storage": ["python"]}, False),
        ({"storage": "python", "_na_value": []}, False),
        ({"storage": "python", "type": 1}, False),
        (["python"], False),
    ],
    ids=repr,
)
def test_a_type_of_texts_may_have_a_state_that_says_how_they_are_kept(
    state: Any, is_accepted: bool
) -> None:
    stream = Pickle(4).object_(Name("pandas.core.arrays.string_", "StringDtype"), state=state)
    found = judge(scan(stream.finish()), Policy.default()).findings
    assert (not found) is is_accepted


@pytest.mark.parametrize("name", FORGED)
def test_what_pandas_would_parse_or_iterate_over_is_refused(name: str) -> None:
    assert set(findings(FORGED[name])) == {"SL103"}


def test_a_label_of_an_index_is_a_key() -> None:
    labels = np.array([pd.CategoricalDtype(["a"]), 1], object)
    assert findings(an_index(data=labels)) == ["SL401"]
    assert pickle.loads(pickle.dumps(an_index(data=labels))) is not None
