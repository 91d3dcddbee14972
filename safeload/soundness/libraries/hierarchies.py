"""Hierarchies that the hdbscan library keeps: merges, and the tree that is condensed from them.

Compiled code merges the clusters that a row names, and climbs from each child to its parent, in
arrays as long as the hierarchy says itself.

Trust: the attributes are hostile.
Source: hdbscan ``_hdbscan_tree.pyx`` (``labelling_at_cut``, ``outlier_scores``, ``do_labelling``),
``plots.py`` (``SingleLinkageTree.get_clusters``).
"""

from __future__ import annotations

import numpy as np

from safeload.scan.program import ObjectToken, Token
from safeload.soundness.states import UnsoundError, attributes, each
from safeload.soundness.values import array

__all__ = ["hierarchies"]

_MERGES = ("_single_linkage_tree", "_cluster_hierarchy")
_CONDENSED = "_condensed_tree"


@each
def hierarchies(built: ObjectToken) -> None:
    """A clusterer, or a detector of branches: what is merged is there, and so is every child."""
    state = attributes(built)
    for name in _MERGES:
        if state.get(name) is not None:
            _merges(state[name], name)
    if state.get(_CONDENSED) is not None:
        _condensed(state[_CONDENSED], _CONDENSED)
    # Of a detector of branches: one for each cluster, or None.
    for name, check in (("_linkage_trees", _merges), ("_condensed_trees", _condensed)):
        trees = state.get(name)
        if trees is None:
            continue
        if type(trees) is not list and type(trees) is not tuple:
            raise UnsoundError(f"{name} is not a list of trees")
        for tree in trees:
            if tree is not None:
                check(tree, name)


def _merges(token: Token, what: str) -> None:
    """Rows of two clusters that are merged, a distance and a size."""
    merges = array(token, what)
    if merges.ndim == 1 and not merges.dtype.names:
        # Labels, where there is nothing to merge.
        return
    if merges.ndim != 2 or merges.shape[1] < 2 or merges.dtype.kind not in "iuf":
        raise UnsoundError(f"{what} does not have two clusters in each row")
    # Each row makes a cluster, with the next number after those of the samples.
    made = np.arange(len(merges))[:, None] + len(merges) + 1
    if not ((merges[:, :2] >= 0) & (merges[:, :2] < made)).all():
        raise UnsoundError(f"{what} merges clusters that do not exist yet")


def _condensed(token: Token, what: str) -> None:
    """Records of a parent and a child, which is a sample or a parent itself."""
    tree = array(token, what)
    if tree.ndim != 1 or not {"parent", "child"} <= set(tree.dtype.names or ()):
        raise UnsoundError(f"{what} is not a list of parents and children")
    parents, children = tree["parent"], tree["child"]
    if {parents.dtype.kind, children.dtype.kind} - {"i", "u"}:
        raise UnsoundError(f"{what} has parents or children that are not numbers")
    if len(tree) and not (
        int(parents.min()) >= 0
        and int(children.min()) >= 0
        and int(children.max()) <= int(parents.max())
    ):
        raise UnsoundError(f"{what} has a child that does not exist")
