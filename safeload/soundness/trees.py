"""Decision trees of scikit-learn: ``sklearn.tree._tree.Tree``.

Prediction follows the children of a node without a look at where they lead, reads the feature of a
sample without a look at how many there are, and ``decision_path`` trusts the depth. Here every
child of an inner node comes after the node and lies within the tree, no node has two parents, every
feature is below ``n_features``, and no path is longer than ``max_depth`` says.

Trees are checked many at once: an ensemble has hundreds, and what costs is the call.

Trust: the arrays are hostile.
Source: scikit-learn ``tree/_tree.pyx``: ``Tree.__cinit__``, ``__setstate__``, ``_apply_dense``,
``_decision_path_dense``, ``compute_feature_importances``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from safeload.scan.program import Built
from safeload.soundness.values import (
    MISSING,
    NDArray,
    UnsoundError,
    array,
    attributes,
    integer,
)

__all__ = ["feature_count", "trees"]

_LEAF = -1
# Nodes looked at together: enough to make calls rare, few enough to stay in the cache.
_CHUNK = 1 << 15
_BOUND = 2**31
_FIELDS = frozenset(["left_child", "right_child", "feature"])


class _Tree(NamedTuple):
    """A tree, read.

    Attributes:
        built: Its token.
        features: Number of features.
        depth: What ``max_depth`` says.
        nodes: Its nodes, one record each.
    """

    built: Built
    features: int
    depth: int
    nodes: NDArray


def trees(builts: Sequence[Built]) -> Iterator[tuple[Built, str]]:
    """Check trees.

    Args:
        builts: Objects of the class ``Tree``.

    Yields:
        Each tree that is not sound, with the reason.
    """
    chunk: list[_Tree] = []
    size = 0
    for built in builts:
        try:
            tree = _read(built)
        except UnsoundError as error:
            yield built, str(error)
            continue
        chunk.append(tree)
        size += len(tree.nodes)
        if size >= _CHUNK:
            yield from _check(chunk)
            chunk, size = [], 0
    if chunk:
        yield from _check(chunk)


def feature_count(tree: Built) -> int:
    """How many features a tree was fitted with.

    Raises:
        UnsoundError: Its arguments are not those of a tree.
    """
    if type(tree.args) is not tuple or len(tree.args) != 3:
        raise UnsoundError("it is not made from features, classes and outputs")
    return integer(tree.args[0], "n_features")


def _read(built: Built) -> _Tree:
    features = feature_count(built)
    outputs = integer(built.args[2], "n_outputs")
    classes = array(built.args[1], "n_classes")
    if classes.shape != (outputs,) or classes.dtype.kind not in "iu" or not 1 <= outputs < _BOUND:
        raise UnsoundError("n_classes has not one number for each output")
    most = int(classes.max())
    if int(classes.min()) < 1 or most >= _BOUND or not 0 <= features < _BOUND:
        raise UnsoundError("n_classes or n_features is out of range")
    state = attributes(built)
    nodes = array(state.get("nodes", MISSING), "nodes")
    values = array(state.get("values", MISSING), "values")
    if nodes.ndim != 1 or not {"left_child", "right_child", "feature"} <= set(
        nodes.dtype.names or ()
    ):
        raise UnsoundError("nodes is no array of nodes")
    if len(nodes) == 0 or integer(state.get("node_count"), "node_count") != len(nodes):
        raise UnsoundError("node_count is not the number of nodes")
    if values.shape != (len(nodes), outputs, most):
        raise UnsoundError("values has not one row for each node")
    depth = integer(state.get("max_depth"), "max_depth")
    if not 0 <= depth < len(nodes):
        raise UnsoundError("max_depth is out of range")
    return _Tree(built, features, depth, nodes)


def _check(chunk: Sequence[_Tree]) -> Iterator[tuple[Built, str]]:
    """Check trees together, and one by one if together they fail."""
    reason = _problem(chunk)
    if reason is None:
        return
    for tree in chunk:
        reason = _problem([tree])
        if reason is not None:
            yield tree.built, reason


def _problem(chunk: Sequence[_Tree]) -> str | None:
    """What is wrong with some tree of these, or None."""
    left, right, feature = (
        np.concatenate([tree.nodes[name] for tree in chunk])
        for name in ("left_child", "right_child", "feature")
    )
    if any(part.dtype.kind not in "iu" for part in (left, right, feature)):
        return "nodes has children or features that are no whole numbers"
    sizes = np.array([len(tree.nodes) for tree in chunk])
    # The nodes of all trees are numbered through; each tree starts where the one before ends.
    starts = np.cumsum(sizes) - sizes
    inner = np.flatnonzero(left != _LEAF)
    owner = np.searchsorted(starts, inner, "right") - 1 if len(chunk) > 1 else np.zeros(1, np.intp)
    base, stop = starts[owner], (starts + sizes)[owner]
    left[inner] += base
    right[inner] += base
    for child in (left[inner], right[inner]):
        if not ((child > inner) & (child < stop)).all():
            return "nodes has a child that is not behind its parent, or not in the tree"
    chosen, features = feature[inner], np.array([tree.features for tree in chunk])[owner]
    if not ((chosen >= 0) & (chosen < features)).all():
        return "nodes asks for a feature beyond n_features"
    return _walk(chunk, starts, left, right)


def _walk(chunk: Sequence[_Tree], starts: NDArray, left: NDArray, right: NDArray) -> str | None:
    """Go down all trees level by level; children are known to lie in their tree."""
    depths = np.array([tree.depth for tree in chunk])
    shallowest = int(depths.min())
    is_inner = left != _LEAF
    level, visited = 0, len(starts)
    frontier = starts[is_inner[starts]]
    while frontier.size:
        level += 1
        if level > shallowest:
            owner = np.searchsorted(starts, frontier, "right") - 1
            if (depths[owner] < level).any():
                return "nodes has a path that is longer than max_depth"
        children = np.concatenate((left[frontier], right[frontier]))
        visited += children.size
        if visited > left.size:
            return "nodes has a node with two parents"
        frontier = children[is_inner[children]]
    return None
