"""Soundness: may native code be handed this state?

Code in C, C++ and Cython believes the state it is given: a tree's child that points outside of the
tree is followed all the same. The checks here judge such state before anything is constructed from
it, so that ``audit`` sees it too and no hostile array ever reaches native code.

A policy entry names its check with ``native``; :data:`CHECKS` lists them all. A check takes every
object of its kind in a stream at once, because most of its cost is the call. ``values.py`` reads
tokens as numbers and arrays; each other module holds the checks of one family.

What a check is given is paid for here, by each object that is given it; what lies deeper, the check
pays for where it walks (:mod:`safeload.scan.bounds.allowance`).

Trust: all tokens and the bytes they stand for are hostile. A check never constructs anything but
numbers and arrays of numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib import import_module

from safeload.forks import IMPORTING
from safeload.scan.bounds.allowance import asked
from safeload.scan.bounds.given import pay_for_parts
from safeload.scan.program import ObjectToken

__all__ = ["CHECKS", "Check", "check_named"]

# From the objects of one kind to those that are not sound, each with the reason.
Check = Callable[[Sequence[ObjectToken]], Iterable[tuple[ObjectToken, str]]]

# Where each check is; imported when first needed, because they import numpy.
CHECKS: dict[str, str] = {
    "arrow_array": "safeload.soundness.pandas.arrow:arrays",
    "bin_mapper": "safeload.soundness.sklearn.histograms:bin_mapper",
    "boosting_of_classes": "safeload.soundness.sklearn.boosting:classifier",
    "boosting_of_numbers": "safeload.soundness.sklearn.boosting:regressor",
    "cluster_centres": "safeload.soundness.sklearn.clusters:centres",
    "cluster_hierarchies": "safeload.soundness.libraries.hierarchies:hierarchies",
    "cluster_merges": "safeload.soundness.sklearn.clusters:hierarchy",
    "cluster_norms": "safeload.soundness.sklearn.clusters:birch",
    "cluster_tree": "safeload.soundness.sklearn.clusters:bisecting",
    "columns_of_labels": "safeload.soundness.sklearn.vocabularies:label_columns",
    "columns_of_terms": "safeload.soundness.sklearn.vocabularies:vocabulary",
    "decision_tree": "safeload.soundness.sklearn.boosting:decision_trees",
    "density": "safeload.soundness.scipy.samples:density",
    "distance_metric": "safeload.soundness.sklearn.neighbours:metric",
    "fitpack": "safeload.soundness.scipy.splines:fitpack",
    "fitpack_surface": "safeload.soundness.scipy.splines:surface",
    "grid": "safeload.soundness.scipy.samples:grid",
    "hashed_terms": "safeload.soundness.sklearn.vocabularies:hashed",
    "histogram_boosting": "safeload.soundness.sklearn.histograms:estimator",
    "histogram_tree": "safeload.soundness.sklearn.histograms:predictors",
    "kept_labels": "safeload.soundness.sklearn.searches:classifier",
    "kept_samples": "safeload.soundness.sklearn.searches:samples",
    "labels_in_order": "safeload.soundness.sklearn.vocabularies:labels",
    "leaves": "safeload.soundness.libraries.leaves:leaves",
    "lightgbm_booster": "safeload.soundness.libraries.lightgbm:booster",
    "lightgbm_estimator": "safeload.soundness.libraries.lightgbm:estimator",
    "datetime": "safeload.soundness.datetimes:check",
    "neighbour_search": "safeload.soundness.sklearn.neighbours:search",
    "one_hot": "safeload.soundness.sklearn.encoders:one_hot",
    "pandas_array": "safeload.soundness.pandas.arrays:backing",
    "pandas_frame": "safeload.soundness.pandas.frames:frame",
    "pandas_index": "safeload.soundness.pandas.frames:index",
    "pandas_intervals": "safeload.soundness.pandas.arrays:intervals",
    "pandas_masked": "safeload.soundness.pandas.arrays:masked",
    "pandas_places": "safeload.soundness.pandas.arrays:places",
    "pandas_series": "safeload.soundness.pandas.frames:series",
    "pandas_sparse": "safeload.soundness.pandas.arrays:sparse",
    "piecewise": "safeload.soundness.scipy.splines:polynomial",
    "quantile_forest": "safeload.soundness.libraries.leaves:forest",
    "sparse_bsr": "safeload.soundness.scipy.sparse:blocks",
    "sparse_coo": "safeload.soundness.scipy.sparse:coordinates",
    "sparse_csc": "safeload.soundness.scipy.sparse:columns",
    "sparse_csr": "safeload.soundness.scipy.sparse:rows",
    "sparse_dia": "safeload.soundness.scipy.sparse:diagonals",
    "sparse_dok": "safeload.soundness.scipy.sparse:cells",
    "sparse_lil": "safeload.soundness.scipy.sparse:lists",
    "spline": "safeload.soundness.scipy.splines:spline",
    "spline_product": "safeload.soundness.scipy.splines:product",
    "statespace_filter": "safeload.soundness.libraries.statespace:kalman_filter",
    "statespace_initialization": "safeload.soundness.libraries.statespace:initialization",
    "statespace_representation": "safeload.soundness.libraries.statespace:representation",
    "statespace_smoother": "safeload.soundness.libraries.statespace:kalman_smoother",
    "svm_classifier": "safeload.soundness.sklearn.vectors:classifier",
    "svm_regressor": "safeload.soundness.sklearn.vectors:regressor",
    "torch_sparse": "safeload.soundness.libraries.torch_sparse:sparse",
    "tree": "safeload.soundness.sklearn.trees:trees",
    "xgboost_booster": "safeload.soundness.libraries.xgboost:booster",
    "xgboost_estimator": "safeload.soundness.libraries.xgboost:estimator",
}


@cache
def check_named(name: str) -> Check:
    """The check of this name in :data:`CHECKS`, which pays for what it walks."""
    module, function = CHECKS[name].split(":")
    with IMPORTING:
        check: Check = getattr(import_module(module), function)

    given = f"given to {name}"

    def bounded(builts: Sequence[ObjectToken]) -> list[tuple[ObjectToken, str]]:
        for built in builts:
            pay_for_parts(built, given)
        return asked(name, lambda objects: [*check(objects)], builts)

    return bounded
