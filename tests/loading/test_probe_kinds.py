"""Every kind of model and of rows has a probe; a hostile one is an error, and costs little."""

from __future__ import annotations

import copy
import json
import tracemalloc
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.cluster import DBSCAN, KMeans
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, IsolationForest
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor
from sklearn.neighbors import KernelDensity, LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.semi_supervised import LabelPropagation, SelfTrainingClassifier
from sklearn.svm import SVC, OneClassSVM

from safeload.errors import LoadError, UsageError
from safeload.lineage.synthetic import synthetic_rows
from safeload.loading.probe import check_probe, record_probe
from safeload.loading.probe_data import decode, decode_rows, encode, encode_rows

DATA = np.random.default_rng(0).normal(size=(24, 3))
CLASSES = (DATA[:, 0] > 0).astype(int)
PARTLY = np.where(np.arange(24) % 3 == 0, CLASSES, -1)
BOTH = np.column_stack([CLASSES, (DATA[:, 1] > 0).astype(int)])
WIDE = sparse.random(24, 200_000, density=1e-4, format="csr", random_state=0)
TEXTS = [f"word{place} word{place % 5} again" for place in range(24)]


def frame() -> pd.DataFrame:
    """A column of every type that models are given."""
    return pd.DataFrame(
        {
            "whole": np.arange(24),
            "half": np.where(np.arange(24) % 4 == 0, np.nan, DATA[:, 0]),
            "single": DATA[:, 1].astype(np.float32),
            "flag": CLASSES.astype(bool),
            "text": ["a", "b", None, "c"] * 6,
            "string": pd.array(["x", pd.NA, "z"] * 8, dtype="string"),
            "plan": pd.Categorical(["low", "high", None] * 8, ["low", "mid", "high"], ordered=True),
            "code": pd.Categorical([3, 1, 2] * 8),
            "maybe": pd.array([1, None, 3] * 8, dtype="Int64"),
            "perhaps": pd.array([True, None, False] * 8, dtype="boolean"),
            "day": pd.to_datetime(["2026-01-31", "2020-02-29", None] * 8),
            "moment": pd.to_datetime(["2026-01-31", "2020-02-29"] * 12, utc=True)
            .tz_convert("Europe/Berlin"),
            "lasting": pd.to_timedelta(["1 day", "2 hours"] * 12),
            7: np.arange(24.0),
        }
    )  # fmt: skip


def encoder(*columns: Any) -> Any:
    return make_column_transformer((OneHotEncoder(handle_unknown="ignore"), list(columns)))


MODELS: dict[str, tuple[Any, Any, set[str]]] = {
    "a classifier of floats": (
        LogisticRegression().fit(DATA, CLASSES.astype(float)), DATA[:5],
        {"predict", "predict_proba", "decision_function"},
    ),
    "probabilities by votes": (
        SVC().fit(DATA, CLASSES), DATA[:5], {"predict", "decision_function"},
    ),
    "half precision": (
        PCA(2).fit(DATA.astype(np.float32)), DATA[:5].astype(np.float32), {"transform"},
    ),
    "several regressions": (
        MultiOutputRegressor(LinearRegression()).fit(DATA, BOTH), DATA[:5], {"predict"},
    ),
    "several classes": (
        MultiOutputClassifier(LogisticRegression()).fit(DATA, BOTH), DATA[:5],
        {"predict", "predict_proba"},
    ),
    "a chain": (
        ClassifierChain(LogisticRegression()).fit(DATA, BOTH), DATA[:5],
        {"predict", "predict_proba", "decision_function"},
    ),
    "outliers": (
        IsolationForest(n_estimators=5, random_state=0).fit(DATA),
        DATA[:5], {"predict", "decision_function"},
    ),
    "novelty": (
        LocalOutlierFactor(n_neighbors=5, novelty=True).fit(DATA),
        DATA[:5], {"predict", "decision_function"},
    ),
    "one class": (OneClassSVM().fit(DATA), DATA[:5], {"predict", "decision_function"}),
    "spread labels": (
        LabelPropagation().fit(DATA, PARTLY), DATA[:5], {"predict", "predict_proba"},
    ),
    "self-training": (
        SelfTrainingClassifier(LogisticRegression()).fit(DATA, PARTLY), DATA[:5],
        {"predict", "predict_proba", "decision_function"},
    ),
    "a mixture": (
        GaussianMixture(2, random_state=0).fit(DATA), DATA[:5], {"predict", "predict_proba"},
    ),
    "a density": (KernelDensity().fit(DATA), DATA[:5], {"score_samples"}),
    "clusters": (KMeans(2, n_init=1, random_state=0).fit(DATA), DATA[:5], {"predict"}),
    "wide sparse rows": (
        LogisticRegression().fit(WIDE, CLASSES), WIDE[:5],
        {"predict", "predict_proba", "decision_function"},
    ),
    "a wide sparse outcome": (HashingVectorizer(), TEXTS[:5], {"transform"}),
    "texts": (TfidfVectorizer().fit(TEXTS), TEXTS[:5], {"transform"}),
    "a pipeline of texts": (
        make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, CLASSES), TEXTS[:5],
        {"predict", "predict_proba", "decision_function"},
    ),
    "columns of a frame": (
        make_pipeline(encoder("text", "plan"), LogisticRegression())
        .fit(frame()[["text", "plan"]], CLASSES),
        frame()[["text", "plan"]][:5], {"predict", "predict_proba", "decision_function"},
    ),
    "categories by their type": (
        HistGradientBoostingClassifier(max_iter=2, categorical_features="from_dtype")
        .fit(frame()[["plan", "half"]], CLASSES),
        frame()[["plan", "half"]][:5], {"predict", "predict_proba", "decision_function"},
    ),
    "a frame as outcome": (
        make_pipeline(SimpleImputer(), StandardScaler()).set_output(transform="pandas")
        .fit(frame()[["half", "single"]]), frame()[["half", "single"]][:5], {"transform"},
    ),
    "any column passed on": (FunctionTransformer(), frame()[:5], {"transform"}),
    "a column named by a number": (
        LinearRegression().fit(frame()[[7]], CLASSES), frame()[[7]][:5], {"predict"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MODELS)
def test_its_probe_survives_json_and_it_passes(case: str) -> None:
    model, rows, methods = MODELS[case]
    probe = json.loads(json.dumps(record_probe(model, rows), allow_nan=False))
    assert set(probe["expected"]) == methods
    assert check_probe(model, probe) == (rows.shape[0] if hasattr(rows, "shape") else len(rows))


def test_a_frame_comes_back_as_it_was() -> None:
    recorded = json.loads(json.dumps(encode_rows(frame()), allow_nan=False))
    again = decode_rows(recorded)
    expected = frame()
    assert list(again.columns) == list(expected.columns)
    for place, name in enumerate(expected.columns):
        before, after = expected.iloc[:, place], again.iloc[:, place]
        pd.testing.assert_series_equal(
            before,
            after,
            check_dtype=name not in {"text", "plan"},
            check_categorical=name != "plan",
        )


def test_columns_of_one_name_are_two_columns() -> None:
    rows = pd.DataFrame([[1.0, "a"], [2.0, "b"]], columns=["same", "same"])
    again = decode_rows(encode_rows(rows))
    assert list(again.columns) == ["same", "same"]
    assert again.iloc[:, 1].tolist() == ["a", "b"]


@pytest.mark.parametrize("values", [["2026-01-31", "NaT"], ["NaT", "NaT"]])
def test_dates_come_back(values: list[str]) -> None:
    array = np.array(values, "M8[s]")
    again = decode(json.loads(json.dumps(encode(array))))
    assert again.dtype == array.dtype
    assert np.array_equal(again, array, equal_nan=True)


def test_what_is_random_is_not_sealed() -> None:
    class Random:
        def predict(self, rows: Any) -> Any:
            return np.random.default_rng().normal(size=len(rows))

    with pytest.raises(UsageError) as caught:
        record_probe(Random(), DATA[:5])
    assert caught.value.code == "probe-unsuitable"


class Says:
    """Predicts what it is told."""

    def __init__(self, outcome: Any, classes: Any = None) -> None:
        self.outcome = outcome
        if classes is not None:
            self.classes_ = classes

    def predict(self, rows: Any) -> Any:
        return self.outcome


COMPARED: dict[str, tuple[Any, Any, bool]] = {
    "the last digits of a number": (np.array([1.0]), np.array([1.0 + 1e-9]), True),
    "more than those": (np.array([1.0]), np.array([1.0 + 1e-4]), False),
    "single precision": (np.array([1.0], np.float32), np.array([1.00005], np.float32), True),
    "more than that": (np.array([1.0], np.float32), np.array([1.001], np.float32), False),
    "texts with one missing": (np.array(["a", None], object), np.array(["a", None], object), True),
    "objects that are not a number": (np.array([np.nan], object), np.array([np.nan], object), True),
    "sparse and nearly": (WIDE[:2], WIDE[:2] * (1 + 1e-9), True),
    "sparse and not nearly": (WIDE[:2], WIDE[:2] * 1.1, False),
    "sparse and nothing where nearly nothing was": (
        sparse.csr_matrix([[1.0, 1e-12]]), sparse.csr_matrix([[1.0, 0.0]]), True,
    ),
    "sparse and nothing where something was": (
        sparse.csr_matrix([[1.0, 0.5]]), sparse.csr_matrix([[1.0, 0.0]]), False,
    ),
    "sparse of another shape": (sparse.csr_matrix([[1.0]]), sparse.csr_matrix([[1.0, 0]]), False),
    "sparse once and dense now": (sparse.csr_matrix([[1.0, 0]]), np.array([[1.0, 0]]), True),
    "frames": (frame()[:3], frame()[:3], True),
    "frames of other names": (frame()[["half"]], frame()[["half"]].set_axis(["x"], axis=1), False),
    "frames with another value missing": (frame()[["text"]][:3], frame()[["text"]][1:4], False),
    "frames of other numbers": (frame()[["single"]][:3], frame()[["single"]][:3] + 1, False),
    "a frame and then none": (frame()[["single"]], [[1]], False),
    "lists of another length": ([np.zeros(2), np.ones(2)], [np.zeros(2)], False),
    "a list and then none": ([np.zeros(2), np.ones(2)], np.array([[0, 0], [1, 1.0]]), False),
    "dates": (np.array(["2026-01-01"], "M8[D]"), np.array(["2026-01-02"], "M8[D]"), False),
}  # fmt: skip


@pytest.mark.parametrize("what", COMPARED)
def test_compared_are(what: str) -> None:
    recorded, found, passes = COMPARED[what]
    probe = json.loads(json.dumps(record_probe(Says(recorded), DATA[:2])))
    if passes:
        assert check_probe(Says(found), probe) == 2
        return
    with pytest.raises(LoadError) as caught:
        check_probe(Says(found), probe)
    assert caught.value.code == "probe-mismatch"


def test_labels_that_are_floats_are_compared_exactly() -> None:
    nearly = np.array([1.0, 0.0 + 1e-12])
    probe = record_probe(Says(np.array([1.0, 0.0]), classes=[0.0, 1.0]), DATA[:2])
    with pytest.raises(LoadError):
        check_probe(Says(nearly, classes=[0.0, 1.0]), probe)
    assert check_probe(Says(nearly), record_probe(Says(np.array([1.0, 0.0])), DATA[:2])) == 2


UNSUITABLE: dict[str, tuple[Any, Any]] = {
    "too many rows": (Says([1]), np.zeros((10_001, 1))),
    "too many columns": (Says([1]), np.zeros((1, 100_001))),
    "too many values": (Says([1]), np.zeros((500, 500))),
    "too many texts": (Says([1]), ["a"] * 10_001),
    "texts that are too long": (Says([1]), ["a" * 5_000_000]),
    "a frame of too many columns": (Says([1]), pd.DataFrame(np.zeros((1, 100_001)))),
    "a sparse matrix that is too wide": (Says([1]), sparse.csr_matrix((1, 60_000_000))),
    "a sparse matrix with too much in it": (Says([1]), sparse.csr_matrix(np.ones((1000, 101)))),
    "sparse complex numbers": (Says([1]), sparse.csr_matrix([[1j]])),
    "an outcome that is too large": (Says(np.zeros(100_001)), DATA[:2]),
    "no rows": (Says([1]), np.zeros((0, 3))),
    "no texts": (Says([1]), []),
    "a column named by a tuple": (Says([1]), pd.DataFrame({("a", "b"): [1]})),
    "a column of objects": (Says([1]), pd.DataFrame({"a": [object()]})),
    "a column of periods": (Says([1]), pd.DataFrame({"a": pd.period_range("2026", periods=1)})),
    "a model that only clusters": (DBSCAN().fit(DATA), DATA[:2]),
    "lists of arrays as rows": (Says([1]), [np.zeros(2), np.zeros(2)]),
}


@pytest.mark.parametrize("what", UNSUITABLE)
def test_what_has_no_form_within_the_limits_is_said(what: str) -> None:
    model, rows = UNSUITABLE[what]
    with pytest.raises(UsageError) as caught:
        record_probe(model, rows)
    assert caught.value.code == "probe-unsuitable"
    assert caught.value.hint


# -- hostile probes --------------------------------------------------------------------------------

MODEL = LogisticRegression().fit(DATA, CLASSES)
PROBE = json.loads(json.dumps(record_probe(MODEL, DATA[:4])))
ARRAY = {"dtype": "<f8", "shape": [2, 3], "values": [0.0] * 6}
SPARSE = {
    "kind": "sparse", "dtype": "<f8", "shape": [2, 3], "starts": [0, 1, 1], "columns": [2],
    "values": [1.0],
}  # fmt: skip
FRAME = {
    "kind": "frame",
    "rows": 1,
    "columns": [{"name": "a", **ARRAY, "shape": [1], "values": [1]}],
}


def column(**changes: Any) -> dict[str, Any]:
    described = {"name": "a", "dtype": "<f8", "shape": [1], "values": [1.0], **changes}
    return {"kind": "frame", "rows": 1, "columns": [described]}


HOSTILE_ROWS: dict[str, Any] = {
    "a type of records": {**ARRAY, "dtype": "f8,f8"},
    "a type of arrays": {**ARRAY, "dtype": "(100000,100000)f8"},
    "a type of long texts": {**ARRAY, "dtype": "U999999999"},
    "a type of bytes": {**ARRAY, "dtype": "V999999999"},
    "a type that is a list": {**ARRAY, "dtype": [["a", "f8"]]},
    "a type with a dict behind it": {**ARRAY, "dtype": {"names": ["a"], "formats": ["O"]}},
    "a shape that is larger than its values": {**ARRAY, "shape": [10**9, 10**9]},
    "a shape of nothing many times": {**ARRAY, "shape": [10**15, 0], "values": []},
    "a shape below zero": {**ARRAY, "shape": [-1, 3]},
    "a shape of many dimensions": {**ARRAY, "shape": [1] * 60 + [6]},
    "a shape that is true": {**ARRAY, "shape": [True, 6]},
    "values that are lists": {**ARRAY, "dtype": "O", "values": [[[0]]] * 6},
    "values that are objects": {**ARRAY, "dtype": "O", "values": [{"float": "system"}] * 6},
    "values that are a text": {**ARRAY, "values": "000000"},
    "numbers beyond the type": {**ARRAY, "dtype": "i1", "values": [10**30] * 6},
    "sparse columns out of range": {**SPARSE, "columns": [3]},
    "sparse columns below zero": {**SPARSE, "columns": [-1]},
    "sparse rows out of order": {**SPARSE, "starts": [0, 9, 1]},
    "sparse rows too few": {**SPARSE, "starts": [0]},
    "a sparse matrix as wide as memory": {**SPARSE, "shape": [2, 10**12]},
    "a sparse matrix of three dimensions": {**SPARSE, "shape": [2, 3, 1]},
    "a column of another length": {**column(), "rows": 2},
    "a frame of very many rows": {"kind": "frame", "rows": 10**12, "columns": []},
    "codes out of range": column(kind="category", categories=ARRAY, codes=[7], ordered=False),
    "categories that are not distinct": column(
        kind="category", categories={**ARRAY, "shape": [6]}, codes=[0], ordered=False
    ),
    "a time zone that is a path": column(
        kind="zoned", dtype="<M8[ns]", zone="dateutil//etc/passwd"
    ),
    "a time zone above": column(kind="zoned", dtype="<M8[ns]", zone="../../etc/passwd"),
    "a type of pandas that there is none of": column(kind="nullable", type="period[D]"),
    "a type of pandas with a class behind it": column(kind="nullable", type="interval"),
    "a name that is a list": column(name=["a"]),
    "a kind of column that there is none of": column(kind="pickle"),
    "a list with numbers": {"kind": "list", "values": [1]},
    "a list without end": {"kind": "list", "values": ["a"] * 100_001},
    "a kind that there is none of": {"kind": "pickle", "values": ""},
    "no kind": {},
    "a list": [],
    "nothing": None,
}


@pytest.mark.parametrize("what", HOSTILE_ROWS)
@pytest.mark.parametrize("place", ["rows", "expected"])
def test_a_hostile_probe_is_an_error_and_costs_little(what: str, place: str) -> None:
    probe = copy.deepcopy(PROBE)
    if place == "rows":
        probe["rows"] = HOSTILE_ROWS[what]
    else:
        probe["expected"]["predict"] = HOSTILE_ROWS[what]
    tracemalloc.start()
    try:
        with pytest.raises(LoadError):
            check_probe(MODEL, probe)
        assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    finally:
        tracemalloc.stop()


VACUOUS: dict[str, dict[str, Any]] = {
    "nothing expected": {"expected": {}},
    "expected is a list": {"expected": []},
    "a method that no probe calls": {"expected": {"__reduce__": ARRAY}},
    "a tolerance of everything": {"rtol": 1e9},
    "a tolerance that is not a number": {"rtol": {"float": "nan"}},
    "a negative tolerance": {"atol": -1},
    "an infinite tolerance": {"atol": "inf"},
}


@pytest.mark.parametrize("what", VACUOUS)
def test_a_probe_that_compares_nothing_is_an_error(what: str) -> None:
    with pytest.raises(LoadError):
        check_probe(MODEL, {**PROBE, **VACUOUS[what]})


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value)
    found = [path] if path else []
    for step, inner in steps:
        deeper = (*path, step)
        found += places(inner, deeper) if isinstance(inner, dict | list) else [deeper]
    return found


@settings(max_examples=150, deadline=None)
@given(place=st.sampled_from(places(PROBE)), value=JSON_VALUES)
def test_any_json_in_any_place_passes_or_is_a_load_error(
    place: tuple[Any, ...], value: Any
) -> None:
    probe = copy.deepcopy(PROBE)
    target = probe
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value
    code = "probe-failed"
    try:
        assert check_probe(MODEL, probe) == 4
    except LoadError as error:
        code = error.code
    assert code in {"probe-failed", "probe-mismatch"}


# -- dates and records -----------------------------------------------------------------------------


class Weekday:
    """A model of dates: in a frame's first column, a list of records, or an array."""

    def predict(self, rows: Any) -> Any:
        if hasattr(rows, "iloc"):
            return rows.iloc[:, 0].dt.day_of_week.to_numpy()
        if isinstance(rows, list):
            return np.array([row["when"].weekday() for row in rows])
        return (rows.astype("M8[D]").astype(np.int64).ravel() + 3) % 7


DAYS = ["2026-01-31", "2020-02-29", "1969-12-31"]
DATES: dict[str, Any] = {
    "an array of days": np.array(DAYS, "M8[D]"),
    "an array of nanoseconds": np.array(DAYS, "M8[ns]"),
    "a column of seconds": pd.DataFrame({"when": pd.to_datetime(DAYS).astype("M8[s]")}),
    "a column with a zone": pd.DataFrame({"when": pd.to_datetime(DAYS, utc=True)}),
    "records with days": [{"when": date.fromisoformat(day)} for day in DAYS],
    "records with times": [{"when": datetime.fromisoformat(day)} for day in DAYS],
    "records of pandas": [{"when": pd.Timestamp(day)} for day in DAYS],
    "records of numpy": [{"when": np.datetime64(day, "ns")} for day in DAYS],
}


@pytest.mark.parametrize("what", DATES)
def test_dates_are_rows(what: str) -> None:
    probe = json.loads(json.dumps(record_probe(Weekday(), DATES[what])))
    assert check_probe(Weekday(), probe) == 3
    assert decode(probe["expected"]["predict"]).tolist() == [5, 5, 2]


def test_objects_that_are_dates_come_back() -> None:
    given = [date(2026, 1, 31), datetime.fromisoformat("2026-01-31T12:30"), None, pd.NaT]
    again = decode(json.loads(json.dumps(encode(np.array(given, object)))))
    assert again.tolist() == [given[0], given[1], None, None]
    assert type(again[0]) is date


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 1, 31, tzinfo=UTC),
        pd.Timestamp(1, unit="ns"),
        np.datetime64(1, "ns"),
        np.timedelta64(1, "ns"),
        {"nested": 1},
        [1],
    ],
    ids=repr,
)
def test_what_would_not_come_back_in_a_record_is_said(value: Any) -> None:
    with pytest.raises(UsageError) as caught:
        record_probe(Weekday(), [{"when": value}])
    assert caught.value.code == "probe-unsuitable"


RECORDS = [{"age": 41, "city": "Bonn"}, {"age": 17, "city": "Ulm"}, {"age": 30.5, "city": "Ulm"}]


def test_records_are_a_frame_to_a_model_that_was_fitted_on_one() -> None:
    model = make_column_transformer(
        (OneHotEncoder(), ["city"]), remainder="passthrough"
    ).fit(pd.DataFrame(RECORDS))  # fmt: skip
    probe = record_probe(model, [{"city": "Ulm", "age": 1}, {"age": 2, "city": "Bonn"}])
    assert probe["rows"]["kind"] == "frame"
    assert check_probe(model, json.loads(json.dumps(probe))) == 2


def test_records_stay_records_to_a_model_that_takes_them() -> None:
    model = make_pipeline(DictVectorizer(), LogisticRegression()).fit(RECORDS, [0, 1, 1])
    probe = record_probe(model, [{"age": 41, "city": "Bonn"}, {"city": "Ulm"}])
    assert probe["rows"] == {
        "kind": "records",
        "values": [{"age": 41, "city": "Bonn"}, {"city": "Ulm"}],
    }
    assert check_probe(model, json.loads(json.dumps(probe))) == 2


@pytest.mark.parametrize("takes", ["frames", "records"])
def test_rows_are_drawn_from_records(takes: str) -> None:
    data = [{"age": age, "city": ["Bonn", "Ulm"][age % 2]} for age in range(40)]
    model: Any = DictVectorizer()
    if takes == "frames":
        model = make_column_transformer((OneHotEncoder(), ["city"]), remainder="passthrough")
        model.fit(pd.DataFrame(data))
    else:
        model.fit(data)
    probe = record_probe(model, synthetic_rows(model, data), drawn=True)
    assert check_probe(model, probe) == 16


@pytest.mark.parametrize(
    "rows",
    [
        {"kind": "records", "values": [1]},
        {"kind": "records", "values": {"a": 1}},
        {"kind": "records", "values": [{"a": [1]}]},
        {"kind": "records", "values": [{"a": {"date": "31.1.2026"}}]},
        {"kind": "records", "values": [{"a": {"module": "os"}}]},
        {"kind": "records", "values": [{"a": {"date": "2026-01-31", "time": "x"}}]},
        {"kind": "records", "values": [dict.fromkeys(map(str, range(1_000)), 0)] * 101},
    ],
    ids=lambda rows: str(rows)[:70],
)
def test_hostile_records_are_a_load_error(rows: dict[str, Any]) -> None:
    probe = record_probe(Says([1]), DATA[:1])
    with pytest.raises(LoadError) as caught:
        check_probe(Says([1]), {**probe, "rows": rows})
    assert caught.value.code == "probe-failed"


@pytest.mark.parametrize("when", ["signing", "loading"])
def test_what_a_model_raises_is_told_in_a_line_of_its_own_words(when: str) -> None:
    class Fails:
        failing = when == "signing"

        def predict(self, rows: Any) -> Any:
            if self.failing:
                raise KeyError("no column\x1b[2J " + "x" * 10_000)
            return np.zeros(len(rows))

    model = Fails()
    probe = None if model.failing else record_probe(model, DATA[:2])
    model.failing = True
    with pytest.raises(LoadError) as caught:
        check_probe(model, probe) if probe else record_probe(model, DATA[:2])
    error = caught.value
    assert error.code == "probe-failed"
    assert "KeyError" in error.message
    assert "no column" in error.message
    assert error.message.isprintable()
    assert len(error.message) < 700
    assert error.exit_code == 3
