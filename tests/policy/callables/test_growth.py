"""Texts and whole numbers of Python that a model computes stay within bounds."""

from __future__ import annotations

import operator
import pickle
import re
from functools import partial
from typing import Any

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from safeload.limits import Limits
from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.scan import scan

ROWS = np.random.default_rng(0).random((12, 2)) + 1
SQUARED = FunctionTransformer(np.square)
TO_OBJECTS = FunctionTransformer(np.ndarray.astype, kw_args={"dtype": object})
LONGER = FunctionTransformer(np.vectorize(operator.methodcaller("replace", "a", "a" * 50)))


def rules(model: Any, **limits: int) -> set[str]:
    """The rules that refuse a model."""
    judged = judge(scan(bytearray(pickle.dumps(model)), Limits(**limits)), Policy.default())
    return {finding.rule for finding in judged.findings}


GROWING: dict[str, Any] = {
    "squares of objects": make_pipeline(TO_OBJECTS, *[FunctionTransformer(np.square)] * 30),
    "one square, thirty times": Pipeline(
        [("objects", TO_OBJECTS), *((str(number), SQUARED) for number in range(30))]
    ),
    "squares in pipelines in a pipeline": make_pipeline(
        TO_OBJECTS, *[make_pipeline(*[SQUARED] * 6) for _ in range(4)]
    ),
    "squares in a union": FeatureUnion([("a", make_pipeline(*[SQUARED] * 30))]),
    "longer and longer texts": make_pipeline(*[LONGER] * 4),
    "texts repeated": FunctionTransformer(partial(np.multiply, 10**9)),
    "texts repeated by a number of numpy's": FunctionTransformer(
        partial(np.multiply, np.int64(10**9))
    ),
    "longer matches": FunctionTransformer(
        np.vectorize(partial(re.sub, re.compile("a"), "b" * 140_000))
    ),
}


@pytest.mark.guarantee("G22")
@pytest.mark.parametrize("name", GROWING)
def test_what_grows_without_end_is_not_accepted(name: str) -> None:
    found = rules(GROWING[name])
    assert found == {"SL002"}


def test_the_limit_can_be_raised() -> None:
    assert rules(GROWING["longer and longer texts"], growth=50**4) == set()


def holding(value: Any) -> Any:
    """A model that keeps a value, before a power of two."""
    model = Ridge()
    model.intercept_ = value
    return make_pipeline(model, FunctionTransformer(partial(np.power, 2)))


POWERS: dict[str, Any] = {
    "of a number in the file": holding(np.array([10**10, None], object)),
    "of a number in a list": holding([10**10]),
    "of objects": make_pipeline(TO_OBJECTS, FunctionTransformer(partial(np.power, 2))),
    "of a number of numpy's": make_pipeline(
        TO_OBJECTS, FunctionTransformer(partial(np.power, np.int64(2)))
    ),
    "of columns beside others": ColumnTransformer(
        [("powers", FunctionTransformer(partial(np.power, 2)), [0])]
    ),
}


@pytest.mark.guarantee("G22")
@pytest.mark.parametrize("name", POWERS)
def test_a_power_of_a_whole_number_is_refused_where_objects_may_be(name: str) -> None:
    found = rules(POWERS[name])
    assert found == {"SL110"}


LEGITIMATE: dict[str, Any] = {
    "powers of ten": TransformedTargetRegressor(
        Ridge(), func=np.log10, inverse_func=partial(np.power, 10), check_inverse=False
    ).fit(ROWS, ROWS[:, 0]),
    "powers of ten beside others": TransformedTargetRegressor(
        make_pipeline(ColumnTransformer([("a", SQUARED, [0, 1])]), Ridge()),
        func=np.log10,
        inverse_func=partial(np.power, 10),
        check_inverse=False,
    ).fit(ROWS, ROWS[:, 0]),
    "powers of numbers that are validated": ColumnTransformer(
        [("powers", FunctionTransformer(partial(np.power, 2), validate=True), [0])]
    ),
    "powers of two": make_pipeline(FunctionTransformer(partial(np.power, 2)), Ridge()),
    "powers of floats beside others": ColumnTransformer(
        [("powers", FunctionTransformer(partial(np.power, 2.0)), [0])]
    ),
    "numbers of numpy's": make_pipeline(*[SQUARED] * 30),
    "squares and products beside others": ColumnTransformer(
        [
            ("squares", SQUARED, [0]),
            ("thousands", FunctionTransformer(partial(np.multiply, 1000)), [0]),
            ("rescaled", FunctionTransformer(partial(np.multiply, np.float32(1e9))), [0]),
        ]
    ),
    "a hundred pipelines side by side": BaggingRegressor(
        make_pipeline(ColumnTransformer([("a", SQUARED, [0])]), Ridge()), n_estimators=100
    ).fit(ROWS, ROWS[:, 0]),
    "a search among many": GridSearchCV(
        make_pipeline(ColumnTransformer([("a", SQUARED, [0])]), Ridge()),
        {"columntransformer__a__func": [np.square, np.sqrt], "ridge__alpha": [*range(1, 30)]},
        cv=2,
    ).fit(ROWS, ROWS[:, 0]),
    "a cleaned text": make_pipeline(
        FunctionTransformer(np.vectorize(operator.methodcaller("replace", "-", " "))),
        FunctionTransformer(np.vectorize(operator.methodcaller("replace", ",", ". "))),
    ),
}


@pytest.mark.parametrize("name", LEGITIMATE)
def test_what_does_not_grow_is_accepted(name: str) -> None:
    found = rules(LEGITIMATE[name])
    assert found == set()
