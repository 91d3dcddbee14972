"""Neighbour searches: ``KDTree``, ``BallTree`` and the distance metrics they are made with.

A query walks down the nodes by arithmetic on their numbers, takes the samples between two indices
of each leaf, and calculates with as many coordinates as the data has columns: nothing of it is
compared with the size of an array.

Trust: the states are hostile.
Source: scikit-learn ``neighbors/_binary_tree.pxi.tp`` (``__setstate__``, ``_recursive_build``,
``_query_single_depthfirst``), ``metrics/_dist_metrics.pyx.tp`` (``__setstate__``, ``rdist``).
"""

from __future__ import annotations

import numpy as np

from safeload.scan.program import Global, ObjectToken, Token
from safeload.soundness.states import UnsoundError, each
from safeload.soundness.values import NDArray, array, integer, shape_of

__all__ = ["fits", "is_metric", "metric", "sample_count", "search"]

# The first fields of a node, which compiled code takes by place.
_FIELDS = ("idx_start", "idx_end", "is_leaf")
_PARTS = 13
_MOST_LEVELS = 48


@each
def metric(built: ObjectToken) -> None:
    """A distance metric: ``(p, vec, mat)``, and for a Python function that and its arguments."""
    _metric_parts(built)


@each
def search(built: ObjectToken) -> None:
    """A tree: ``(data, idx_array, node_data, node_bounds, …, dist_metric, sample_weight)``."""
    state = _state(built)
    if len(state) != _PARTS:
        raise UnsoundError("its state does not have the parts of a tree")
    data = array(state[0], "data")
    if data.ndim != 2 or 0 in data.shape:
        raise UnsoundError("data is not a table")
    samples, columns = data.shape
    order = array(state[1], "idx_array")
    if order.shape != (samples,) or order.dtype.kind not in "iu":
        raise UnsoundError("idx_array does not have one index for each sample")
    if int(order.min()) < 0 or int(order.max()) >= samples:
        raise UnsoundError("idx_array names a sample that does not exist")
    nodes = array(state[2], "node_data")
    _nodes(nodes, samples, integer(state[5], "n_levels"), integer(state[6], "n_nodes"))
    bounds = array(state[3], "node_bounds")
    if bounds.ndim != 3 or bounds.shape[1:] != (len(nodes), columns):
        raise UnsoundError("node_bounds does not have one place for each node and column")
    if _class(built).startswith("KDTree") and len(bounds) != 2:
        raise UnsoundError("node_bounds does not have both ends of each node")
    fits(state[11], columns)
    weights = state[12]
    if weights is not None and array(weights, "sample_weight").shape != (samples,):
        raise UnsoundError("sample_weight does not have one number for each sample")


def sample_count(built: ObjectToken) -> int:
    """How many samples a tree searches."""
    state = _state(built)
    return shape_of(state[0], "data")[0] if state else 0


def _nodes(nodes: NDArray, samples: int, levels: int, count: int) -> None:
    if nodes.ndim != 1 or (nodes.dtype.names or ())[: len(_FIELDS)] != _FIELDS:
        raise UnsoundError("node_data is not an array of nodes")
    if not 1 <= levels <= _MOST_LEVELS or not count == len(nodes) == 2**levels - 1:
        raise UnsoundError("n_nodes and n_levels are not those of node_data")
    start, end = nodes["idx_start"], nodes["idx_end"]
    if not ((start >= 0) & (start <= end) & (end <= samples)).all():
        raise UnsoundError("node_data has a node of samples that are not there")
    # Below a leaf there are nodes that nothing leads to.
    inner = nodes["is_leaf"] == 0
    reached = np.ones(1, bool)
    for level in range(levels - 1):
        first = 2**level - 1
        reached = np.repeat(reached & inner[first : 2 * first + 1], 2)
    if (reached & inner[len(nodes) // 2 :]).any():
        raise UnsoundError("node_data has a node without children that is not a leaf")


def is_metric(token: ObjectToken) -> bool:
    """Whether an object is a distance in compiled code."""
    target = token.callable
    return isinstance(target, Global) and target.module.endswith("dist_metrics")


def fits(token: Token, columns: int) -> None:
    """Check that a metric can be calculated with so many columns.

    Raises:
        UnsoundError: It has parameters for more or less.
    """
    if not isinstance(token, ObjectToken):
        raise UnsoundError("dist_metric is not a metric")
    vector, matrix = _metric_parts(token)
    name = _class(token)
    if name.startswith("Haversine") and columns != 2:
        raise UnsoundError("dist_metric is of two columns, data is not")
    if name.startswith("SEuclidean") and len(vector) != columns:
        raise UnsoundError("dist_metric does not have one number for each column")
    if name.startswith(("Minkowski", "WMinkowski")) and len(vector) not in (0, columns):
        raise UnsoundError("dist_metric does not have one weight for each column")
    if name.startswith("Mahalanobis") and len(matrix) != columns:
        raise UnsoundError("dist_metric does not have one row for each column")


def _metric_parts(built: ObjectToken) -> tuple[NDArray, NDArray]:
    state = _state(built)
    if len(state) < 3:
        raise UnsoundError("its state does not have the parts of a metric")
    vector, matrix = array(state[1], "vec"), array(state[2], "mat")
    if vector.ndim != 1 or matrix.ndim != 2:
        raise UnsoundError("vec is not a vector, or mat is not a matrix")
    if _class(built).startswith("Mahalanobis") and matrix.shape[0] != matrix.shape[1]:
        raise UnsoundError("mat does not have as many rows as columns")
    return vector, matrix


def _state(built: ObjectToken) -> tuple[Token, ...]:
    if len(built.states) != 1 or type(built.states[0]) is not tuple:
        # Without a state there are arrays of one element, and queries that ask for more.
        raise UnsoundError("it is not given its state")
    state: tuple[Token, ...] = built.states[0]
    return state


def _class(built: ObjectToken) -> str:
    """The name of the class that is made, by its constructor or by ``newObj``."""
    target = built.callable
    if isinstance(target, Global) and target.name == "newObj":
        target = built.args[0] if type(built.args) is tuple and built.args else None
    return target.name if isinstance(target, Global) else ""
