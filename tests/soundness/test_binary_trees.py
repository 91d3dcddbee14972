"""Trees in arrays are judged as following every link by hand judges them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeload.soundness.binary_trees import Links, fault, is_deeper, strides

# A tree as pairs of children, None for a leaf; children are numbered within the tree.
Tree = list[tuple[int, int] | None]


def links(trees: Sequence[Tree]) -> Links:
    sizes = np.array([len(tree) for tree in trees])
    ends = np.cumsum(sizes)
    starts = ends - sizes
    nodes = [
        (start + node, start + children[0], start + children[1])
        for start, tree in zip(starts, trees, strict=True)
        for node, children in enumerate(tree)
        if children is not None
    ]
    inner, first, second = np.array(nodes, np.intp).reshape(-1, 3).T.copy()
    is_inner = np.zeros(ends[-1], bool)
    is_inner[inner] = True
    return Links(is_inner, inner, first, second, starts, ends)


def height(tree: Tree) -> int | None:
    """The longest path from any node; None for a tree that is not sound."""
    parents = [node for node, children in enumerate(tree) if children is not None]
    children = [child for pair in tree if pair is not None for child in pair]
    if len(set(children)) != len(children):
        return None
    if any(not node < child < len(tree) for node in parents for child in tree[node] or ()):
        return None
    below = [0] * len(tree)
    for node in reversed(parents):
        below[node] = 1 + max(below[child] for child in tree[node] or ())
    return max(below)


def is_depth_first(tree: Tree) -> bool:
    """Whether a walk that goes to the first child first meets the nodes in their order."""
    if height(tree) is None:
        return False
    order, waiting = [], [0]
    while waiting:
        node = waiting.pop()
        order.append(node)
        waiting += reversed(tree[node] or ())
    return order == list(range(len(tree)))


@st.composite
def grown(draw: st.DrawFn, *, ordered: bool | None = None) -> Tree:
    """A sound tree: depth-first, or with each node put where it was split."""
    tree: Tree = [None]
    waiting = [0]
    depth_first = draw(st.booleans()) if ordered is None else ordered
    for _ in range(draw(st.integers(0, 12))):
        node = waiting.pop(draw(st.integers(0, len(waiting) - 1)))
        tree[node] = (len(tree), len(tree) + 1)
        waiting += [len(tree), len(tree) + 1]
        tree += [None, None]
    return in_order(tree) if depth_first else tree


def in_order(tree: Tree) -> Tree:
    """The same tree with its nodes numbered depth-first."""
    order, waiting = [], [0]
    while waiting:
        node = waiting.pop()
        order.append(node)
        waiting += reversed(tree[node] or ())
    number = {node: place for place, node in enumerate(order)}
    return [
        None if pair is None else (number[pair[0]], number[pair[1]])
        for pair in (tree[node] for node in order)
    ]


@st.composite
def forged(draw: st.DrawFn) -> Tree:
    """A tree of which some nodes were changed."""
    tree = list(draw(grown()))
    anywhere = st.integers(-2, len(tree) + 2)
    for _ in range(draw(st.integers(1, 3))):
        node = draw(st.integers(0, len(tree) - 1))
        old = tree[node]
        near = (node + 1, draw(anywhere))
        kept = None if old is None else (old[0], draw(anywhere))
        tree[node] = draw(st.sampled_from([None, near, kept, (draw(anywhere), draw(anywhere))]))
    return tree


def ints(values: Sequence[int]) -> Any:
    return np.array(values, np.intp)


@given(st.lists(grown(ordered=True), min_size=1, max_size=4), st.data())
def test_trees_in_order_are_seen_to_be_so_and_to_be_as_deep_as_they_are(
    trees: list[Tree], data: st.DataObject
) -> None:
    found = strides(links(trees))
    assert found is not None
    parents = ints([len(tree) // 2 for tree in trees])
    heights = [height(tree) or 0 for tree in trees]
    limits = [max(0, h + data.draw(st.integers(-2, 2))) for h in heights]
    too_deep = any(h > limit for h, limit in zip(heights, limits, strict=True))
    assert is_deeper(found, parents, ints(limits)) is too_deep


@given(st.lists(grown() | forged(), min_size=1, max_size=4))
def test_only_trees_in_order_are_seen_to_be_so(trees: list[Tree]) -> None:
    assert (strides(links(trees)) is not None) == all(map(is_depth_first, trees))


@given(st.lists(grown() | forged(), min_size=1, max_size=4), st.data())
def test_a_fault_is_what_following_each_link_finds(trees: list[Tree], data: st.DataObject) -> None:
    found = links(trees)
    heights = [height(tree) for tree in trees]
    assert (fault(found, None) is None) == (None not in heights)
    limits = [max(0, (h or 0) + data.draw(st.integers(-1, 1))) for h in heights]
    sound = all(h is not None and h <= limit for h, limit in zip(heights, limits, strict=True))
    assert (fault(found, ints(limits)) is None) == sound


@pytest.mark.parametrize("sizes", [(4,), (5,), (1, 3), (3, 1), (2, 2), (3, 1, 1), (1, 3, 1)])
def test_of_all_second_children_there_are_only_the_right_ones_pass(sizes: tuple[int, ...]) -> None:
    nodes = sum(sizes)
    starts = np.cumsum(sizes) - sizes
    tree_of = np.repeat(range(len(sizes)), sizes)
    passed = 0
    for seconds in itertools.product([None, *range(nodes + 1)], repeat=nodes):
        trees: list[Tree] = [[] for _ in sizes]
        for node, second in enumerate(seconds):
            start = int(starts[tree_of[node]])
            children = None if second is None else (node + 1 - start, second - start)
            trees[tree_of[node]].append(children)
        expected = all(map(is_depth_first, trees))
        assert (strides(links(trees)) is not None) == expected, trees
        passed += expected
    # As many as there are ways to put brackets, for each tree.
    catalan = {1: 1, 3: 1, 5: 2}
    assert passed == np.prod([catalan.get(size, 0) for size in sizes])


def comb(teeth: int, *, to_the_left: bool) -> Tree:
    """A tree of which each level has one leaf."""
    nodes = 2 * teeth + 1
    tree: Tree = [None] * nodes
    if to_the_left:
        for node in range(teeth):
            tree[node] = (node + 1, nodes - 1 - node)
    else:
        for node in range(0, nodes - 1, 2):
            tree[node] = (node + 1, node + 2)
    return tree


@pytest.mark.parametrize("to_the_left", [False, True])
def test_a_comb_is_as_deep_as_it_has_teeth(to_the_left: bool) -> None:
    found = links([comb(2_000, to_the_left=to_the_left)])
    stride = strides(found)
    assert stride is not None
    assert is_deeper(stride, ints([2_000]), ints([2_000])) is False
    # Too deep to go down level by level.
    assert is_deeper(stride, ints([2_000]), ints([1_999])) is None
    assert fault(found, ints([2_000])) is None
    assert fault(found, ints([1_999])) is not None


def test_nodes_that_nothing_leads_to_are_no_fault() -> None:
    # A tree that was cut back by hand: the children of a node are there, but forgotten.
    assert fault(links([[(1, 2), None, None, (4, 5), None, None]]), ints([1])) is None
    assert strides(links([[(1, 2), None, None, (4, 5), None, None]])) is None
