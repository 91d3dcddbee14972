"""Boosters of xgboost, made by hand: sound ones pass, and each way to lead astray is refused."""

from __future__ import annotations

import copy
import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from malicious_samples.boosters import chain, ubjson
from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.scan import scan
from safeload.soundness.libraries.forests import MAX_DEPTH
from safeload.verdict import Finding, Verdict, verdict_of

FEATURES = 4
Fields = dict[str, Any]


def tree(place: int) -> Fields:
    """Two splits, three leaves: the first split is by feature 1, the second by feature 3."""
    whole = {"left_children": [1, 3, -1, -1, -1], "right_children": [2, 4, -1, -1, -1]}
    whole |= {"parents": [2**31 - 1, 0, 0, 1, 1], "split_indices": [1, 3, 0, 0, 0]}
    numbers = ("split_conditions", "base_weights", "loss_changes", "sum_hessian")
    return {
        **{name: np.array(values, "i4") for name, values in whole.items()},
        **{name: np.ones(5, "f4") for name in numbers},
        **{name: np.zeros(5, "u1") for name in ("default_left", "split_type")},
        **{name: np.zeros(0, "i4") for name in ("categories", "categories_nodes")},
        **{name: np.zeros(0, "i8") for name in ("categories_segments", "categories_sizes")},
        "id": place,
        "tree_param": {"num_nodes": "5", "num_deleted": "0", "size_leaf_vector": "1"},
    }


def cats() -> Fields:
    """Two features with categories, texts and numbers."""
    none = {"offsets": np.zeros(0, "i4"), "values": np.zeros(0, "i1")}
    texts = {"offsets": np.array([0, 1, 3], "i4"), "values": np.array([97, 98, 98], "i1")}
    numbers = {"type": 15, "values": np.array([7, 9, 11])}
    return {
        "enc": [none, texts, numbers, none],
        "feature_segments": np.array([0, 0, 2, 5, 5], "i4"),
        "sorted_idx": np.array([0, 1, 0, 2, 1], "i4"),
    }


def booster(**objective: Any) -> Fields:
    """A booster of two rounds with one tree each."""
    named = {"name": "reg:squarederror", **objective}
    return {
        "Config": {
            "learner": {
                "generic_param": {"nthread": "-1", "n_jobs": "4"},
                "gradient_booster": {"name": "gbtree"},
                "learner_train_param": {"multi_strategy": "one_output_per_tree"},
                "objective": copy.deepcopy(named),
            },
        },
        "Model": {
            "learner": {
                "attributes": {"best_iteration": "1", "note": "\xff"},
                "feature_names": [],
                "gradient_booster": {
                    "name": "gbtree",
                    "model": {
                        "cats": cats(),
                        "gbtree_model_param": {"num_trees": "2", "num_parallel_tree": "1"},
                        "iteration_indptr": [0, 1, 2],
                        "tree_info": [0, 0],
                        "trees": [tree(0), tree(1)],
                    },
                },
                "learner_model_param": {
                    "base_score": "[5E-1]",
                    "num_class": "0",
                    "num_feature": str(FEATURES),
                    "num_target": "1",
                },
                "objective": named,
            },
        },
    }


class Parts:
    """The parts of a booster that a change reaches for."""

    def __init__(self, whole: Fields) -> None:
        self.whole = whole
        self.learner, self.config = whole["Model"]["learner"], whole["Config"]["learner"]
        self.about = self.learner["learner_model_param"]
        self.gradient = self.learner["gradient_booster"]
        self.model = self.gradient.get("gbtree", self.gradient)["model"]
        self.tree = self.model["trees"][0] if "trees" in self.model else {}

    def put(self, name: str, place: int, value: int) -> None:
        """Put another number into an array of the first tree."""
        self.tree[name][place] = value


def changed(change: Callable[[Parts], object], whole: Fields | None = None) -> Fields:
    whole = booster() if whole is None else whole
    change(Parts(whole))
    return whole


def kinds(whole: Fields, kind: str) -> Fields:
    for part in (whole["Model"], whole["Config"]):
        part["learner"]["gradient_booster"]["name"] = kind
    return whole


def dart() -> Fields:
    whole = kinds(booster(), "dart")
    gradient = whole["Model"]["learner"]["gradient_booster"]
    gradient |= {"gbtree": {"model": gradient.pop("model")}, "weight_drop": [0.5, 1.0]}
    return whole


def linear() -> Fields:
    whole = kinds(booster(), "gblinear")
    weights = np.zeros(FEATURES + 1, "f4")
    whole["Model"]["learner"]["gradient_booster"]["model"] = {"weights": weights}
    return whole


def multiclass() -> Fields:
    whole = booster(name="multi:softprob", softmax_multiclass_param={"num_class": "2"})
    parts = Parts(whole)
    parts.about |= {"num_class": "2", "base_score": "[1E0,-2.5]"}
    parts.model |= {"tree_info": [0, 1], "iteration_indptr": [0, 2]}
    return whole


def wide() -> Fields:
    """Leaves with two numbers each."""
    whole = booster()
    parts = Parts(whole)
    parts.about["num_target"] = "2"
    parts.config["learner_train_param"]["multi_strategy"] = "multi_output_tree"
    for one in parts.model["trees"]:
        one["tree_param"]["size_leaf_vector"] = "2"
        one |= {"base_weights": np.zeros(10, "f4"), "leaf_weights": np.zeros(6, "f4")}
        one["right_children"] = np.array([2, 4, 0, 1, 2], "i4")
    return whole


def categorical() -> Fields:
    """The second split is by categories."""
    whole = booster()
    Parts(whole).tree.update(
        split_type=np.array([0, 1, 0, 0, 0], "u1"),
        categories=np.array([0, 2, 40], "i4"),
        categories_nodes=np.array([1], "i4"),
        categories_segments=np.array([0]),
        categories_sizes=np.array([3]),
    )
    return whole


def pruned() -> Fields:
    """The second split is a leaf now, and its children are nodes that nothing leads to."""
    whole = booster()
    parts = Parts(whole)
    parts.put("left_children", 1, -1)
    parts.put("right_children", 1, -1)
    parts.tree["tree_param"]["num_deleted"] = "2"
    return whole


def plain(value: Any) -> Any:
    """The same without arrays, as JSON has it."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return value.tolist() if isinstance(value, np.ndarray) else value


def written(whole: Fields) -> tuple[bytes, bytes]:
    """A booster as UBJSON and as JSON."""
    text = json.dumps(plain(whole), separators=(",", ":"), ensure_ascii=False)
    return ubjson(whole), text.encode()


def without(name: str) -> Callable[[Parts], object]:
    return lambda parts: parts.model.pop(name)


LEGITIMATE: dict[str, Callable[[], Fields]] = {
    "of trees": booster,
    "without what older releases had not": lambda: changed(
        without("iteration_indptr"), changed(without("cats"))
    ),
    "dart": dart,
    "linear": linear,
    "of classes": multiclass,
    "with wide leaves": wide,
    "with categories": categorical,
    "pruned": pruned,
    "without trees": lambda: changed(
        lambda parts: parts.model.update(
            trees=[], tree_info=[], iteration_indptr=[0], gbtree_model_param={"num_trees": "0"}
        )
    ),
    "as deep as it may be": lambda: changed(lambda parts: chain(parts.tree, MAX_DEPTH)),
}


def stream(handle: bytes) -> bytes:
    """A pickled booster, written where xgboost is not installed."""
    content = b"\x96" + struct.pack("<Q", len(handle)) + handle
    return b"\x80\x05cxgboost.core\nBooster\n)\x81}\x8c\x06handle" + content + b"sb."


def findings(handle: bytes) -> tuple[Finding, ...]:
    return judge(scan(stream(handle)), Policy.default()).findings


@pytest.mark.parametrize("sentence", LEGITIMATE)
def test_a_sound_booster_is_accepted(sentence: str) -> None:
    for handle in written(LEGITIMATE[sentence]()):
        assert findings(handle) == ()


def softmax(parts: Parts, number: str) -> None:
    parts.learner["objective"]["softmax_multiclass_param"]["num_class"] = number


FORGED: dict[str, tuple[str, Callable[[], Fields], Callable[[Parts], object]]] = {
    "a child behind the last node": (
        "child that is not in it", booster, lambda parts: parts.put("left_children", 0, 5)),
    "a child below zero": (
        "child that is not in it", booster, lambda parts: parts.put("right_children", 0, -2)),
    "a child that is the root": (
        "child that is not in it", booster, lambda parts: parts.put("left_children", 1, 0)),
    "a child of two nodes": (
        "two parents", booster, lambda parts: parts.put("left_children", 1, 2)),
    "a child that is its own": (
        "two parents", booster, lambda parts: parts.put("left_children", 1, 1)),
    "another parent": ("parent", booster, lambda parts: parts.put("parents", 3, 0)),
    "a parent behind the last node": ("parent", pruned, lambda parts: parts.put("parents", 3, 5)),
    "a node that nothing leads to": (
        "cannot be reached", pruned,
        lambda parts: parts.tree["tree_param"].update(num_deleted="0")),
    "a feature behind the last": (
        "feature", booster, lambda parts: parts.put("split_indices", 1, FEATURES)),
    "a feature below zero": ("feature", booster, lambda parts: parts.put("split_indices", 0, -1)),
    "fewer nodes than it says": (
        "number for each node", booster,
        lambda parts: parts.tree["tree_param"].update(num_nodes="6")),
    "fewer conditions than nodes": (
        "split_conditions", booster,
        lambda parts: parts.tree.update(split_conditions=np.ones(4, "f4"))),
    "fewer weights than nodes": (
        "base_weights", wide, lambda parts: parts.tree.update(base_weights=np.ones(5, "f4"))),
    "two trees of a number": ("in order", booster, lambda parts: parts.tree.update(id=1)),
    "levels without end": (
        "levels deep", booster, lambda parts: chain(parts.tree, MAX_DEPTH + 1)),
    "an output that is not there": (
        "tree_info", booster, lambda parts: parts.model.update(tree_info=[0, 1])),
    "an output below zero": (
        "tree_info", booster, lambda parts: parts.model.update(tree_info=[0, -1])),
    "fewer outputs than trees": (
        "tree_info", booster, lambda parts: parts.model.update(tree_info=[0])),
    "rounds that begin before the trees": (
        "iteration_indptr", booster, lambda parts: parts.model.update(iteration_indptr=[-1, 2])),
    "rounds that go back": (
        "iteration_indptr", booster, lambda parts: parts.model.update(iteration_indptr=[0, 3, 2])),
    "rounds that do not end": (
        "iteration_indptr", booster, lambda parts: parts.model.update(iteration_indptr=[0, 1])),
    "no rounds": (
        "iteration_indptr", booster, lambda parts: parts.model.update(iteration_indptr=[])),
    "a round of no trees": (
        "num_parallel_tree", booster,
        lambda parts: parts.model["gbtree_model_param"].update(num_parallel_tree="0")),
    "another number of trees": (
        "num_trees", booster,
        lambda parts: parts.model["gbtree_model_param"].update(num_trees="3")),
    "a best iteration below zero": (
        "best_iteration", booster,
        lambda parts: parts.learner["attributes"].update(best_iteration="-2")),
    "a best iteration of no number": (
        "best_iteration", booster,
        lambda parts: parts.learner["attributes"].update(best_iteration="1_0")),
    "features without number": (
        "num_feature", booster, lambda parts: parts.about.update(num_feature="4000000000")),
    "outputs that no tree adds to": (
        "outputs", booster, lambda parts: parts.about.update(num_target="100000")),
    "as many base scores as nobody needs": (
        "base_score", booster, lambda parts: parts.about.update(base_score="[1,2]")),
    "an objective of more classes": (
        "number of classes", multiclass, lambda parts: softmax(parts, "3")),
    "an objective of no classes": (
        "number of classes", multiclass, lambda parts: softmax(parts, "0")),
    "a configuration of another booster": (
        "another booster", booster,
        lambda parts: parts.config["gradient_booster"].update(name="dart")),
    "a configuration of another objective": (
        "another objective", booster,
        lambda parts: parts.config["objective"].update(name="binary:logistic")),
    "a crowd of threads": (
        "nthread", booster, lambda parts: parts.config["generic_param"].update(nthread="99999")),
    "another strategy than its trees": (
        "multi_strategy", wide,
        lambda parts: parts.config["learner_train_param"].update(multi_strategy="x")),
    "leaves of another width": (
        "width", wide, lambda parts: parts.about.update(num_target="3")),
    "a leaf behind the leaves": (
        "leaf_weights", wide, lambda parts: parts.put("right_children", 2, 3)),
    "leaves as older releases have them": (
        "leaf_weights", wide, lambda parts: parts.tree.pop("leaf_weights")),
    "categories behind the last": (
        "a node", categorical,
        lambda parts: parts.tree.update(categories_segments=np.array([1]))),
    "fewer categories than it says": (
        "a node", categorical, lambda parts: parts.tree.update(categories_sizes=np.array([4]))),
    "a category below zero": (
        "below zero", categorical, lambda parts: parts.put("categories", 0, -1)),
    "a category that is none": (
        "too large", categorical, lambda parts: parts.put("categories", 0, 2**24)),
    "categories of another node": (
        "categories_nodes", categorical, lambda parts: parts.put("categories_nodes", 0, 0)),
    "a split by categories of none": (
        "categories_nodes", booster, lambda parts: parts.put("split_type", 0, 1)),
    "a split of another kind": (
        "split_type", booster, lambda parts: parts.put("split_type", 0, 2)),
    "a text behind the texts": (
        "a category is beyond", booster,
        lambda parts: parts.model["cats"]["enc"][1].update(offsets=np.array([0, 1, 9], "i4"))),
    "an order of categories that are not there": (
        "sorted_idx", booster,
        lambda parts: parts.model["cats"].update(sorted_idx=np.array([0, 2, 0, 2, 1], "i4"))),
    "categories of other features": (
        "feature_segments", booster,
        lambda parts: parts.model["cats"].update(feature_segments=np.zeros(5, "i4"))),
    "a linear booster of too few weights": (
        "weights", linear, lambda parts: parts.model.update(weights=np.zeros(FEATURES, "f4"))),
    "a dart booster of too few weights": (
        "weight_drop", dart, lambda parts: parts.gradient.update(weight_drop=[1.0])),
    "a dart booster of none": (
        "weight_drop", dart, lambda parts: parts.gradient.pop("weight_drop")),
}  # fmt: skip


@pytest.mark.parametrize("sentence", FORGED)
def test_a_booster_that_leads_astray_is_refused(sentence: str) -> None:
    words, make, change = FORGED[sentence]
    for handle in written(changed(change, make())):
        (finding,) = findings(handle)
        assert finding.rule == "SL401"
        assert words in finding.message


UNREAD: dict[str, bytes] = {
    "the form before 1.3": b"CONFIG-offset:" + bytes(20),
    "another booster": ubjson(kinds(booster(), "gbforest")),
    "another field of a tree": ubjson(changed(lambda parts: parts.tree.update(more=1))),
    "another field of the model": ubjson(changed(lambda parts: parts.model.update(more=1))),
    "characters by their numbers": b'{"\\u0043onfig":1}',
}


@pytest.mark.parametrize("sentence", UNREAD)
def test_what_no_check_reads_is_not_accepted(sentence: str) -> None:
    found = findings(UNREAD[sentence])
    assert [finding.rule for finding in found] == ["SL010"]
    assert verdict_of(found) is Verdict.INCOMPLETE


@pytest.mark.parametrize("text", ['{"Config":1', '{"Config":1,"Config":1}', '{"Model":{}}', "{}"])
def test_what_is_no_json_of_a_booster_is_refused(text: str) -> None:
    found = findings(text.encode())
    assert verdict_of(found) in (Verdict.REFUSE, Verdict.INCOMPLETE)
    assert "SL008" not in {finding.rule for finding in found}


@given(st.data())
def test_any_bytes_are_judged(data: st.DataObject) -> None:
    make = data.draw(st.sampled_from([*LEGITIMATE.values()][:-1]))
    handle = bytearray(ubjson(make()))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(handle) - 1))
        handle[place] = data.draw(st.integers(0, 255))
    assert {finding.rule for finding in findings(bytes(handle))} <= {"SL010", "SL401"}


@pytest.mark.parametrize(("classes", "rules"), [(2, []), (3, ["SL401"]), (2**20, ["SL401"])])
def test_a_classifier_has_no_more_classes_than_its_booster(classes: int, rules: list[str]) -> None:
    inner = stream(ubjson(multiclass()))[2:-1]
    number = b"\x8a\x08" + struct.pack("<q", classes)
    data = b"\x80\x05cxgboost.sklearn\nXGBClassifier\n)\x81}(\x8c\x08_Booster" + inner
    data += b"\x8c\x0an_classes_" + number + b"ub."
    found = judge(scan(data), Policy.default()).findings
    assert [finding.rule for finding in found] == rules
