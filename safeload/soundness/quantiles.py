"""Quantile forests: the samples that each leaf keeps, which compiled code takes by their numbers.

A prediction asks the trees for the leaf of each row, takes the numbers of samples from a table by
tree and leaf, and adds to a weight for each of them. Nothing of it is compared with the size of the
table, or with how many samples there are.

Trust: the states are hostile.
Source: quantile-forest ``_quantile_forest_fast.pyx`` (``__cinit__``, ``__setstate__``, ``predict``,
``proximity_counts``), ``_quantile_forest.py`` (``predict``).
"""

from __future__ import annotations

import numpy as np

from safeload.scan.program import Built, Global, Token
from safeload.soundness.boosting import tree_of
from safeload.soundness.sparse import is_columns
from safeload.soundness.values import (
    MISSING,
    NDArray,
    UnsoundError,
    array,
    attributes,
    each,
    integer,
    shape_of,
)

__all__ = ["estimator", "leaves"]


@each
def leaves(built: Built) -> None:
    """``QuantileForest(y_train, y_train_leaves, y_bound_leaves, sparse_pickle)``."""
    kept = _numbers(built)
    outputs, samples = _targets(built)
    if not outputs or _shape(built)[2] != outputs:
        raise UnsoundError("y_train_leaves is not of the outputs of y_train")
    if kept.dtype.kind not in "iu":
        raise UnsoundError("y_train_leaves has no numbers of samples")
    # Nought stands for none.
    if kept.size and not (int(kept.min()) >= 0 and int(kept.max()) <= samples):
        raise UnsoundError("y_train_leaves names a sample that is not there")


@each
def estimator(built: Built) -> None:
    """A fitted forest: its table has a place for each node of each tree."""
    state = attributes(built)
    forest = state.get("forest_", MISSING)
    if forest is MISSING:
        return
    if not isinstance(forest, Built) or not isinstance(forest.callable, Global):
        raise UnsoundError("forest_ is none")
    if forest.callable.name != "QuantileForest":
        raise UnsoundError("forest_ is none")
    shape = _shape(forest)
    trees = state.get("estimators_")
    if type(trees) is not list or len(trees) > shape[0]:
        raise UnsoundError("estimators_ are more trees than forest_ has leaves of")
    for token in {id(token): token for token in trees}.values():
        tree = tree_of(token)
        if tree is None or integer(attributes(tree).get("node_count"), "node_count") > shape[1]:
            raise UnsoundError("estimators_ has a tree of more nodes than forest_")
    _, samples = _targets(forest)
    order = shape_of(state.get("sorter_", MISSING), "sorter_")
    if len(order) != 2 or order[0] < samples or not order[1]:
        raise UnsoundError("sorter_ has not a place for each sample")


def _targets(built: Built) -> tuple[int, int]:
    """How many outputs and samples there are."""
    shape = shape_of(built.args[0], "y_train") if type(built.args) is tuple and built.args else ()
    if len(shape) != 2:
        raise UnsoundError("y_train is no table")
    return shape[0], shape[1]


def _is_sparse(built: Built) -> bool:
    """Whether the table stands in the state, as a matrix."""
    if type(built.args) is not tuple or len(built.args) != 4 or type(built.args[3]) is not bool:
        raise UnsoundError("it is made in another way than quantile-forest does")
    return built.args[3]


def _shape(built: Built) -> tuple[int, ...]:
    """The lengths of the table by tree, leaf, output and place."""
    if _is_sparse(built):
        shape = _lengths(attributes(built).get("shape1"))
    else:
        shape = shape_of(built.args[1], "y_train_leaves")
    if len(shape) != 4:
        raise UnsoundError("y_train_leaves is not of four dimensions")
    return shape


def _numbers(built: Built) -> NDArray:
    """What the table holds, but for zeros."""
    if _is_sparse(built):
        return _sparse(attributes(built).get("matrix1"), _shape(built))
    kept = array(built.args[1], "y_train_leaves")
    if not kept.flags.c_contiguous:
        raise UnsoundError("y_train_leaves is laid out so that quantile-forest reads beyond it")
    return kept


def _lengths(token: Token) -> tuple[int, ...]:
    if type(token) is not tuple:
        raise UnsoundError("shape1 is no shape")
    lengths = tuple(integer(length, "shape1") for length in token)
    if min(lengths, default=0) < 0:
        raise UnsoundError("shape1 is no shape")
    return lengths


def _sparse(matrix: Token, shape: tuple[int, ...]) -> NDArray:
    """The numbers in a matrix in compressed columns, which is itself checked elsewhere."""
    if not isinstance(matrix, Built) or not is_columns(matrix):
        raise UnsoundError("matrix1 is no matrix in compressed columns")
    state = attributes(matrix)
    lengths = _lengths(state.get("_shape"))
    if len(lengths) != 2:
        raise UnsoundError("matrix1 is no matrix")
    rows, columns = lengths
    # scipy writes columns one after the other. Where their length is that of the first dimensions,
    # numpy makes no copy, and what belongs to a leaf does not stand together, as it is read.
    if rows > 1 and columns > 1 and rows in np.cumprod(shape[:-1], dtype=object):
        raise UnsoundError("matrix1 is laid out so that quantile-forest reads beyond it")
    starts, places = (array(state.get(name, MISSING), "matrix1") for name in ("indptr", "indices"))
    stored = int(starts[-1]) if starts.size else 0
    # Elements at one place would be added up.
    steps = np.diff(places[:stored].astype(np.int64))
    first = np.zeros(stored + 1, bool)
    first[starts.ravel()[:-1]] = True
    if (steps[~first[1:stored]] <= 0).any():
        raise UnsoundError("matrix1 has two elements at one place")
    return array(state.get("data", MISSING), "matrix1")
