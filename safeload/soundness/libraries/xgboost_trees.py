"""Trees of xgboost: do their arrays fit each other, and lead nowhere but to a leaf?

xgboost compares the lengths of most arrays of a tree while it loads it, and follows children,
features, categories and rows of leaves without a look. The trees of a model are looked at all at
once, because most models have hundreds of small ones.

Trust: the trees are hostile; they are values as a parser gives them.
Source: xgboost ``src/tree/tree_model.cc`` (``LoadModel``, ``LoadCategoricalSplit``),
``multi_target_tree_model.cc``, ``tree_view.h``, ``src/predictor/cpu_predictor.cc``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from safeload.soundness.libraries.fields import Fields, as_object, digits, integers, length
from safeload.soundness.libraries.forests import Forest, reached
from safeload.soundness.states import UnreadError, UnsoundError

__all__ = ["check_trees"]

_Ints = npt.NDArray[np.int64]

_MAX_NODES: Final = 2**31 - 2
# Categories are kept as numbers of 32 bits with a fraction, which are exact so far.
_MAX_CATEGORY: Final = 2**24
# Bits for the categories of all splits of a model: each split has one for each category up to the
# largest that it names. A gigabyte of them is more than anybody has trained.
_MAX_CATEGORY_BITS: Final = 2**33
# What stands for no child, and for a leaf.
_NONE: Final = -1

_LINKS: Final = ("left_children", "right_children", "parents", "split_indices")
_NUMBERS: Final = ("split_conditions", "default_left", "loss_changes", "sum_hessian")
_CATEGORIES: Final = ("categories", "categories_nodes", "categories_segments", "categories_sizes")
_OTHERS: Final = ("base_weights", "id", "leaf_weights", "split_type", "tree_param")
_KNOWN: Final = frozenset((*_LINKS, *_NUMBERS, *_CATEGORIES, *_OTHERS))


class _Tree(NamedTuple):
    """A tree whose arrays are as long as it has nodes.

    Attributes:
        fields: What the file says of it.
        nodes: How many nodes it has.
        deleted: How many of them were pruned.
        outputs: How many numbers its leaves have.
        links: Its arrays of whole numbers, in the order of their names.
    """

    fields: Fields
    nodes: int
    deleted: int
    outputs: int
    links: tuple[_Ints, ...]


def check_trees(trees: Sequence[Any], features: int, outputs: int) -> bool | None:
    """Check the trees of one model.

    Args:
        trees: The trees, in the order in which they predict.
        features: How many features the model has.
        outputs: How many numbers it predicts for each sample.

    Returns:
        Whether leaves hold a number for each output, rather than one; None without trees.

    Raises:
        UnsoundError: A tree would lead xgboost out of bounds or nowhere.
        UnreadError: A tree has a field that this release of safeload does not know.
    """
    found = [_tree(tree, place) for place, tree in enumerate(trees)]
    if not found:
        return None
    wide = {tree.outputs for tree in found}
    if wide not in ({1}, {outputs}):
        raise UnsoundError("trees have leaves of a different width from the model's output")
    left, right, parents, indices = (
        np.concatenate([tree.links[place] for tree in found]) for place in range(len(_LINKS))
    )
    sizes = np.array([tree.nodes for tree in found], np.int64)
    is_inner = left != _NONE
    is_reached = reached(Forest(left, right, is_inner, sizes))
    deleted = np.add.reduceat(~is_reached, np.cumsum(sizes) - sizes, dtype=np.int64)
    if (deleted != [tree.deleted for tree in found]).any():
        raise UnsoundError("a tree has nodes that cannot be reached")
    # xgboost goes up as well, and starts at nodes that were pruned.
    inner = is_inner.nonzero()[0]
    start = np.repeat(np.cumsum(sizes) - sizes, sizes)
    for child in (left, right):
        if (parents[child[inner] + start[inner]] != inner - start[inner]).any():
            raise UnsoundError("a tree has a node that names another parent")
    is_root = np.zeros(len(parents), bool)
    is_root[np.cumsum(sizes) - sizes] = True
    if (((parents < 0) | (parents >= np.repeat(sizes, sizes))) & ~is_root).any():
        raise UnsoundError("a tree has a parent that is not in it")
    used = indices[inner]
    if used.size and not 0 <= int(used.min()) <= int(used.max()) < features:
        raise UnsoundError("a tree splits by a feature that the model does not have")
    bits = sum(map(_check_categories, found))
    if bits > _MAX_CATEGORY_BITS:
        raise UnsoundError("trees split by more categories than fit in memory")
    if wide == {1}:
        return False
    for tree in found:
        _check_wide_leaves(tree)
    return True


def _tree(value: Any, place: int) -> _Tree:
    fields = as_object(value, "a tree")
    if not _KNOWN.issuperset(fields):
        unknown = min(key for key in fields if key not in _KNOWN)
        raise UnreadError(f"a tree has the field {unknown!r}, which no check knows")
    if fields.get("id", place) != place:
        # Two trees of one number leave none of another.
        raise UnsoundError("trees are not numbered in order")
    about = as_object(fields.get("tree_param"), "tree_param")
    nodes = digits(about, "num_nodes", _MAX_NODES)
    outputs = max(digits(about, "size_leaf_vector", _MAX_NODES, missing=0), 1)
    if outputs > 1 and "leaf_weights" not in fields:
        raise UnsoundError(
            "leaf_weights is missing, as before xgboost 3.2, whose later releases crash without it"
        )
    links = tuple(integers(fields, name) for name in _LINKS)
    wide = nodes * outputs
    for name, size in (
        *zip(_LINKS, map(len, links), strict=True),
        *((name, length(fields, name)) for name in _NUMBERS),
    ):
        if size != nodes or not nodes:
            raise UnsoundError(f"{name} does not have one number for each node of its tree")
    if length(fields, "base_weights") != wide:
        raise UnsoundError("base_weights does not have the numbers of each node of its tree")
    return _Tree(fields, nodes, digits(about, "num_deleted", nodes), outputs, links)


def _check_categories(tree: _Tree) -> int:
    """Check the splits by category of one tree; how many bits they take."""
    if "split_type" not in tree.fields:
        return 0
    kinds = integers(tree.fields, "split_type")
    if len(kinds) != tree.nodes or (kinds.size and not 0 <= kinds.min() <= kinds.max() <= 1):
        raise UnsoundError("split_type does not have one kind for each node of its tree")
    values, nodes, starts, sizes = (integers(tree.fields, name) for name in _CATEGORIES)
    if not np.array_equal(nodes, kinds.nonzero()[0]):
        raise UnsoundError("categories_nodes are not the nodes that split by categories")
    if not nodes.size:
        return 0
    if len(starts) != len(nodes) or len(sizes) != len(nodes):
        raise UnsoundError("categories are not given for each node that splits by them")
    # One behind the other, so that no category is read for two nodes.
    if int(sizes.min()) < 1 or not np.array_equal(starts, np.cumsum(sizes) - sizes):
        raise UnsoundError("categories of a node do not begin where those before it end")
    if int(starts[-1]) + int(sizes[-1]) != len(values):
        raise UnsoundError("categories of a node do not exist")
    if not 0 <= int(values.min()) <= int(values.max()) < _MAX_CATEGORY:
        raise UnsoundError("a category is below zero or too large to be one")
    return int(np.maximum.reduceat(values, starts).sum())


def _check_wide_leaves(tree: _Tree) -> None:
    """Leaves with several numbers each: the second child of a leaf is its row among them."""
    size = length(tree.fields, "leaf_weights")
    left, right = tree.links[:2]
    rows = right[left == _NONE]
    if size % tree.outputs or not 0 <= int(rows.min()) <= int(rows.max()) < size // tree.outputs:
        raise UnsoundError("a leaf has a row of leaf_weights that does not exist")
