"""Decision trees of scikit-learn: ``sklearn.tree._tree.Tree``.

Prediction follows the children of a node without a look at where they lead, reads the feature of a
sample without a look at how many there are, and ``decision_path`` trusts the depth. Here every
child of an inner node comes after the node and lies within the tree, no node has two parents, every
feature is below ``n_features``, and no path is longer than ``max_depth`` says.

What ``__setstate__`` compares itself is left to it: type and shape of ``values``, and that the
fields of ``nodes`` are those that it knows. It takes them by their places, not by their names.

Trees are checked many at once: an ensemble has hundreds, and what costs is the call.

Trust: the arrays are hostile.
Source: scikit-learn ``tree/_tree.pyx``: ``Tree.__cinit__``, ``__setstate__``, ``_apply_dense``,
``_decision_path_dense``, ``compute_feature_importances``, ``compute_partial_dependence``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeGuard

import numpy as np

from safeload.scan.program import ObjectToken, Token
from safeload.soundness.binary_trees import Links, fault, is_deeper, strides
from safeload.soundness.states import UnsoundError, in_order
from safeload.soundness.values import NDArray, Raw, integer, raw, shape_of

__all__ = ["cannot_load", "feature_count", "is_tree", "trees"]

_LEAF = -1
_ATTRIBUTES = ["max_depth", "node_count", "nodes", "values"]
# The first fields of a node, by place.
_FIELDS = ("left_child", "right_child", "feature")
_LENGTHS = (4, 8)
# How many fields a node had before values could be missing.
_OLD_FIELDS = 7
# Nodes looked at together: enough to make calls rare, few enough to stay in the cache.
_CHUNK = 1 << 14
# Trees up to so many nodes are copied into one array first.
_SMALL = 256
_BOUND = 2**31


class _Tree(NamedTuple):
    """A tree, read.

    Attributes:
        built: Its token.
        features: Number of features.
        depth: What ``max_depth`` says.
        nodes: Its nodes, one record each.
        size: Number of nodes.
    """

    built: ObjectToken
    features: int
    depth: int
    nodes: Raw
    size: int


def trees(builts: Sequence[ObjectToken]) -> Iterator[tuple[ObjectToken, str]]:
    """Check trees.

    Args:
        builts: Objects of the class ``Tree``.

    Yields:
        Each tree that is not sound, with the reason.
    """
    read: list[_Tree] = []
    for built in builts:
        try:
            read.append(_read(built, read[-1].nodes.dtype if read else None))
        except UnsoundError as error:
            yield built, str(error)
    for chunk in _doubtful(list(_chunks(read))):
        if _problem(chunk) is None:
            continue
        for tree in chunk:
            reason = _problem([tree])
            if reason is not None:
                yield tree.built, reason


def is_tree(token: Token) -> TypeGuard[ObjectToken]:
    """Whether a token is a tree, which has a check of its own."""
    return isinstance(token, ObjectToken) and token.is_of("sklearn.tree._tree", "Tree")


def feature_count(tree: ObjectToken) -> int:
    """How many features a tree was fitted with.

    Raises:
        UnsoundError: Its arguments are not those of a tree.
    """
    if type(tree.args) is not tuple or len(tree.args) != 3:
        raise UnsoundError("it is not made from features, classes and outputs")
    features = integer(tree.args[0], "n_features")
    if not 0 <= features < _BOUND:
        raise UnsoundError("n_features is out of range")
    return features


def cannot_load(tree: ObjectToken) -> bool:
    """Whether a tree's nodes are those of a release before 1.3, which no release of today takes."""
    _, _, nodes, _ = in_order(tree, _ATTRIBUTES)
    return len(raw(nodes, "nodes").dtype.names or ()) == _OLD_FIELDS


def _read(built: ObjectToken, known: Any) -> _Tree:
    """Read a tree whose nodes are probably of the type that is known."""
    features = feature_count(built)
    depth, count, nodes, values = in_order(built, _ATTRIBUTES)
    found = raw(nodes, "nodes")
    if len(found.shape) != 1 or not (found.dtype is known or _is_of_nodes(found.dtype)):
        raise UnsoundError("nodes is not an array of nodes")
    size = found.shape[0]
    if size == 0 or integer(count, "node_count") != size:
        raise UnsoundError("node_count is not the number of nodes")
    shape = shape_of(values, "values")
    if len(shape) != 3 or shape[0] != size or 0 in shape:
        raise UnsoundError("values does not have one row of numbers for each node")
    steps = integer(depth, "max_depth")
    if not 0 <= steps < size:
        raise UnsoundError("max_depth is out of range")
    return _Tree(built, features, steps, found, size)


def _is_of_nodes(dtype: np.dtype[Any]) -> bool:
    if (dtype.names or ())[: len(_FIELDS)] != _FIELDS:
        return False
    kinds = [dtype[name] for name in _FIELDS]
    return all(kind.kind == "i" and kind.itemsize in _LENGTHS for kind in kinds)


def _chunks(read: Sequence[_Tree]) -> Iterator[list[_Tree]]:
    """Neighbours of the same type together, as long as they are small."""
    chunk: list[_Tree] = []
    nodes = 0
    for tree in read:
        if chunk and (nodes + tree.size > _CHUNK or chunk[0].nodes.dtype != tree.nodes.dtype):
            yield chunk
            chunk, nodes = [], 0
        chunk.append(tree)
        nodes += tree.size
    if chunk:
        yield chunk


def _doubtful(chunks: Sequence[list[_Tree]]) -> Iterator[list[_Tree]]:
    """The chunks that are not seen at once to be sound."""
    ordered, found = [], []
    for chunk in chunks:
        links, features = _links(chunk)
        stride = strides(links) if _are_within(features, chunk, links) else None
        if stride is None:
            yield chunk
        else:
            ordered.append(chunk)
            found.append(stride)
    if not ordered:
        return
    every = [tree for chunk in ordered for tree in chunk]
    parents = np.array([tree.size // 2 for tree in every])
    limits = np.array([tree.depth for tree in every])
    if is_deeper(np.concatenate(found), parents, limits) is not False:
        yield from ordered


def _problem(chunk: Sequence[_Tree]) -> str | None:
    """What is wrong with some tree of these, or None."""
    links, features = _links(chunk)
    if not _are_within(features, chunk, links):
        return "nodes asks for a feature beyond n_features"
    reason = fault(links, np.array([tree.depth for tree in chunk]))
    return reason and f"nodes {reason}"


def _links(chunk: Sequence[_Tree]) -> tuple[Links, NDArray]:
    """The inner nodes of trees of one type, and the feature that each asks for."""
    sizes = np.array([tree.size for tree in chunk])
    ends = np.cumsum(sizes)
    starts = ends - sizes
    blocks = _blocks(chunk, int(ends[-1]))
    left = _column(blocks, "left_child")
    is_inner = left != _LEAF
    inner = np.flatnonzero(is_inner)
    left = left.take(inner)
    right, features = (_column(blocks, name, inner) for name in ("right_child", "feature"))
    if len(chunk) > 1:
        base = np.repeat(starts, sizes).take(inner)
        left += base
        right += base
    return Links(is_inner, inner, left, right, starts, ends), features


def _blocks(chunk: Sequence[_Tree], nodes: int) -> list[NDArray]:
    if len(chunk) > 1 and nodes < _SMALL * len(chunk):
        joined = b"".join([tree.nodes.content for tree in chunk])
        return [np.frombuffer(joined, chunk[0].nodes.dtype)]
    return [np.frombuffer(tree.nodes.content, tree.nodes.dtype) for tree in chunk]


def _column(blocks: Sequence[NDArray], name: str, places: NDArray | None = None) -> NDArray:
    """A field of nodes, of all or of some."""
    if len(blocks) > 1:
        column = np.concatenate([block[name] for block in blocks])
    else:
        column = blocks[0][name]
    if places is not None:
        column = column[places]
    return np.ascontiguousarray(column, np.intp)


def _are_within(features: NDArray, chunk: Sequence[_Tree], links: Links) -> bool:
    """Whether each feature is one of those that its tree was fitted with."""
    if features.size == 0:
        return True
    most = {tree.features for tree in chunk}
    bound: Any = most.pop()
    if most:
        sizes = np.array([tree.size for tree in chunk])
        bound = np.repeat([tree.features for tree in chunk], sizes).take(links.inner)
    # A negative number is a large one without its sign.
    return bool((features.view(np.uintp) < bound).all())
