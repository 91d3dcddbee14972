"""Quantile forests: the training samples that each leaf of each tree holds.

Compiled code takes the leaf that a tree says, reads the samples of that leaf and adds to a weight
for each of them, all without a look at how many there are. So every sample named is one of those
that the forest was fitted to, and there is a row for each node of each tree.

Trust: the attributes are hostile.
Source: quantile-forest ``_quantile_forest_fast.pyx`` (``QuantileForest``), ``_quantile_forest.py``
(``predict``, ``quantile_ranks``, ``proximity_counts``).
"""

from __future__ import annotations

from math import prod

from safeload.scan.program import ObjectToken, Token
from safeload.soundness.scipy.sparse import columns as check_columns
from safeload.soundness.scipy.sparse import is_columns
from safeload.soundness.sklearn.trees import is_tree
from safeload.soundness.states import MISSING, UnsoundError, attributes, each, unshadowed
from safeload.soundness.values import NDArray, array, integer, raw, shape_of

__all__ = ["forest", "leaves"]

_OF_FOREST = ("_oob_samples", "_validate_X_predict", "apply")
_OF_TREES = ("_validate_X_predict", "apply")
# Numbers that leaves may have beyond so many for each that is written: most are zero.
_FREE, _FOR_EACH = 1 << 27, 1 << 10


@each
def leaves(built: ObjectToken) -> None:
    """``QuantileForest``: leaves name samples that are there."""
    samples, shape = _sizes(built)
    state = attributes(built)
    named = _sparse(state, shape) if state else _dense(built.args[1])
    # Zero stands for none.
    _are_below(named, samples + 1, "y_train_leaves")


@each
def forest(built: ObjectToken) -> None:
    """The estimator: leaves for each node of each of its trees; an order of all samples."""
    state = attributes(built)
    unshadowed(state, _OF_FOREST)
    kept = state.get("forest_", MISSING)
    if not isinstance(kept, ObjectToken):
        # Not fitted: nothing that compiled code would follow.
        return
    if not kept.is_of("quantile_forest._quantile_forest_fast", "QuantileForest"):
        raise UnsoundError("forest_ is not valid")
    # What the leaves name is looked at where they are checked.
    samples, shape = _sizes(kept)
    trees = state.get("estimators_", MISSING)
    if type(trees) is not list or len(trees) > shape[0]:
        raise UnsoundError("forest_ does not have the leaves of each tree of estimators_")
    for estimator in trees:
        if _nodes(estimator) > shape[1]:
            raise UnsoundError("forest_ does not have the leaves of each node of estimators_")
    order = array(state.get("sorter_", MISSING), "sorter_")
    if order.ndim != 2 or len(order) < samples or order.shape[1] < 1:
        raise UnsoundError("sorter_ does not have one place for each sample")
    _are_below(order, samples, "sorter_")


def _sizes(built: ObjectToken) -> tuple[int, tuple[int, ...]]:
    """How many samples there are, and the shape of the leaves."""
    if type(built.args) is not tuple or len(built.args) != 4:
        raise UnsoundError("it is not made the way quantile-forest makes it")
    outputs, samples = _two(shape_of(built.args[0], "y_train"))
    state = attributes(built)
    shape = _lengths(state, "shape1") if state else shape_of(built.args[1], "y_train_leaves")
    if len(shape) != 4 or shape[2] != outputs or not outputs or not samples:
        raise UnsoundError("y_train_leaves does not have leaves for each output of y_train")
    return samples, shape


def _two(shape: tuple[int, ...]) -> tuple[int, int]:
    if len(shape) != 2:
        raise UnsoundError("y_train is not a table")
    return shape


def _lengths(state: dict[str, Token], name: str) -> tuple[int, ...]:
    lengths = state.get(name, MISSING)
    if type(lengths) is not tuple or not lengths:
        raise UnsoundError(f"{name} is not a valid shape")
    return tuple(integer(length, name) for length in lengths)


def _dense(token: Token) -> NDArray:
    found = raw(token, "y_train_leaves")
    # The samples of a leaf are read from its first to its last as they lie in memory.
    if found.order != "C" or found.axes is not None:
        raise UnsoundError("y_train_leaves does not have the samples of a leaf side by side")
    return array(token, "y_train_leaves")


def _sparse(state: dict[str, Token], shape: tuple[int, ...]) -> NDArray:
    _matrix(state, "matrix2", "shape2")
    data = _matrix(state, "matrix1", "shape1")
    most = shape[3]
    # The matrix lies column after column; where its rows are whole parts of the shape, numpy leaves
    # all numbers where they are.
    if most > 1 and most in (shape[0], prod(shape[:2]), prod(shape[:3])):
        raise UnsoundError("shape1 does not lay the samples of a leaf side by side")
    return data


def _matrix(state: dict[str, Token], name: str, of_shape: str) -> NDArray:
    """Check a sparse matrix that is written out when it is loaded; its numbers."""
    matrix, shape = state.get(name, MISSING), _lengths(state, of_shape)
    if not isinstance(matrix, ObjectToken) or not is_columns(matrix):
        raise UnsoundError(f"{name} is not a matrix in compressed columns")
    for _, reason in check_columns([matrix]):
        raise UnsoundError(f"{name}: {reason}")
    given = attributes(matrix)
    if min(shape) < 0 or given.get("_shape") != (shape[-1], prod(shape[:-1])):
        raise UnsoundError(f"{name} does not have the shape that {of_shape} says")
    data = array(given.get("data", MISSING), name)
    if prod(shape) > _FREE + _FOR_EACH * data.size:
        raise UnsoundError(f"{of_shape} would repeat too much of what {name} holds")
    _check_places(given)
    return data


def _check_places(given: dict[str, Token]) -> None:
    """Check that each place is written once: numbers of one place are added."""
    starts, rows = (array(given.get(name, MISSING), "matrix1") for name in ("indptr", "indices"))
    grows = rows[1:] > rows[:-1]
    # Between two columns they may fall.
    ends = starts[1:-1]
    grows[ends[(ends > 0) & (ends < len(rows))] - 1] = True
    if not grows.all():
        raise UnsoundError("matrix1 writes a place twice")


def _nodes(estimator: Token) -> int:
    """How many nodes the tree of an estimator has."""
    if not isinstance(estimator, ObjectToken):
        raise UnsoundError("estimators_ holds something that is not a tree")
    state = attributes(estimator)
    unshadowed(state, _OF_TREES)
    tree = state.get("tree_", MISSING)
    if not is_tree(tree):
        raise UnsoundError("estimators_ holds an estimator without a tree")
    return shape_of(attributes(tree).get("nodes", MISSING), "nodes")[0]


def _are_below(found: NDArray, bound: int, what: str) -> None:
    if found.dtype.kind not in "iu":
        raise UnsoundError(f"{what} has things other than places")
    if found.size and not 0 <= int(found.min()) <= int(found.max()) < bound:
        raise UnsoundError(f"{what} names a sample that does not exist")
