"""Fitted trees of every kind are sound; forged ones are not, whatever part of them is forged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import GradientBoostingRegressor, IsolationForest, RandomForestClassifier
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)
from sklearn.tree._tree import Tree

from malicious_samples.native_state import Stand, dumped
from safeload.limits import Limits
from safeload.scan.program import ObjectToken
from safeload.scan.scan import scan
from safeload.soundness.sklearn.trees import feature_count, is_tree, trees
from tests.samples import CONTAINERS

RANDOM = np.random.default_rng(3)
DATA = RANDOM.normal(size=(300, 5)).astype("f4")
CLASSES = RANDOM.integers(0, 3, 300)
FITTED: dict[str, Any] = {
    "classes": DecisionTreeClassifier(random_state=0).fit(DATA, CLASSES),
    "numbers": DecisionTreeRegressor(random_state=0).fit(DATA, DATA[:, 0]),
    "several outputs": DecisionTreeRegressor(random_state=0).fit(DATA, DATA[:, :3]),
    "several classes each": ExtraTreeClassifier(random_state=0).fit(
        DATA, np.column_stack([CLASSES, CLASSES % 2])
    ),
    "best first": DecisionTreeRegressor(max_leaf_nodes=20, random_state=0).fit(DATA, DATA[:, 0]),
    "cut back": DecisionTreeClassifier(ccp_alpha=0.01, random_state=0).fit(DATA, CLASSES),
    "one split": ExtraTreeRegressor(max_depth=1, random_state=0).fit(DATA, DATA[:, 1]),
    "one leaf": DecisionTreeClassifier(random_state=0).fit(DATA, np.zeros(300)),
    "missing values": DecisionTreeClassifier(random_state=0).fit(
        np.where(DATA > 1, np.nan, DATA), CLASSES
    ),
    "sorted": DecisionTreeRegressor(random_state=0).fit(
        np.arange(600.0)[:, None], np.exp(np.arange(600.0))
    ),
    "a forest": RandomForestClassifier(20, random_state=0).fit(DATA, CLASSES),
    "a large forest": RandomForestClassifier(3, random_state=0).fit(
        np.repeat(DATA, 20, 0) + RANDOM.normal(size=(6000, 5)), RANDOM.integers(0, 2, 6000)
    ),
    "boosted": GradientBoostingRegressor(n_estimators=30, random_state=0).fit(DATA, DATA[:, 0]),
    "boosted, best first": GradientBoostingRegressor(
        n_estimators=30, max_leaf_nodes=5, random_state=0
    ).fit(DATA, DATA[:, 0]),
    "isolated": IsolationForest(n_estimators=10, random_state=0).fit(DATA),
}


def found(data: bytes) -> list[ObjectToken]:
    """The trees in a file."""
    programs = scan(data, Limits()).programs
    return [built for program in programs for built in program.built if is_tree(built)]


def reasons(model: Any) -> list[str]:
    return [reason for _, reason in trees(found(dumped(model)))]


def forged(model: Any, **changes: Any) -> Stand:
    """A tree with another state."""
    tree, args, state = model.tree_.__reduce__()
    return Stand(tree, args, {**state, **changes})


def changed(model: Any, **fields: Any) -> Stand:
    """A tree with other nodes, from pairs of a node and the new value of a field."""
    nodes = model.tree_.__getstate__()["nodes"].copy()
    for name, (node, value) in fields.items():
        nodes[name][node] = value
    return forged(model, nodes=nodes)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("name", FITTED)
def test_a_fitted_tree_is_sound(name: str, container: str, tmp_path: Path) -> None:
    path = tmp_path / "model"
    CONTAINERS[container](FITTED[name], path)
    builts = found(path.read_bytes())
    assert builts
    assert list(trees(builts)) == []


def every_tree() -> Iterator[Tree]:
    for model in FITTED.values():
        for part in np.ravel(getattr(model, "estimators_", [model])):
            yield part.tree_


def test_a_tree_that_says_to_be_as_deep_as_it_is_passes_and_less_deep_does_not() -> None:
    for tree in every_tree():
        depth = int(tree.compute_node_depths().max()) - 1
        assert tree.max_depth == depth
        if depth:
            make, args, state = tree.__reduce__()
            assert reasons(Stand(make, args, {**state, "max_depth": depth - 1})) == [
                "nodes has a path that is longer than max_depth"
            ]


def test_one_forged_tree_among_many_is_the_one_that_is_named() -> None:
    forest = [part.tree_ for part in FITTED["a forest"].estimators_]
    bad = FITTED["classes"]
    forest[7:7] = [changed(bad, right_child=(0, 0)), forged(bad, max_depth=1)]
    builts = found(dumped(forest))
    assert [(builts.index(built), reason) for built, reason in trees(builts)] == [
        (7, "nodes has a child that is not behind its parent, or not in the tree"),
        (8, "nodes has a path that is longer than max_depth"),
    ]


MODEL = FITTED["classes"]
MADE: tuple[Any, Any] = MODEL.tree_.__reduce__()[:2]
NODES = MODEL.tree_.__getstate__()["nodes"]
COUNT = len(NODES)
LAST_INNER = int(np.flatnonzero(NODES["left_child"] != -1)[-1])


def retyped(*names: str, **kinds: str) -> Any:
    """The nodes with their fields in another order, or of other types."""
    order = [*names, *(name for name in NODES.dtype.names if name not in names)]
    nodes = np.zeros(COUNT, [(name, kinds.get(name, NODES.dtype[name])) for name in order])
    for name in order:
        nodes[name] = NODES[name]
    return nodes


def inexact(dtype: Any) -> Any:
    return NODES.view("i8").reshape(COUNT, -1).astype(dtype)


FORGERIES = {
    "a child behind the last": changed(MODEL, left_child=(0, COUNT)),
    "a child before the first": changed(MODEL, right_child=(LAST_INNER, -2)),
    "a child far below zero": changed(MODEL, right_child=(LAST_INNER, -(2**63))),
    "a child that is minus two": changed(MODEL, left_child=(LAST_INNER, -2)),
    "a child that is its parent": changed(MODEL, left_child=(LAST_INNER, LAST_INNER)),
    "a child before its parent": changed(MODEL, left_child=(LAST_INNER, 0)),
    "two parents": changed(MODEL, left_child=(LAST_INNER, LAST_INNER + 2)),
    "a leaf with children": changed(MODEL, left_child=(COUNT - 1, COUNT)),
    "a feature beyond": changed(MODEL, feature=(0, 5)),
    "a feature below zero": changed(MODEL, feature=(LAST_INNER, -1)),
    "no nodes": forged(MODEL, nodes=NODES[:0], values=np.zeros((0, 1, 3)), node_count=0),
    "nodes are a table": forged(MODEL, nodes=NODES[:, None]),
    "nodes are numbers": forged(MODEL, nodes=inexact("i8")),
    "nodes are none": forged(MODEL, nodes=None),
    "nodes are a list": forged(MODEL, nodes=[1, 2, 3]),
    "children are floats": forged(MODEL, nodes=retyped(left_child="f8")),
    "features have no sign": forged(MODEL, nodes=retyped(feature="u8")),
    "children are short": forged(MODEL, nodes=retyped(right_child="i2")),
    "fields in another order": forged(MODEL, nodes=retyped("n_node_samples")),
    "left is right": forged(MODEL, nodes=retyped("right_child")),
    "fewer nodes than said": forged(MODEL, node_count=COUNT + 1),
    "more nodes than said": forged(MODEL, node_count=COUNT - 1),
    "a count below zero": forged(MODEL, node_count=-1),
    "a count that is true": forged(MODEL, node_count=True),
    "a depth below zero": forged(MODEL, max_depth=-1),
    "a depth beyond any": forged(MODEL, max_depth=2**62),
    "a depth that is not a number": forged(MODEL, max_depth=float("nan")),
    "a depth that is a text": forged(MODEL, max_depth="9"),
    "no depth": Stand(*MADE, {"node_count": 1}),
    "no values": forged(MODEL, values=np.zeros((COUNT, 1, 0))),
    "values of other nodes": forged(MODEL, values=np.zeros((COUNT - 1, 1, 3))),
    "values in two dimensions": forged(MODEL, values=np.zeros((COUNT, 3))),
    "features below zero": Stand(
        Tree, (-1, np.array([3]), 1), MODEL.tree_.__reduce__()[2]
    ),
    "features that are a float": Stand(
        Tree, (5.0, np.array([3]), 1), MODEL.tree_.__reduce__()[2]
    ),
    "no state": Stand(*MADE),
    "no arguments": Stand(Tree, (), MODEL.tree_.__reduce__()[2]),
    "a state that is a tuple": Stand(*MADE, (1, 2, 3)),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_tree_is_not_sound(name: str) -> None:
    assert len(reasons(FORGERIES[name])) == 1


def test_what_only_python_looks_at_is_left_alone() -> None:
    # Leaves have no features, and their right children are not looked at.
    assert reasons(changed(MODEL, feature=(COUNT - 1, 99))) == []
    assert reasons(changed(MODEL, right_child=(COUNT - 1, 99))) == []
    assert reasons(changed(MODEL, threshold=(0, float("nan")))) == []


def test_nodes_of_another_machine_are_read_as_they_are_there() -> None:
    swapped = [(name, NODES.dtype[name].newbyteorder()) for name in NODES.dtype.names]
    short = [
        (name, kind.str.replace("i8", "i4")) for name, kind in
        ((name, NODES.dtype[name]) for name in NODES.dtype.names)
    ]  # fmt: skip
    for fields in (swapped, short):
        nodes = np.zeros(COUNT, fields)
        for name in NODES.dtype.names:
            nodes[name] = NODES[name]
        assert reasons(forged(MODEL, nodes=nodes)) == []
        nodes["left_child"][0] = COUNT
        assert len(reasons(forged(MODEL, nodes=nodes))) == 1


def test_a_tree_cut_back_by_hand_is_sound() -> None:
    assert reasons(changed(MODEL, left_child=(LAST_INNER, -1))) == []


def test_trees_of_different_features_keep_to_their_own() -> None:
    narrow = DecisionTreeClassifier(random_state=0).fit(DATA[:, :2], CLASSES)
    both = [MODEL.tree_, narrow.tree_]
    assert reasons(both) == []
    (built,) = found(dumped(changed(narrow, feature=(0, 3))))
    assert feature_count(built) == 2
    assert len(reasons([MODEL.tree_, changed(narrow, feature=(0, 3))])) == 1


def follow(nodes: Any, features: int, depth: int) -> bool:
    """Whether following every link by hand stays within the tree, the features and the depth."""
    parents: set[int] = set()
    waiting = [(0, 0)]
    for node in range(len(nodes)):
        left, right, feature = (int(nodes[name][node]) for name in nodes.dtype.names[:3])
        if left == -1:
            continue
        children = {left, right}
        if len(children) < 2 or children & parents or not 0 <= feature < features:
            return False
        if not all(node < child < len(nodes) for child in children):
            return False
        parents |= children
    while waiting:
        node, level = waiting.pop()
        if level > depth:
            return False
        if nodes["left_child"][node] != -1:
            waiting += [
                (int(nodes[side][node]), level + 1) for side in ("left_child", "right_child")
            ]
    return True


@settings(deadline=None)
@given(st.data())
def test_a_changed_tree_is_sound_if_it_can_be_followed(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["classes", "best first", "cut back", "one split"]))
    make, args, state = FITTED[name].tree_.__reduce__()
    nodes = state["nodes"].copy()
    anywhere = st.integers(-2, len(nodes) + 1) | st.sampled_from([2**31, 2**63 - 1, -(2**63)])
    for _ in range(data.draw(st.integers(0, 3))):
        field = data.draw(st.sampled_from(["left_child", "right_child", "feature"]))
        place = data.draw(st.integers(0, len(nodes) - 1))
        near = st.sampled_from([-1, place + 1, place + 2, int(nodes[field][place])])
        nodes[field][place] = data.draw(near | anywhere)
    depth = max(0, state["max_depth"] + data.draw(st.integers(-1, 1)))
    expected = follow(nodes, 5, depth) and depth < len(nodes)
    tree = Stand(make, args, {**state, "nodes": nodes, "max_depth": depth})
    assert (reasons(tree) == []) == expected
