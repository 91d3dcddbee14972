"""Boosters of LightGBM: genuine ones pass, and each way to lead astray is refused."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from malicious_samples.boosters import forged_lightgbm, lettered, lightgbm, line
from malicious_samples.native_state import table
from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.scan import scan
from safeload.soundness.libraries.forests import MAX_DEPTH
from safeload.verdict import Finding, Verdict, verdict_of

pytest.importorskip("lightgbm")

KINDS: dict[str, dict[str, Any]] = {
    "a regressor": {},
    "a classifier": {"kind": "LGBMClassifier", "data": table(classes=3)},
    "linear leaves": {"linear_tree": True},
    "linear leaves without a split": {"linear_tree": True, "min_child_samples": 100},
    "categories": {"data": lettered(), "max_cat_to_onehot": 1, "cat_smooth": 0},
    "a forest": {"boosting_type": "rf", "subsample": 0.5, "subsample_freq": 1},
    "no split": {"min_child_samples": 100},
    "monotone": {"monotone_constraints": [1, 0, 0, -1]},
}


@cache
def model(kind: str = "a regressor") -> Any:
    return lightgbm(**KINDS[kind])


def findings(model: Any) -> tuple[Finding, ...]:
    return judge(scan(pickle.dumps(model, 4)), Policy.default()).findings


def forged(change: Callable[[str], str], kind: str = "a regressor", **how: bool) -> Any:
    return forged_lightgbm(model(kind), change, **how)


def without(name: str) -> Callable[[str], str]:
    return lambda text: re.sub(rf"(?m)^{name}=.*\n", "", text)


def lines(**values: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        for name, value in values.items():
            text = line(text, name, value)
        return text

    return change


def chain(depth: int) -> Callable[[str], str]:
    """One tree, with one leaf on the way at each level."""
    many: dict[str, list[Any]] = {
        "split_feature": [0] * depth,
        "threshold": [0.5] * depth,
        "left_child": [*range(1, depth), -depth - 1],
        "right_child": [-place for place in range(1, depth + 1)],
        "leaf_value": [0.5] * (depth + 1),
    }
    of_tree = [f"num_leaves={depth + 1}", "num_cat=0"]
    of_tree += [f"{name}={' '.join(map(str, numbers))}" for name, numbers in many.items()]
    return lambda text: "".join(
        (text[: text.index("Tree=")], "\n".join(["Tree=0", *of_tree, "\n\n"]), "end of trees\n")
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_genuine_booster_is_accepted(kind: str) -> None:
    assert findings(model(kind)) == ()


def test_a_booster_of_categories_has_some() -> None:
    assert "cat_boundaries=" in model("categories").booster_.model_to_string()


@pytest.mark.parametrize(
    "change",
    [without("tree_sizes"), without("internal_count"), without("decision_type"), chain(MAX_DEPTH)],
)
def test_what_the_library_does_without_need_not_be_there(change: Callable[[str], str]) -> None:
    assert findings(forged(change)) == ()


FORGED: dict[str, tuple[str, str, Callable[[str], str]]] = {
    "a child behind the last split": ("child", "a regressor", lines(left_child="3 3 3")),
    "a leaf behind the last": ("child", "a regressor", lines(right_child="-5 -5 -5")),
    "a child that is the root": ("child", "a regressor", lines(left_child="0 1 2")),
    "a child of two": ("two parents", "a regressor", lines(right_child="-1 -1 -1")),
    "levels without end": ("levels deep", "a regressor", chain(MAX_DEPTH + 1)),
    "a feature behind the last": ("feature", "a regressor", lines(split_feature="0 4 0")),
    "a feature below zero": ("feature", "a regressor", lines(split_feature="0 -1 0")),
    "fewer features than splits": ("split_feature", "a regressor", lines(split_feature="0 1")),
    "fewer thresholds": ("threshold", "a regressor", lines(threshold="0.5 0.5")),
    "fewer values than leaves": ("leaf_value", "a regressor", lines(leaf_value="0 0 0")),
    "fewer weights than leaves": ("leaf_weight", "a regressor", lines(leaf_weight="0 0 0")),
    "fewer gains than splits": ("split_gain", "a regressor", lines(split_gain="0 0")),
    "fewer decisions than splits": ("decision", "a regressor", lines(decision_type="2")),
    "a decision of another kind": ("decision", "a regressor", lines(decision_type="2 16 2")),
    "a number that is none": ("leaf_value", "a regressor", lines(leaf_value="0 0 0 x")),
    "a number with more behind it": ("left_child", "a regressor", lines(left_child="1 2x 3")),
    "no leaves": ("leaf_value", "a regressor", lines(num_leaves="0")),
    "leaves without number": ("leaf_value", "a regressor", lines(num_leaves="2000000000")),
    "no children": ("left_child", "a regressor", without("left_child")),
    "no number of categories": ("num_cat", "a regressor", without("num_cat")),
    "no trees in an iteration": (
        "num_tree_per_iteration", "a regressor", lines(num_tree_per_iteration="0")),
    "more trees than classes": (
        "num_tree_per_iteration", "a classifier", lines(num_tree_per_iteration="9")),
    "classes that no tree adds to": (
        "classes", "a regressor", lines(num_class="9999", num_tree_per_iteration="9999")),
    "an objective of more classes": (
        "objective", "a classifier", lines(objective="multiclass num_class:9")),
    "an objective without a name": ("objective", "a regressor", lines(objective="")),
    "names of fewer features": ("feature_names", "a regressor", lines(feature_names="a b c")),
    "no features": (
        "max_feature_idx", "a regressor", lines(max_feature_idx="-1", feature_names="")),
    "a header that says it twice": (
        "twice", "a regressor", lambda text: "num_class=9\n" + text),
    "a header without a name": ("no name", "a regressor", lambda text: "=num_class=9\n" + text),
    "trees out of order": (
        "in order", "a regressor", lambda text: text.replace("Tree=1", "Tree=2")),
    "a tree that says it twice": (
        "does not write", "a regressor", lambda text: text.replace("shrinkage", "num_cat")),
    "a line without end": (
        "shrinkage", "a regressor", lambda text: text.replace("\nshrinkage=1", "\nshrinkage")),
    "an end of the text within": (
        "characters", "a regressor", lambda text: text.replace("Tree=1", "\0Tree=1")),
    "other ends of lines": ("characters", "a regressor", lambda text: text.replace("\n", "\r\n")),
    "categories that are not there": (
        "categories", "a regressor", lines(decision_type="1 1 1", threshold="0 0 0")),
    "a set of categories behind the last": (
        "categories", "categories",
        lambda text: re.sub(r"(?m)^threshold=.*$", _nines, text)),
    "categories beyond the bits": (
        "cat_boundaries", "categories",
        lambda text: re.sub(r"(?m)^cat_boundaries=.*$", _nines, text)),
    "a leaf of a feature that is not there": (
        "leaf_features", "linear leaves",
        lambda text: re.sub(r"(?m)^leaf_features=.*$", _nines, text)),
    "a leaf without coefficients": ("leaf_features", "linear leaves", without("leaf_coeff")),
    "a leaf of fewer features than it says": (
        "num_features", "linear leaves", lines(num_features="1")),
    "a leaf of fewer features than none": (
        "num_features", "linear leaves", lines(num_features="-1 1 0 0")),
    "a leaf with a number too small": (
        "too small", "linear leaves", lines(leaf_const="0 0 0 1e-310")),
    "a linear tree without its lines": (
        "lines of one", "linear leaves without a split",
        lambda text: without("left_child")(text.replace("is_linear=0", "is_linear=1"))),
}  # fmt: skip


def _nines(found: re.Match[str]) -> str:
    return re.sub(r"(?<=[= ])[0-9.e+-]+", "99999", found[0])


@pytest.mark.parametrize("sentence", FORGED)
def test_a_booster_that_leads_astray_is_refused(sentence: str) -> None:
    words, kind, change = FORGED[sentence]
    (finding,) = findings(forged(change, kind))
    assert finding.rule == "SL401"
    assert words in finding.message


@pytest.mark.parametrize("sizes", ["99999999999 1", "1 1", "", "-1 -1", "700"])
def test_sizes_that_lead_elsewhere_are_refused(sizes: str) -> None:
    (finding,) = findings(forged(lines(tree_sizes=sizes), sizes=False))
    assert (finding.rule, "tree_sizes" in finding.message) == ("SL401", True)


def test_sizes_of_trees_that_are_not_there_are_refused() -> None:
    (finding,) = findings(forged(lambda text: text.replace("Tree=", "tree="), sizes=False))
    assert (finding.rule, "tree_sizes" in finding.message) == ("SL401", True)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("shrinkage", "shrinking"),
        lambda text: without("tree_sizes")(text).replace("end of trees", "end"),
    ],
)
def test_what_no_check_reads_is_not_accepted(change: Callable[[str], str]) -> None:
    found = findings(forged(change))
    assert [finding.rule for finding in found] == ["SL010"]
    assert verdict_of(found) is Verdict.INCOMPLETE


def state_of(**attributes: Any) -> Any:
    forged_model = lightgbm()
    vars(forged_model).update(attributes)
    return forged_model


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("_other_params", {"num_threads": 100_000}),
        ("_other_params", {"metric": ["auc", "l2 num_threads=100000"]}),
        ("boosting_type", "gbdt num_threads=100000"),
        ("_n_features", 100_000),
        ("_n_classes", 100_000),
        ("predict", "a method"),
    ],
)
def test_a_wrapper_asks_for_no_more_than_there_is(name: str, value: Any) -> None:
    (finding,) = findings(state_of(**{name: value}))
    assert finding.rule == "SL401"


@pytest.mark.parametrize(
    "attributes",
    [
        {"n_jobs": -1},
        {"n_jobs": None},
        {"_other_params": {"categorical_feature": "name:a column"}},
        {"class_weight": {"a = b": 1.0}},
    ],
)
def test_parameters_of_legitimate_wrappers_pass(attributes: dict[str, Any]) -> None:
    assert findings(state_of(**attributes)) == ()


@given(st.data())
def test_any_text_is_judged(data: st.DataObject) -> None:
    def change(text: str) -> str:
        place = data.draw(st.integers(0, text.index("end of trees")))
        length = data.draw(st.integers(0, 3))
        put = data.draw(st.text("0123 =\n-.Tre\0", max_size=3))
        return text[:place] + put + text[place + length :]

    kind = data.draw(st.sampled_from([*KINDS]))
    found = findings(forged(change, kind, sizes=data.draw(st.booleans())))
    assert {finding.rule for finding in found} <= {"SL010", "SL401"}
