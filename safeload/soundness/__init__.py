"""Soundness: may native code be handed this state?

Code in C, C++ and Cython believes the state it is given: a tree's child that points outside of the
tree is followed all the same. The checks here judge such state before anything is constructed from
it, so that ``audit`` sees it too and no hostile array ever reaches native code.

A policy entry names its check with ``native``; :data:`CHECKS` lists them all. A check takes every
object of its kind in a stream at once, because most of its cost is the call. ``values.py`` reads
tokens as numbers and arrays; each other module holds the checks of one family.

Trust: all tokens and the bytes they stand for are hostile. A check never constructs anything but
numbers and arrays of numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import import_module

from safeload.scan.program import Built

__all__ = ["CHECKS", "Check", "check_named"]

# From the objects of one kind to those that are not sound, each with the reason.
Check = Callable[[Sequence[Built]], Iterator[tuple[Built, str]]]

# Where each check is; imported when first needed, because they import numpy.
CHECKS: dict[str, str] = {
    "arrow_array": "safeload.soundness.arrow:arrays",
    "bin_mapper": "safeload.soundness.histograms:bin_mapper",
    "boosting_of_classes": "safeload.soundness.boosting:classifier",
    "boosting_of_numbers": "safeload.soundness.boosting:regressor",
    "cluster_centres": "safeload.soundness.clusters:centres",
    "cluster_hierarchies": "safeload.soundness.hierarchies:hierarchies",
    "cluster_merges": "safeload.soundness.clusters:hierarchy",
    "cluster_norms": "safeload.soundness.clusters:birch",
    "cluster_tree": "safeload.soundness.clusters:bisecting",
    "columns_of_labels": "safeload.soundness.vocabularies:label_columns",
    "columns_of_terms": "safeload.soundness.vocabularies:vocabulary",
    "decision_tree": "safeload.soundness.boosting:decision_trees",
    "density": "safeload.soundness.samples:density",
    "distance_metric": "safeload.soundness.neighbours:metric",
    "fitpack": "safeload.soundness.splines:fitpack",
    "fitpack_surface": "safeload.soundness.splines:surface",
    "grid": "safeload.soundness.samples:grid",
    "hashed_terms": "safeload.soundness.vocabularies:hashed",
    "histogram_boosting": "safeload.soundness.histograms:estimator",
    "histogram_tree": "safeload.soundness.histograms:predictors",
    "kept_labels": "safeload.soundness.searches:classifier",
    "kept_samples": "safeload.soundness.searches:samples",
    "labels_in_order": "safeload.soundness.vocabularies:labels",
    "leaves": "safeload.soundness.leaves:leaves",
    "moment": "safeload.soundness.moments:moment",
    "neighbour_search": "safeload.soundness.neighbours:search",
    "one_hot": "safeload.soundness.encoders:one_hot",
    "pandas_array": "safeload.soundness.pandas_arrays:backing",
    "pandas_frame": "safeload.soundness.pandas_frames:frame",
    "pandas_index": "safeload.soundness.pandas_frames:index",
    "pandas_intervals": "safeload.soundness.pandas_arrays:intervals",
    "pandas_masked": "safeload.soundness.pandas_arrays:masked",
    "pandas_places": "safeload.soundness.pandas_arrays:places",
    "pandas_series": "safeload.soundness.pandas_frames:series",
    "pandas_sparse": "safeload.soundness.pandas_arrays:sparse",
    "piecewise": "safeload.soundness.splines:polynomial",
    "quantile_forest": "safeload.soundness.leaves:forest",
    "sparse_bsr": "safeload.soundness.sparse:blocks",
    "sparse_coo": "safeload.soundness.sparse:coordinates",
    "sparse_csc": "safeload.soundness.sparse:columns",
    "sparse_csr": "safeload.soundness.sparse:rows",
    "sparse_dia": "safeload.soundness.sparse:diagonals",
    "sparse_lil": "safeload.soundness.sparse:lists",
    "spline": "safeload.soundness.splines:spline",
    "spline_product": "safeload.soundness.splines:product",
    "statespace_filter": "safeload.soundness.statespace:kalman_filter",
    "statespace_initialization": "safeload.soundness.statespace:initialization",
    "statespace_representation": "safeload.soundness.statespace:representation",
    "statespace_smoother": "safeload.soundness.statespace:kalman_smoother",
    "svm_classifier": "safeload.soundness.vectors:classifier",
    "svm_regressor": "safeload.soundness.vectors:regressor",
    "tree": "safeload.soundness.trees:trees",
}


@cache
def check_named(name: str) -> Check:
    """The check of this name in :data:`CHECKS`."""
    module, function = CHECKS[name].split(":")
    check: Check = getattr(import_module(module), function)
    return check
