"""Rows that are drawn from data are nobody's: none is among them, nothing rare is in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

import safeload
from safeload.errors import UsageError
from safeload.lineage.synthetic import synthetic_rows
from safeload.loading.probe import check_probe, record_probe
from safeload.trust.trustfile import TrustFile

ANY = FunctionTransformer()
RANDOM = np.random.default_rng(7)
ROWS = 200
NAMES = [f"Person {place}" for place in range(ROWS)]


def people() -> pd.DataFrame:
    """Data about people: everybody's name, plans that many have, one that nobody else has."""
    return pd.DataFrame(
        {
            "name": NAMES,
            "age": RANDOM.integers(18, 90, ROWS),
            "income": RANDOM.lognormal(10, 1, ROWS),
            "plan": ["basic", "gold"] * (ROWS // 2 - 1) + ["basic", "royal"],
            "born": pd.to_datetime("1990-01-01") + pd.to_timedelta(np.arange(ROWS) * 17, "D"),
            "seen": pd.to_datetime("2026-01-01", utc=True).tz_convert("Europe/Berlin")
            + pd.to_timedelta(np.arange(ROWS), "h"),
            "grade": pd.Categorical(
                [*(["a", "b", None] * ROWS)[: ROWS - 1], "z"], ["a", "b", "z", "never"]
            ),
            "visits": pd.array([1, 2, None, 4] * (ROWS // 4), dtype="Int64"),
            "member": [True, False] * (ROWS // 2),
        }
    )


def cells(value: Any) -> Iterator[Any]:
    """Every scalar in JSON."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from cells(inner)
    else:
        yield value


def test_nobody_is_in_what_is_sealed() -> None:
    data = people()
    probe = record_probe(ANY, synthetic_rows(ANY, data), drawn=True)
    recorded = json.dumps(probe)
    assert "Person" not in recorded
    assert "royal" not in recorded
    assert '"z"' not in recorded
    assert "never" not in recorded
    incomes = set(data["income"])
    assert not incomes & {cell for cell in cells(probe) if isinstance(cell, float)}
    assert probe["drawn"] is True


def test_what_is_drawn_is_like_the_data() -> None:
    data = people()
    rows = synthetic_rows(ANY, data)
    assert list(rows.columns) == list(data.columns)
    for name in data.columns:
        assert rows[name].dtype == data[name].dtype or name == "grade"
    assert len(rows) == 16
    assert set(rows["name"]) == {"unknown"}
    assert set(rows["plan"]) == {"basic", "gold"}
    assert list(rows["grade"].cat.categories) == ["a", "b"]
    assert rows["grade"].isna().any()
    assert rows["visits"].isna().any()
    assert not rows["age"].isna().any()
    low, high = data["income"].quantile([0.05, 0.95])
    assert rows["income"].between(low, high).all()
    assert rows["born"].between(data["born"].min(), data["born"].max()).all()
    assert rows["seen"].between(data["seen"].min(), data["seen"].max()).all()


SECRET = 123_456.789
FEW: dict[str, list[Any]] = {
    "one number": [SECRET] + [None] * 99,
    "a few numbers": [SECRET, SECRET] + [1.0, 2.0] + [None] * 96,
    "one whole number": [123_456_789] + [None] * 99,
    "one date": [pd.Timestamp("1977-07-07")] + [pd.NaT] * 99,
    "one flag": [True] + [None] * 99,
    "one text": ["Mata Hari"] + [None] * 99,
    "one infinity": [np.inf] + [None] * 99,
}


@pytest.mark.parametrize("what", FEW)
def test_what_few_rows_have_is_not_sealed(what: str) -> None:
    data = pd.DataFrame({"few": FEW[what], "many": RANDOM.normal(size=100)})
    rows = synthetic_rows(ANY, data)
    secret = data["few"].iloc[0]
    assert secret not in set(rows["few"])
    for array in (data.to_numpy(),) if what != "one date" else ():
        assert array[0, 0] not in set(synthetic_rows(ANY, array)[:, 0])


def test_the_same_data_and_model_give_the_same_rows() -> None:
    data = people()
    pd.testing.assert_frame_equal(synthetic_rows(ANY, data), synthetic_rows(ANY, data))
    # The order of the data is nobody's either.
    numbers = data[["age", "plan"]]
    shuffled = numbers.sample(frac=1, random_state=1).reset_index(drop=True)
    pd.testing.assert_frame_equal(synthetic_rows(ANY, numbers), synthetic_rows(ANY, shuffled))


def model_of_people(data: pd.DataFrame) -> Any:
    columns = make_column_transformer(
        (OneHotEncoder(), ["plan"]), (StandardScaler(), ["age"]), (TfidfVectorizer(), "name")
    )
    model = make_pipeline(columns, LogisticRegression())
    return model.fit(data[["plan", "age", "name"]], np.arange(len(data)) % 2)


def test_levels_and_words_that_the_model_knows_are_in_its_file_anyway() -> None:
    data = people()
    model = model_of_people(data)
    rows = synthetic_rows(model, data)
    assert list(rows.columns) == ["plan", "age", "name"]
    assert set(rows["plan"]) == {"basic", "gold", "royal"}
    assert not set(rows["name"]) & set(NAMES)
    assert set(" ".join(rows["name"]).split()) <= set(
        model[0].named_transformers_["tfidfvectorizer"].vocabulary_
    )
    assert check_probe(model, record_probe(model, rows, drawn=True)) == 16


def test_categories_of_a_type_name_only_what_was_drawn() -> None:
    data = people()[["grade", "income"]]
    model = HistGradientBoostingClassifier(max_iter=2, categorical_features="from_dtype")
    model.fit(data, np.arange(ROWS) % 2)
    assert check_probe(model, record_probe(model, synthetic_rows(model, data))) == 16


TEXTS = [f"the order of {name} was late by {place} days" for place, name in enumerate(NAMES)]


@pytest.mark.parametrize("vectoriser", [TfidfVectorizer(min_df=10), HashingVectorizer()])
def test_texts_are_made_of_words_that_many_share(vectoriser: Any) -> None:
    model = vectoriser.fit(TEXTS)
    rows = synthetic_rows(model, TEXTS)
    assert len(rows) == 16
    assert not set(rows) & set(TEXTS)
    assert set(" ".join(rows).lower().split()) <= set(
        "the order of person was late by days".split()
    )
    assert check_probe(model, record_probe(model, rows)) == 16


def test_arrays_of_numbers_and_of_objects() -> None:
    numbers = RANDOM.normal(size=(60, 2))
    numbers[:30, 1] = np.nan
    rows = synthetic_rows(ANY, numbers)
    assert rows.shape == (16, 2)
    assert np.isnan(rows[:, 1]).any()
    mixed = np.array([["a", 1.5 * at, None] for at in range(60)], object)
    drawn = synthetic_rows(ANY, mixed)
    assert set(drawn[:, 0]) == {"a"}
    assert all(value is None for value in drawn[:, 2])


# -- properties ------------------------------------------------------------------------------------

CELL = (
    st.none()
    | st.integers(-3, 3)
    | st.integers(-(10**6), 10**6)
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.sampled_from("abc")
    | st.text(max_size=4)
)
COLUMNS = st.lists(
    st.sampled_from(
        [
            st.integers(0, 3),
            st.integers(-(10**9), 10**9),
            st.floats(-1e6, 1e6),
            st.booleans(),
            st.sampled_from("abc"),
            st.text(max_size=3),
            CELL,
        ]
    ),
    min_size=1,
    max_size=3,
)


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    length = draw(st.integers(1, 60))
    columns = draw(COLUMNS)
    return pd.DataFrame(
        {
            f"c{place}": draw(st.lists(column, min_size=length, max_size=length))
            for place, column in enumerate(columns)
        }
    )


def comparable(row: Any) -> tuple[Any, ...]:
    return tuple(None if cell is None or cell != cell else cell for cell in row)


@settings(max_examples=60, deadline=None)
@given(data=frames())
def test_no_row_of_any_data_is_drawn_and_nothing_rare(data: pd.DataFrame) -> None:
    try:
        rows = synthetic_rows(ANY, data)
    except UsageError as error:
        code = error.code
    else:
        code = ""
        present = {comparable(row) for row in data.itertuples(index=False, name=None)}
        drawn = {comparable(row) for row in rows.itertuples(index=False, name=None)}
        assert len(data) >= 20
        assert not present & drawn
        for name in data.columns:
            counts = data[name].value_counts()
            rare = {v for v, n in counts.items() if n < 10 and isinstance(v, str)}
            assert not rare - {"unknown"} & set(rows[name])
    assert code in {"", "probe-from-unsuitable", "probe-from-exhausted"}


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(st.text("ab ", max_size=12), min_size=1, max_size=60))
def test_no_text_of_any_data_is_drawn(texts: list[str]) -> None:
    try:
        rows = synthetic_rows(ANY, texts)
    except UsageError as error:
        assert error.hint  # noqa: PT017  # either may come
    else:
        assert not set(rows) & set(texts)


UNSUITABLE: dict[str, Any] = {
    "too few rows": people()[:19],
    "too few texts": TEXTS[:19],
    "an array of one dimension": np.zeros(50),
    "an array of complex numbers": np.zeros((50, 2), complex),
    "texts that share no words": [f"word{at}" for at in range(60)],
    "a column of lists": pd.DataFrame({"a": [[1]] * 50}),
    "flags among numbers": pd.DataFrame({"a": [True, *(1.5 * at for at in range(2, 60))]}),
    "something else": 7,
}


@pytest.mark.parametrize("what", UNSUITABLE)
def test_what_nothing_is_drawn_from(what: str) -> None:
    with pytest.raises(UsageError) as caught:
        synthetic_rows(ANY, UNSUITABLE[what])
    assert caught.value.code == "probe-from-unsuitable"


def test_data_that_hold_every_row_are_an_error() -> None:
    data = pd.DataFrame({"a": ["x", "y"] * 20, "b": [1, 1, 2, 2] * 10})
    with pytest.raises(UsageError) as caught:
        synthetic_rows(ANY, data)
    assert caught.value.code == "probe-from-exhausted"


def test_rows_and_data_to_draw_from_are_not_given_both(tmp_path: Path) -> None:
    key = safeload.SigningKey.generate()
    with pytest.raises(UsageError) as caught:
        safeload.sign(tmp_path / "x", key=key, name="a", version="1", probe=[], probe_from=[])
    assert caught.value.code == "probe-twice"


def test_what_was_drawn_is_compared_when_it_is_loaded(tmp_path: Path) -> None:
    data = people()
    model = model_of_people(data)
    key = safeload.SigningKey.generate()
    path = tmp_path / "people.joblib"
    safeload.dump(model, path, key=key, name="people", version="1", probe_from=data)
    TrustFile.add(tmp_path / "trust.toml", name="alice", key=key.public, models=["people"])
    again = safeload.load(path, trust=tmp_path / "trust.toml", probe=True)
    rows = data[["plan", "age", "name"]]
    assert (again.predict(rows) == model.predict(rows)).all()
    bundle = path.with_name("people.joblib.sig").read_text()
    assert "Person 17" not in bundle
