"""Gradient boosting over histograms is sound as it was fitted, and not when its parts disagree."""

from __future__ import annotations

import copy
from functools import partial
from typing import Any

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder, StandardScaler
from sklearn.utils.validation import check_array

from malicious_samples.native_state import dumped
from safeload.limits import Limits
from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.scan import scan

RANDOM = np.random.default_rng(9)
DATA = RANDOM.normal(size=(300, 3))
PAIR, CLASSES = RANDOM.integers(0, 2, 300), RANDOM.integers(0, 3, 300)
# The second column tells the classes, so that trees split by it.
CODES = np.column_stack([DATA[:, 0], RANDOM.integers(0, 6, 300), DATA[:, 1]])
PARTED = (CODES[:, 1] % 2).astype(int)
FRAME = pd.DataFrame(
    {"a": DATA[:, 0], "b": pd.Categorical.from_codes(CODES[:, 1].astype(int), list("uvwxyz"))}
)

pytestmark = pytest.mark.filterwarnings("ignore")


def reasons(model: Any) -> list[str]:
    """What is found in a model, without the names."""
    findings = judge(scan(dumped(model), Limits()), Policy.default()).findings
    assert {finding.rule for finding in findings} <= {"SL103", "SL110", "SL401"}
    return [finding.message.partition(": ")[2] for finding in findings]


FITTED: dict[str, Any] = {
    "numbers": HistGradientBoostingClassifier(max_iter=3).fit(DATA, PAIR),
    "categories": HistGradientBoostingClassifier(max_iter=3, categorical_features=[1]).fit(
        CODES, PARTED
    ),
    "two categories": HistGradientBoostingClassifier(max_iter=3, categorical_features=[0, 1]).fit(
        np.abs(CODES.round()), PARTED
    ),
}


def numeric() -> Any:
    return copy.deepcopy(FITTED["numbers"])


def categorical() -> Any:
    return copy.deepcopy(FITTED["categories"])


def doubly_categorical() -> Any:
    return copy.deepcopy(FITTED["two categories"])


SOUND = {
    "two classes": numeric(),
    "three classes": HistGradientBoostingClassifier(max_iter=3).fit(DATA, CLASSES),
    "numbers": HistGradientBoostingRegressor(max_iter=3).fit(DATA, DATA[:, 0]),
    "categories": categorical(),
    "categories by name": HistGradientBoostingClassifier(
        max_iter=3, categorical_features="from_dtype"
    ).fit(FRAME, PARTED),
    "all categories": HistGradientBoostingRegressor(
        max_iter=3, categorical_features=[True]
    ).fit(CODES[:, 1:2], PARTED),
    "missing values": HistGradientBoostingRegressor(max_iter=3).fit(
        np.where(DATA > 1, np.nan, DATA), PAIR
    ),
    "stopped by a scorer": HistGradientBoostingClassifier(
        max_iter=9, early_stopping=True, scoring="accuracy", n_iter_no_change=1
    ).fit(DATA, PAIR),
    "one leaf": HistGradientBoostingRegressor(max_iter=1).fit(DATA, np.zeros(300)),
    "before fitting": HistGradientBoostingRegressor(),
    "in a pipeline": make_pipeline(StandardScaler(), HistGradientBoostingRegressor(max_iter=3)).fit(
        DATA, PAIR
    ),
    "a bin mapper": categorical()._bin_mapper,
    "a bin mapper before fitting": type(numeric()._bin_mapper)(),
}  # fmt: skip


@pytest.mark.parametrize("name", SOUND)
def test_a_fitted_model_is_sound(name: str) -> None:
    assert reasons(SOUND[name]) == []


def of_root(**fields: Any) -> Any:
    """A change of the first node of the first tree."""

    def forge(model: Any) -> None:
        for name, value in fields.items():
            model._predictors[0][0].nodes[name][0] = value

    return forge


def last_column(forge: Any) -> Any:
    """A change of a model that reads the last column."""

    def both(model: Any) -> None:
        of_root(feature_idx=2, is_categorical=0)(model)
        assert reasons(model) == []
        forge(model)

    return both


def of_tree(**attributes: Any) -> Any:
    return lambda model: model._predictors[0][0].__dict__.update(attributes)


def of(path: str, value: Any) -> Any:
    """A change of an attribute, of the model or of a part."""

    def forge(model: Any) -> None:
        *owners, name = path.split(".")
        part = model
        for owner in owners:
            part = part[int(owner)] if owner.isdigit() else getattr(part, owner)
        part.__dict__[name] = value

    return forge


def step(number: int, value: Any) -> Any:
    """A change of a step of the transformer that puts columns in order."""

    def forge(model: Any) -> None:
        name, _, columns = model._preprocessor.transformers_[number]
        model._preprocessor.transformers_[number] = (name, value, columns)

    return forge


def columns(number: int, value: Any) -> Any:
    def forge(model: Any) -> None:
        name, transformer, _ = model._preprocessor.transformers_[number]
        model._preprocessor.transformers_[number] = (name, transformer, value)

    return forge


def indices(name: str, value: Any) -> Any:
    return lambda model: model._preprocessor._transformer_to_input_indices.update({name: value})


def retyped(model: Any) -> None:
    """The fields in another order, and taken by their places."""
    predictor = model._predictors[0][0]
    order = list(predictor.nodes.dtype.names)
    left, count = order.index("left"), order.index("count")
    order[left], order[count] = order[count], order[left]
    nodes = np.zeros(len(predictor.nodes), [(n, predictor.nodes.dtype[n]) for n in order])
    for name in order:
        nodes[name] = predictor.nodes[name]
    predictor.nodes = nodes


def widened(model: Any) -> None:
    """A flag of two bytes, of which one is cut off."""
    predictor = model._predictors[0][0]
    kinds = predictor.nodes.dtype
    fields = [(name, "u2" if name == "is_leaf" else kinds[name]) for name in kinds.names]
    nodes = np.zeros(len(predictor.nodes), fields)
    for name in kinds.names:
        nodes[name] = predictor.nodes[name]
    nodes["is_leaf"] <<= 8
    predictor.nodes = nodes


CHECK = partial(check_array, dtype=[np.float64])
BITS = np.zeros((0, 8), np.uint32)
FORGED = {
    "a child behind the last": (numeric, of_root(right=10_000)),
    "a child that is its parent": (numeric, of_root(left=0)),
    "two parents": (numeric, of_root(left=2, right=2)),
    "no nodes": (numeric, of_tree(nodes=numeric()._predictors[0][0].nodes[:0])),
    "nodes that are numbers": (numeric, of_tree(nodes=np.zeros(3))),
    "nodes that are none": (numeric, of_tree(nodes=None)),
    "nodes in another order": (numeric, retyped),
    "nodes of longer flags": (numeric, widened),
    "short bitsets": (numeric, of_tree(raw_left_cat_bitsets=np.zeros((1, 7), np.uint32))),
    "bitsets in a row": (numeric, of_tree(binned_left_cat_bitsets=np.zeros(8, np.uint32))),
    "no bitsets": (numeric, of_tree(raw_left_cat_bitsets=None)),
    "a bitset beyond": (categorical, of_tree(raw_left_cat_bitsets=BITS)),
    "a binned bitset beyond": (categorical, of_tree(binned_left_cat_bitsets=BITS)),
    "a feature beyond": (numeric, of_root(feature_idx=3)),
    "a feature below zero": (numeric, of_root(feature_idx=-1)),
    "fewer features than are asked for": (numeric, of("n_features_in_", 0)),
    "features that are not a number": (numeric, of("n_features_in_", None)),
    "other predictors": (numeric, of("_predictors", [[StandardScaler()]])),
    "predictors that are an array": (numeric, of("_predictors", np.zeros(3))),
    "predictors in a row": (numeric, of("_predictors", numeric()._predictors[0])),
    "while it is fitted": (numeric, of("_in_fit", True)),
    "data prepared by another function": (numeric, of("_preprocess_X", CHECK)),
    "a raw prediction by another function": (numeric, of("_raw_predict", CHECK)),
    "a raw prediction by another model": (numeric, of("_raw_predict", numeric()._raw_predict)),
    "no bin mapper": (categorical, of("_bin_mapper", None)),
    "no known categories": (
        categorical, of("_bin_mapper.is_categorical_", np.zeros(3, np.uint8))),
    "categories of fewer features": (
        doubly_categorical,
        of("_bin_mapper.is_categorical_", np.ones(1, np.uint8))),
    "known categories by a function": (
        categorical, of("_bin_mapper.make_known_categories_bitsets", CHECK)),
    "too few thresholds": (numeric, of("_bin_mapper.bin_thresholds_", [np.zeros(1)])),
    "thresholds in an array": (numeric, of("_bin_mapper.bin_thresholds_", np.zeros((3, 1)))),
    "too few flags": (numeric, of("_bin_mapper.is_categorical_", np.zeros(2, np.uint8))),
    "bins that are not an array": (numeric, of("_bin_mapper.n_bins_non_missing_", 3)),
    "another transformer": (categorical, of("_preprocessor", StandardScaler())),
    "weights": (categorical, of("_preprocessor.transformer_weights", {"encoder": 2.0})),
    "a step that changes columns": (categorical, step(0, StandardScaler())),
    "a step that is left out": (categorical, step(1, "drop")),
    "a step that passes through": (categorical, step(1, "passthrough")),
    "a function that changes columns": (
        categorical, step(1, FunctionTransformer(partial(np.sum, axis=1)))),
    "a check of other data": (
        categorical, step(1, FunctionTransformer(partial(check_array, np.zeros((2, 2)))))),
    "a check without its name": (categorical, step(1, FunctionTransformer(check_array))),
    "columns by number": (categorical, columns(1, [0, 2])),
    "fewer columns by the mask": (
        categorical, last_column(columns(1, np.array([True, False, False])))),
    "fewer columns by name": (categorical, last_column(indices("numerical", [0]))),
    "columns by name that are a mask": (categorical, indices("numerical", [True, False])),
    "no columns by name": (categorical, indices("numerical", None)),
    "steps that are none": (categorical, of("_preprocessor.transformers_", ["encoder"])),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_a_model_of_which_the_parts_disagree_is_not_sound(name: str) -> None:
    make, forge = FORGED[name]
    model = make()
    assert reasons(model) == []
    forge(model)
    assert reasons(model)


def test_an_encoder_that_transforms_by_another_function_is_not_sound() -> None:
    model = categorical()
    model._preprocessor.transformers_[0][1].__dict__["transform"] = CHECK
    assert reasons(model)


def test_what_only_python_looks_at_is_left_alone() -> None:
    model = numeric()
    leaf = int(np.flatnonzero(model._predictors[0][0].nodes["is_leaf"])[0])
    nodes = model._predictors[0][0].nodes
    nodes["left"][leaf] = nodes["feature_idx"][leaf] = nodes["bitset_idx"][leaf] = 99
    nodes["bitset_idx"][0] = 99
    assert reasons(model) == []


def test_nodes_of_another_machine_are_read_as_they_are_there() -> None:
    model = numeric()
    predictor = model._predictors[0][0]
    kinds = predictor.nodes.dtype
    short = [(name, "i4" if name == "feature_idx" else kinds[name]) for name in kinds.names]
    swapped = [(name, kinds[name].newbyteorder()) for name in kinds.names]
    legitimate = predictor.nodes
    for fields in (short, swapped):
        predictor.nodes = np.zeros(len(legitimate), fields)
        for name in kinds.names:
            predictor.nodes[name] = legitimate[name]
        assert reasons(model) == []
        predictor.nodes["right"][0] = len(legitimate)
        assert reasons(model)


def test_the_method_that_a_scorer_leaves_behind_may_be_written_by_cloudpickle() -> None:
    model = HistGradientBoostingClassifier(max_iter=2, early_stopping=True, scoring="accuracy")
    assert "_raw_predict" in vars(model.fit(DATA, PAIR))
    for protocol in (4, 5):
        data = cloudpickle.dumps(model, protocol)
        assert judge(scan(data), Policy.default()).findings == ()


def test_the_one_of_many_trees_is_named() -> None:
    model = HistGradientBoostingClassifier(max_iter=20).fit(DATA, CLASSES)
    model._predictors[7][1].nodes["right"][0] = 99_999
    (reason,) = reasons(model)
    assert reason.startswith("nodes ")


def test_a_transformer_made_by_hand_is_what_it_is() -> None:
    # The form of scikit-learn's own, so that the forgeries above differ from it in one thing only.
    transformer = categorical()._preprocessor
    assert type(transformer) is ColumnTransformer
    assert [type(step[1]) for step in transformer.transformers_[:2]] == [
        OrdinalEncoder,
        FunctionTransformer,
    ]
    assert copy.deepcopy(transformer).transform(CODES[:2]).shape == (2, 3)


def test_a_method_that_training_left_behind_is_sound_in_each_way_to_bind_it() -> None:
    model = HistGradientBoostingClassifier(
        max_iter=4, early_stopping=True, scoring="accuracy", n_iter_no_change=2
    ).fit(DATA, PAIR)
    assert "_raw_predict" in vars(model)
    findings = judge(scan(cloudpickle.dumps(model), Limits()), Policy.default()).findings
    assert [finding.message for finding in findings] == []
    assert reasons(model) == []


def test_the_method_of_another_model_is_refused_in_each_way_to_bind_it() -> None:
    model, other = (copy.deepcopy(FITTED["numbers"]) for _ in range(2))
    vars(model)["_raw_predict"] = other._raw_predict
    findings = judge(scan(cloudpickle.dumps(model), Limits()), Policy.default()).findings
    assert {finding.rule for finding in findings} == {"SL110", "SL401"}
    assert reasons(model)
