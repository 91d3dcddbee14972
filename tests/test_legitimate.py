"""Legitimate models are accepted, and load to what the unguarded loader gives.

Every estimator of scikit-learn and every composite, in every format people dump models in. What is
left out stands in a table with its reason.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import safeload
from tests.legitimate import composites, estimators
from tests.legitimate.estimators import Legitimate, outputs
from tests.legitimate.forms import FORMS, plainly_loaded
from tests.legitimate.sameness import difference
from tests.legitimate.values import VALUES

pytestmark = pytest.mark.filterwarnings("ignore")

# The rest of the protocols differ from these in a few opcodes; they are marked slow.
FAST = ("joblib", "pickle-0", "pickle-2", "pickle-5", "skops")
COMPRESSED = [form for form in FORMS if form.startswith("joblib-")]
# Models that hold arrays, object arrays, nested pickles and many opcodes: enough for the codecs,
# which do not see what they compress.
FOR_CODECS = (
    "RandomForestClassifier",
    "titanic",
    "array_nested_objects",
    "array_large",
    "tfidf_and_logistic_regression",
    "random_search_over_randint",
)

# What the library or skops itself cannot dump, or dumps and cannot load.
NOT_DUMPED = {
    ("interpolators", "pickle-0"): "slots without __getstate__",
    ("interpolators", "pickle-1"): "slots without __getstate__",
    # Refused: their class is made by a method named __new__, which a file may not ask for.
    **{
        ("results_with_attributes", form): "no opcode for keywords before protocol 4"
        for form in ("pickle-2", "pickle-3")
    },
    ("vectoriser_with_searches", "skops"): "refused: skops makes partials without their pattern",
    **{
        (name, "skops"): "skops does not support it"
        for name in (
            "Birch",
            "bundle_with_metadata",
            "function_columns_dropped",
            "function_cosines",
            "function_flattened",
            "function_looked_up",
            "function_of_frames",
            "function_type_of_array",
            "hist_gradient_boosting_stopped_early",
            "random_search_of_forest",
            "random_search_over_poisson",
            "random_search_over_randint",
            "random_search_over_values",
            "routing_of_weights",
            "vectoriser_with_bound_methods",
            "vectoriser_with_split",
        )
    },
    # skops is for models; most values that lie beside them it does not write at all.
    **dict.fromkeys(((name, "skops") for name in VALUES), "a value, not a model"),
}

ESTIMATORS = estimators.names()
NAMES = [*ESTIMATORS, *composites.names()]


@cache
def legitimate(name: str) -> Legitimate:
    return estimators.estimator(name) if name in ESTIMATORS else composites.composite(name)


def _cases() -> Iterator[Any]:
    for name in NAMES:
        for form in FORMS:
            if (name, form) in NOT_DUMPED:
                continue
            fast = form in FAST or (form in COMPRESSED and name in FOR_CODECS)
            if form in COMPRESSED and not fast:
                continue
            yield pytest.param(
                name, form, id=f"{name}-{form}", marks=() if fast else pytest.mark.slow
            )


@pytest.mark.parametrize(("name", "form"), list(_cases()))
def test_an_legitimate_model_is_accepted_and_loads_to_the_same(
    name: str, form: str, tmp_path: Path
) -> None:
    model = legitimate(name)
    path = tmp_path / "model"
    FORMS[form](model.model, path)

    report = safeload.audit(path).files[0]

    assert [finding.message for finding in report.findings] == []
    assert report.verdict == "accept"
    loaded, reference = safeload.load_unsigned(path), plainly_loaded(form, path)
    assert difference(loaded, reference) is None
    assert difference(outputs(loaded, model.data), outputs(reference, model.data)) is None


def test_no_estimator_is_left_out_without_a_reason() -> None:
    assert all(estimators.NOT_FITTED.values())
    assert len(ESTIMATORS) > 200


def test_names_of_legitimate_models_are_unique() -> None:
    assert len(set(NAMES)) == len(NAMES)


def test_every_exception_is_one_that_exists() -> None:
    assert {name for name, _ in NOT_DUMPED} <= set(NAMES)


def test_a_difference_between_two_models_is_seen() -> None:
    model, other = (estimators.estimator(name).model for name in ("Ridge", "Lasso"))
    again = pickle.loads(pickle.dumps(model))
    assert difference(model, again) is None
    again.coef_[0] = np.nextafter(again.coef_[0], 1)
    assert difference(model, again) is not None
    assert difference(model, other) is not None
    assert difference({"a": [1, (2.0,)]}, {"a": [1, (2.5,)]}) is not None
    assert difference(np.ma.array([1, 2], mask=[True, False]), np.ma.array([5, 2])) is not None
