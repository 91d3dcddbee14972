"""Callables stand only where the table of holders lets their kind stand."""

from __future__ import annotations

import collections
import functools
import operator
import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import VotingRegressor
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score, make_scorer
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from safeload.policy.callables.places import Places
from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.scan import scan
from tests.builder import Name, Pickle


def changed(model: Any, **attributes: Any) -> Any:
    """A model with attributes that its constructor would not give it."""
    vars(model).update(attributes)
    return model


def steps(*functions: Any) -> Pipeline:
    return make_pipeline(*map(FunctionTransformer, functions))


SCALER = StandardScaler().fit([[0.0], [1.0]])

LEGITIMATE: dict[str, Any] = {
    "a function of a transformer": FunctionTransformer(np.log1p, inverse_func=np.expm1),
    "with keyword arguments": FunctionTransformer(np.clip, kw_args={"a_min": 0, "a_max": 1}),
    "a kernel with one of its matrices": FunctionTransformer(
        rbf_kernel, kw_args={"Y": [[35.0]], "gamma": 0.1}
    ),
    "a partial": FunctionTransformer(functools.partial(np.clip, a_min=0, a_max=1)),
    "a method of another model": make_pipeline(SCALER, FunctionTransformer(SCALER.transform)),
    "words": CountVectorizer(tokenizer=str.split, preprocessor=str.lower, token_pattern=None),
    "a score": make_scorer(f1_score, average="macro"),
    "a search over functions": GridSearchCV(
        Pipeline([("f", FunctionTransformer())]), {"f__func": [np.log1p, np.sqrt, None]}
    ),
    "a search over models": GridSearchCV(Pipeline([("m", Ridge())]), {"m": [Ridge(), Ridge(2)]}),
    "helpers beside a model": {"model": LogisticRegression(), "helpers": [np.log1p, f1_score]},
    "a helper in an array of objects": np.array([np.log1p, str.lower], object),
    "a factory": collections.defaultdict(list, a=[1]),
    "a type of numbers": CountVectorizer(dtype=np.float32),
    "a generator": changed(Ridge(), random_state=np.random.RandomState(0)),
    "a method of a class that no file may keep": FunctionTransformer(np.ndarray.flatten),
    "such methods, one by one and again": [np.ndarray.astype, [np.ndarray.astype], np.ones(2)],
    "a part of a document": CountVectorizer(preprocessor=operator.itemgetter("title")),
    "the lengths of texts": FunctionTransformer(np.vectorize(len)),
}

HOSTILE: dict[str, Any] = {
    "a class is called": FunctionTransformer(collections.Counter),
    "a matrix in the place of the data": FunctionTransformer(rbf_kernel, kw_args={"X": [[1.0]]}),
    "a matrix that makes much of little": FunctionTransformer(
        rbf_kernel, kw_args={"Y": np.ones((2_000, 1))}
    ),
    "a parameter that would change what is given": FunctionTransformer(
        np.nan_to_num, kw_args={"copy": False}
    ),
    "several columns as the text of a document": CountVectorizer(
        preprocessor=operator.itemgetter(["a", "b"])
    ),
    "a score as a function of tables": FunctionTransformer(f1_score),
    "a function in an attribute that takes none": changed(Ridge(), alpha=np.log1p),
    "a function in the place of a method": changed(StandardScaler(), transform=np.log1p),
    "a class in the place of a method": changed(StandardScaler(), _reset=dict),
    "a function within a list in an attribute": changed(Ridge(), alpha=[{"a": (np.log1p,)}]),
    "a function within an array of objects": changed(
        Ridge(), alpha=np.array([np.log1p, None], object)
    ),
    "a function in a nested dict of another class": changed(
        Ridge(), alpha=collections.OrderedDict(a=collections.deque([np.log1p]))
    ),
    "a method of a pipeline's own": changed(SCALER.__class__(), mean_=SCALER.transform),
    "a function in the place of a model": changed(
        VotingRegressor([("a", Ridge())]), estimators_=[np.log1p]
    ),
    "a getter in the place of a metric": KNeighborsClassifier(metric=operator.itemgetter(0)),
    "keyword arguments that the function does not take from a file": FunctionTransformer(
        np.clip, kw_args={"out": 1}
    ),
    "keyword arguments out of bounds": FunctionTransformer(np.round, kw_args={"decimals": 10**8}),
    "keyword arguments that are a callable": FunctionTransformer(
        np.clip, kw_args={"a_min": np.log1p}
    ),
    "keyword arguments in a dict of another class": FunctionTransformer(
        np.clip, kw_args=collections.OrderedDict(out=1)
    ),
    "a search that would set a class": GridSearchCV(
        Pipeline([("f", FunctionTransformer())]), {"f__func": [collections.Counter]}
    ),
    "a search that would set a function where none is called": GridSearchCV(
        Ridge(), {"alpha": [np.log1p]}
    ),
    "a factory that takes what it is given": collections.defaultdict(np.log1p),  # type: ignore[arg-type]
    "what makes a generator's parts, in a file that has a generator": [
        np.random.RandomState(0),
        changed(Ridge(), alpha=np.random.RandomState().__reduce__()[1][0].__reduce__()[0]),
    ],
    "items of a pipeline": steps(operator.methodcaller("items")),
    "a chain to the builtins": steps(
        operator.attrgetter("gi_frame.f_builtins"), operator.itemgetter("exec")
    ),
}


def test_keyword_arguments_are_found_in_either_dict_of_a_state() -> None:
    cls = Name("sklearn.preprocessing._function_transformer", "FunctionTransformer")
    parts = {"func": Name("numpy", "round"), "validate": False}, {"kw_args": {"decimals": 10**8}}
    for state in (parts, parts[::-1]):
        scanned = scan(Pickle(4).object_(cls, state=state).finish())
        found = judge(scanned, Policy.default()).findings
        assert [finding.rule for finding in found] == ["SL110"]


NDARRAY = Name("numpy", "ndarray")
STREAMS: dict[str, Pickle] = {
    "behind its method": Pickle(4)
    .save(NDARRAY)
    .call(Name("builtins", "getattr"), NDARRAY, "astype"),
    "in the arguments, kept once more": Pickle(4)
    .save(Name("builtins", "getattr"), (NDARRAY, "astype"))
    .memo("arguments")
    .reduce()
    .recall("arguments"),
}


@pytest.mark.guarantee("G22")
@pytest.mark.parametrize("case", STREAMS)
def test_a_class_that_stays_behind_is_kept_for_all_that_its_method_is_made_of_it(case: str) -> None:
    stream = STREAMS[case].tuple2().finish()
    assert "SL102" in {each.rule for each in judge(scan(stream), Policy.default()).findings}


def parts_made_by(function: Name) -> Pickle:
    """A random state as numpy 1.24 to 1.26 writes it."""
    return Pickle(4).call(Name("numpy.random._pickle", "__randomstate_ctor"), "MT19937", function)


def test_a_random_state_may_name_what_makes_its_parts_and_nothing_else() -> None:
    makers = {
        Name("numpy.random._pickle", "__bit_generator_ctor"): set(),
        Name("scipy.interpolate._rbf", "Rbf._h_cubic"): {"SL103"},
        Name("numpy", "log1p"): {"SL103"},
    }
    for maker, expected in makers.items():
        found = judge(scan(parts_made_by(maker).finish()), Policy.default()).findings
        assert {finding.rule for finding in found} == expected


BOOSTER = Name("xgboost.sklearn", "XGBRegressor")


@pytest.mark.parametrize(
    ("function", "is_refused"),
    [
        (" ".join, True),
        (np.sum, True),
        (functools.partial(np.take, indices=0), True),
        (operator.methodcaller("replace", "a", "b"), True),
        (np.mean, False),
        (functools.partial(np.mean, axis=1), False),
        (operator.itemgetter(0), True),
        (operator.itemgetter((0, "a")), True),
        (operator.itemgetter(["a", "b"]), False),
        (operator.itemgetter(slice(2)), False),
        (np.log1p, False),
    ],
    ids=[
        "join",
        "sum",
        "a row's item",
        "replace",
        "mean",
        "means",
        "item",
        "cell",
        "columns",
        "rows",
        "log1p",
    ],
)
def test_no_single_text_reaches_a_model_that_takes_it_for_a_path(
    function: Any, is_refused: bool
) -> None:
    step = pickle.dumps(FunctionTransformer(function), 2)[2:-1]
    stream = Pickle(2).raw(step).global_(BOOSTER.module, BOOSTER.name).raw(b"\x86")
    places = Places(scan(stream.finish()).programs, Policy.default())
    (program,) = scan(stream.finish()).programs
    assert ([*places.misplaced(program)] != []) is is_refused


def rules(model: Any, protocol: int) -> set[str]:
    scanned = scan(pickle.dumps(model, protocol))
    return {finding.rule for finding in judge(scanned, Policy.default()).findings}


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("case", LEGITIMATE)
def test_what_a_model_is_made_to_call_may_stand_there(case: str, protocol: int) -> None:
    assert rules(LEGITIMATE[case], protocol) == set()


@pytest.mark.guarantee("G22")
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("case", HOSTILE)
def test_anything_else_may_not(case: str, protocol: int) -> None:
    found = rules(HOSTILE[case], protocol)
    assert found & {"SL103", "SL110"}
