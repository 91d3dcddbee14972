"""Clusters: the centres that k-means compares samples with, and the merges of HDBSCAN.

The distance of samples from all centres is one product of matrices, which takes as many columns
from the centres as the samples have. scikit-learn compares the samples with ``n_features_in_`` and
the centres with nothing.

Trust: the attributes are hostile.
Source: scikit-learn ``cluster/_k_means_lloyd.pyx`` (``_update_chunk_dense``),
``_k_means_minibatch.pyx``, ``_bisect_k_means.py`` (``_predict_recursive``), ``_birch.py``
(``_predict``), ``_hdbscan/_tree.pyx`` (``labelling_at_cut``).
"""

from __future__ import annotations

import numpy as np

from safeload.scan.program import ObjectToken, Token
from safeload.soundness.states import MISSING, Attributes, UnsoundError, attributes, each
from safeload.soundness.values import array, integer

__all__ = ["birch", "bisecting", "centres", "hierarchy"]

# The first fields of a merge, which compiled code takes by place.
_MERGED = ("left_node", "right_node")
# More threads than any machine has cores; each is asked of the system.
_MOST_THREADS = 4096


@each
def centres(built: ObjectToken) -> None:
    """KMeans and MiniBatchKMeans: a number in each centre for each feature."""
    state = attributes(built)
    if "cluster_centers_" not in state:
        return
    clusters = _centres(state)
    if "_counts" in state and array(state["_counts"], "_counts").shape != (clusters,):
        raise UnsoundError("_counts does not have one number for each centre")


@each
def bisecting(built: ObjectToken) -> None:
    """BisectingKMeans: the same for each node of its tree."""
    state = attributes(built)
    if "cluster_centers_" not in state:
        return
    columns = integer(state.get("n_features_in_", MISSING), "n_features_in_")
    waiting, seen = [state.get("_bisecting_tree")], set()
    while waiting:
        token = waiting.pop()
        if not isinstance(token, ObjectToken):
            continue
        if id(token) in seen:
            raise UnsoundError("_bisecting_tree has a node twice")
        seen.add(id(token))
        node = attributes(token)
        if array(node.get("center", MISSING), "_bisecting_tree").shape != (columns,):
            raise UnsoundError("_bisecting_tree has a centre with other columns than the data")
        waiting += [node.get("left"), node.get("right")]
    _centres(state)


@each
def birch(built: ObjectToken) -> None:
    """Birch: a norm for each centre."""
    state = attributes(built)
    if "_subcluster_norms" in state:
        centres_ = array(state.get("subcluster_centers_", MISSING), "subcluster_centers_")
        if array(state["_subcluster_norms"], "_subcluster_norms").shape != centres_.shape[:1]:
            raise UnsoundError("_subcluster_norms does not have one number for each centre")


@each
def hierarchy(built: ObjectToken) -> None:
    """HDBSCAN: merges of what there is at that time, samples first."""
    state = attributes(built)
    if "_single_linkage_tree_" not in state:
        return
    merges = array(state["_single_linkage_tree_"], "_single_linkage_tree_")
    if merges.ndim != 1 or (merges.dtype.names or ())[: len(_MERGED)] != _MERGED:
        raise UnsoundError("_single_linkage_tree_ is not a list of merges")
    # Each merge makes one cluster, with the next number after those of the samples.
    made = np.arange(len(merges)) + len(merges) + 1
    for name in _MERGED:
        nodes = merges[name]
        if nodes.dtype.kind not in "iu" or not ((nodes >= 0) & (nodes < made)).all():
            raise UnsoundError(f"_single_linkage_tree_ has a {name} that is not there yet")


def _centres(state: Attributes) -> int:
    """How many centres there are, each with as many columns as the data has."""
    found = array(state["cluster_centers_"], "cluster_centers_")
    if "n_features_in_" not in state and "_n_threads" not in state and found.ndim == 2:
        # Of scikit-learn 0.22: predicting asks for the threads first, which are not there either.
        return len(found)
    columns = integer(state.get("n_features_in_", MISSING), "n_features_in_")
    if found.ndim != 2 or found.shape[1] != columns or not len(found):
        raise UnsoundError("cluster_centers_ has other columns than the data")
    _threads(state.get("_n_threads", 1))
    return len(found)


def _threads(token: Token) -> None:
    if not 1 <= integer(token, "_n_threads") <= _MOST_THREADS:
        raise UnsoundError("_n_threads is not a number of threads")
