"""Estimators around trees are sound as they were fitted, and not when their parts disagree."""

from __future__ import annotations

import copy
from functools import partial
from typing import Any

import numpy as np
import pytest
from sklearn._loss.link import IdentityLink
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.validation import check_array

from malicious_samples.native_state import dumped
from safeload.limits import Limits
from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.scan import scan

RANDOM = np.random.default_rng(5)
DATA = RANDOM.normal(size=(80, 4))
PAIR, CLASSES = RANDOM.integers(0, 2, 80), np.arange(80) % 3
NUMBERS = DATA[:, 0] ** 2

pytestmark = pytest.mark.filterwarnings("ignore")


def reasons(model: Any) -> list[str]:
    """What is found in a model, without the names."""
    findings = judge(scan(dumped(model), Limits()), Policy.default()).findings
    assert {finding.rule for finding in findings} <= {"SL103", "SL110", "SL401"}
    return [finding.message.partition(": ")[2] for finding in findings]


def two(**given: Any) -> Any:
    return GradientBoostingClassifier(n_estimators=2, random_state=0, **given).fit(DATA, PAIR)


def three(**given: Any) -> Any:
    return GradientBoostingClassifier(n_estimators=2, random_state=0, **given).fit(DATA, CLASSES)


def numbers(**given: Any) -> Any:
    return GradientBoostingRegressor(n_estimators=2, random_state=0, **given).fit(DATA, NUMBERS)


SOUND = {
    "two classes": two(),
    "exponential loss": two(loss="exponential"),
    "three classes": three(),
    "numbers": numbers(),
    "quantiles": numbers(loss="quantile"),
    "huber": numbers(loss="huber"),
    "from zero": numbers(init="zero"),
    "three classes from zero": three(init="zero"),
    "from a dummy": three(init=DummyClassifier(strategy="most_frequent")),
    "from a median": numbers(init=DummyRegressor(strategy="median")),
    "from a line": numbers(init=LinearRegression()),
    "from a line through zero": numbers(init=Ridge(fit_intercept=False)),
    "from a tree": numbers(init=DecisionTreeRegressor(max_depth=2)),
    "from a forest": numbers(init=ExtraTreesRegressor(3)),
    "three classes from a tree": three(init=DecisionTreeClassifier(max_depth=2)),
    "three classes from a forest": three(init=RandomForestClassifier(3)),
    "three classes from a regression": three(init=LogisticRegression()),
    "two classes from a regression": two(init=LogisticRegression()),
    "stopped early": numbers(n_iter_no_change=1),
    "best first": numbers(max_leaf_nodes=4),
    "before fitting": GradientBoostingRegressor(),
    "a tree before fitting": DecisionTreeClassifier(),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_fitted_model_is_sound(name: str) -> None:
    assert reasons(SOUND[name]) == []


@pytest.mark.parametrize(
    ("kind", "init"),
    [(numbers, KNeighborsRegressor()), (numbers, make_pipeline(StandardScaler(), Ridge()))],
)
def test_a_start_of_which_the_shape_is_not_known_is_refused(kind: Any, init: Any) -> None:
    (reason,) = reasons(kind(init=init))
    assert reason.startswith("init_ ")


def changed(model: Any, path: str, value: Any) -> Any:
    """A copy with another value for an attribute, or without it."""
    model = copy.deepcopy(model)
    *owners, name = path.split(".")
    part = model
    for owner in owners:
        part = getattr(part, owner)
    if value is MISSING:
        delattr(part, name)
    else:
        part.__dict__[name] = value
    return model


MISSING = object()
TREE = DecisionTreeClassifier(random_state=0).fit(DATA, CLASSES)
CHECKED = partial(check_array, dtype=np.float32)
FORGED = {
    "a tree without columns": (TREE, "n_features_in_", MISSING),
    "a tree of fewer columns": (TREE, "n_features_in_", 3),
    "a tree of columns that are not a number": (TREE, "n_features_in_", 4.0),
    "a tree that is true of columns": (TREE, "n_features_in_", True),
    "a tree that looks at no data": (TREE, "_validate_X_predict", CHECKED),
    "a tree that counts no columns": (TREE, "_check_n_features", CHECKED),
    "three trees for two classes": (two(), "estimators_", three().estimators_),
    "three trees for a number": (numbers(), "estimators_", three().estimators_),
    "a row of trees": (numbers(), "estimators_", numbers().estimators_[:, 0]),
    "trees that are none": (numbers(), "estimators_", np.full((2, 1), None)),
    "trees without a tree": (numbers(), "estimators_", np.array([[Ridge()]], object)),
    "trees that are numbers": (numbers(), "estimators_", np.zeros((2, 1))),
    "fewer trees a round than said": (three(), "n_trees_per_iteration_", 2),
    "a first guess of two classes": (three(), "init_.n_classes_", 2),
    "a first guess of no output": (three(), "init_.n_outputs_", 0),
    "a first guess of two priors": (three(), "init_.class_prior_", np.array([0.5, 0.5])),
    "a first guess in rows": (three(), "init_.class_prior_", np.full((1, 3), 0.3)),
    "a first guess of no numbers": (numbers(), "init_.n_outputs_", 0),
    "a first guess by another function": (numbers(), "init_.predict", np.ravel),
    "a first guess of numbers for classes": (three(), "init_", numbers().init_),
    "a first guess of classes for numbers": (numbers(), "init_", three().init_),
    "a line of no numbers": (
        numbers(init=LinearRegression()), "init_.coef_", np.zeros((0, 4))),
    "a line of a table of intercepts": (
        numbers(init=LinearRegression()), "init_.intercept_", np.zeros((1, 9))),
    "a loss of two classes": (three(), "_loss", two()._loss),
    "a loss that forgets its classes": (three(), "_loss.is_multiclass", False),
    "a loss that is none": (numbers(), "_loss", LinearRegression()),
    "a link that is none": (numbers(), "_loss.link", LinearRegression()),
    "a link by another function": (numbers(), "_loss.link.link", np.ravel),
    "a raw prediction by another function": (numbers(), "_raw_predict_init", np.ravel),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_a_model_of_which_the_parts_disagree_is_not_sound(name: str) -> None:
    found = reasons(changed(*FORGED[name]))
    # A callable before a method is refused as such, too.
    assert 1 <= len(found) <= 2


def test_what_cannot_be_followed_is_left_alone() -> None:
    # Another loss of the same form, and what older releases do not have.
    model = changed(numbers(), "_loss.link", IdentityLink())
    assert reasons(model) == []
    for name in ("_loss", "init_", "n_trees_per_iteration_", "n_features_in_"):
        assert reasons(changed(numbers(), name, MISSING)) == []
    assert reasons(changed(TREE, "tree_", None)) == []


def test_a_tree_of_more_columns_than_it_reads_is_sound() -> None:
    assert reasons(changed(TREE, "n_features_in_", 5)) == []


def test_a_tree_behind_the_first_reads_no_more_columns() -> None:
    wide = GradientBoostingRegressor(n_estimators=1, random_state=0).fit(
        np.hstack([DATA, DATA]), NUMBERS
    )
    model = numbers()
    model.estimators_[1, 0] = wide.estimators_[0, 0]
    (reason,) = reasons(model)
    assert reason.startswith("estimators_ ")
    # The first one is content with more.
    model.estimators_ = model.estimators_[::-1].copy()
    assert reasons(model) == []
