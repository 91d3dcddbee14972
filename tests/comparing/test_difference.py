"""What differs between two models is found without loading either, in every format."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Callable
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from safeload.artefact import Artefact
from safeload.comparing.contents import Made, parts_of
from safeload.comparing.difference import SECTIONS, Difference, Side, difference_between
from safeload.errors import ArtefactError, RefusedError
from safeload.limits import Limits
from safeload.policy.policy import Policy
from safeload.report.differences import as_document, as_lines
from tests.builder import Pickle

ROWS = np.random.default_rng(0).normal(size=(60, 4))
CLASSES = (ROWS[:, 0] > 0).astype(int)
HARDER = ROWS[:, 1] > ROWS[:, 0]


def joblib_bytes(model: Any, compress: int = 0) -> bytes:
    file = io.BytesIO()
    joblib.dump(model, file, compress=compress)
    return file.getvalue()


FORMATS: dict[str, Callable[[Any], bytes]] = {
    "pickle": pickle.dumps,
    "an old pickle": lambda model: pickle.dumps(model, protocol=2),
    "joblib": joblib_bytes,
    "compressed joblib": lambda model: joblib_bytes(model, 3),
    "skops": skops.io.dumps,
}


def side(data: bytes) -> Side:
    return Side.of(Artefact.of(data), Policy.default(), Limits())


def difference(first: Any, second: Any, write: Callable[[Any], bytes] = joblib_bytes) -> Difference:
    return difference_between(side(write(first)), side(write(second)))


def names(found: Difference) -> dict[str, list[str]]:
    """What differs in each section, but for the file itself."""
    return {
        section: [entry.name for entry in entries]
        for section, entries in found.sections.items()
        if entries and section != "metadata"
    }


PIPELINE = make_pipeline(StandardScaler(), LogisticRegression()).fit(ROWS, CLASSES)


@pytest.mark.parametrize("form", FORMATS)
def test_a_hyper_parameter_and_what_it_leads_to(form: str) -> None:
    second = clone(PIPELINE).set_params(logisticregression__C=0.25).fit(ROWS, CLASSES)
    found = difference(PIPELINE, second, FORMATS[form])
    assert not found.same
    (entry,) = found.sections["parameters"]
    assert (entry.name, entry.first, entry.second) == (".steps[1][1].C", 1.0, 0.25)
    assert {".steps[1][1].coef_", ".steps[1][1].intercept_"} <= set(names(found)["arrays"])
    (coefficients,) = [e for e in found.sections["arrays"] if e.name.endswith("coef_")]
    apart = np.abs(PIPELINE[1].coef_ - second[1].coef_).max()
    assert coefficients.change is not None
    assert (coefficients.change.elements, coefficients.change.largest) == (4, apart)


@pytest.mark.parametrize("form", FORMATS)
def test_a_model_that_was_fitted_again_as_before_is_the_same(form: str) -> None:
    assert names(difference(PIPELINE, clone(PIPELINE).fit(ROWS, CLASSES), FORMATS[form])) == {}


@pytest.mark.parametrize("form", FORMATS)
def test_the_format_is_no_difference_of_contents(form: str) -> None:
    found = difference_between(side(joblib_bytes(PIPELINE)), side(FORMATS[form](PIPELINE)))
    assert set(names(found)) <= {"globals"}


def forest(**parameters: Any) -> Any:
    return RandomForestClassifier(3, random_state=0, **parameters).fit(
        ROWS, ROWS[:, 1] > ROWS[:, 0]
    )


FRAME = pd.DataFrame({"age": ROWS[:, 0], "plan": ["a", "b", "c"] * 20})
MODELS: dict[str, tuple[Any, Any, str, str]] = {
    "a step of a pipeline": (
        PIPELINE, make_pipeline(StandardScaler(), KNeighborsClassifier()).fit(ROWS, CLASSES),
        "parameters", ".steps[1][1]",
    ),
    "a tree of a forest": (
        forest(), forest(max_depth=1), "arrays", ".estimators_[0].tree_.nodes",
    ),
    "a function": (
        FunctionTransformer(np.log1p), FunctionTransformer(np.expm1), "parameters", ".func",
    ),
    "a grid": (
        GridSearchCV(LogisticRegression(), {"C": [1, 2]}, cv=2).fit(ROWS, CLASSES),
        GridSearchCV(LogisticRegression(), {"C": [1, 3]}, cv=2).fit(ROWS, CLASSES),
        "parameters", ".param_grid['C']",
    ),
    "a vocabulary": (
        CountVectorizer().fit(["a bb cc"]), CountVectorizer().fit(["bb cc dd"]),
        "state", ".vocabulary_",
    ),
    "categories of a frame": (
        make_column_transformer((OneHotEncoder(), ["plan"])).fit(FRAME),
        make_column_transformer((OneHotEncoder(), ["plan"])).fit(FRAME[FRAME["plan"] != "c"]),
        "state", ".transformers_[0][1].categories_[0]",
    ),
    "boosting": (
        HistGradientBoostingRegressor(max_iter=2).fit(ROWS, ROWS[:, 1]),
        HistGradientBoostingRegressor(max_iter=2).fit(ROWS, ROWS[:, 2]),
        "arrays", "._predictors[0][0].nodes",
    ),
    "a type of a number": (
        LogisticRegression(C=1), LogisticRegression(C=True), "parameters", ".C",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", MODELS)
def test_it_is_found_in(what: str) -> None:
    first, second, section, place = MODELS[what]
    found = difference(first, second)
    assert place in names(found)[section]
    # As many the other way round, with the sides exchanged.
    back = difference(second, first)
    for one in SECTIONS:
        assert {e.name for e in found.sections[one]} == {e.name for e in back.sections[one]}
    json.dumps(as_document(found), allow_nan=False)
    assert all(line.isprintable() and len(line) < 500 for _, line in as_lines(found))


@pytest.mark.parametrize("what", MODELS)
def test_a_model_does_not_differ_from_itself(what: str) -> None:
    first, second, _, _ = MODELS[what]
    for model in (first, second):
        found = difference(model, model)
        assert found.same
        assert as_lines(found)[-1] == ("section", "differences: none")


def test_what_is_missing_as_a_whole_is_said_once_to_people() -> None:
    smaller = RandomForestClassifier(2, random_state=0).fit(ROWS, HARDER)
    found = difference(smaller, forest())
    lines = [line for kind, line in as_lines(found) if kind == "b" and "estimators_[2]" in line]
    assert len(lines) == 1
    assert len(as_document(found)["state"]) > 10


def test_the_releases_that_wrote_it_are_compared() -> None:
    data = pickle.dumps(PIPELINE)
    import sklearn

    release = sklearn.__version__.encode()
    older = b"1.2.0".ljust(len(release), b"0")[: len(release)]
    found = difference_between(side(data), side(data.replace(release, older)))
    assert names(found) == {"libraries": ["scikit-learn that wrote it"]}


# -- hostile files ---------------------------------------------------------------------------------


def test_what_the_policy_refuses_is_not_compared() -> None:
    call = Pickle(4).global_("posix", "system").unicode("touch canary").tuple1().reduce().stop()
    with pytest.raises(RefusedError) as caught:
        side(bytes(call))
    assert caught.value.exit_code == 1


def test_places_have_a_bound_all_together() -> None:
    deep: Any = 1
    for _ in range(200):
        deep = {"x" * 10_000: deep, "y": []}
    with pytest.raises(ArtefactError) as caught:
        side(pickle.dumps(deep))
    assert caught.value.code == "compare-limit"


def test_what_is_shared_is_visited_once() -> None:
    shared: Any = [1]
    for _ in range(60):
        shared = [shared, shared]
    parts = parts_of(shared)
    assert len(parts) < 200
    assert parts["[0][1]"].content == Made("the same object as [0][0]")


def test_a_container_in_itself_is_visited_once() -> None:
    around: dict[str, Any] = {"a": 1}
    around["b"] = [around]
    try:
        parts = side(pickle.dumps(around)).parts
    except RefusedError:
        return
    assert parts["['b'][0]"].content == Made("the same object as the model")


def test_odd_names_and_texts_are_escaped_and_cut() -> None:
    first = {"a\x1b[2J\n": "x\r\x07" * 1_000, "b" * 5_000: 1, "c": [[]], 3: {"\u202e": None}}
    second = {"a\x1b[2J\n": "y", "b" * 5_000: 2, 3: {"\u202e": [[2]]}}
    found = difference(first, second, pickle.dumps)
    assert not found.same
    for _, line in as_lines(found):
        assert line.isprintable()
        assert len(line) < 500
    assert "\x1b" not in json.dumps(as_document(found))


def test_numbers_that_json_lacks_are_texts() -> None:
    found = difference([1.0, [float("nan")], 10**30], [float("inf"), [2.0], 5], pickle.dumps)
    text = json.dumps(as_document(found), allow_nan=False)
    assert '"inf"' in text


def test_tokens_that_no_machine_makes_have_a_name() -> None:
    assert parts_of(object())[""].content == Made("a token of type object")
