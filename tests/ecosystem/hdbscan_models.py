"""Models of hdbscan: clusterers by each algorithm, with and without what they predict with."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.ecosystem.zoo import Make, Zoo

__all__ = ["ZOO"]

_RANDOM = np.random.default_rng(0)
# Three clouds.
CLOUDS = np.vstack([_RANDOM.normal(place, 0.3, (30, 3)) for place in (0, 3, 6)])


def _clusterer(data: Any = CLOUDS, **arguments: Any) -> Any:
    import hdbscan

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return hdbscan.HDBSCAN(min_cluster_size=8, **arguments).fit(data), None


def _predicting(**arguments: Any) -> Any:
    return _clusterer(prediction_data=True, **arguments)


def _pipeline() -> Any:
    import hdbscan

    return make_pipeline(StandardScaler(), hdbscan.HDBSCAN(prediction_data=True)).fit(CLOUDS), None


def _branches() -> Any:
    import hdbscan

    model, _ = _clusterer(branch_detection_data=True)
    return hdbscan.BranchDetector().fit(model), None


def _flat() -> Any:
    from hdbscan import flat

    return flat.HDBSCAN_flat(CLOUDS, n_clusters=3, prediction_data=True), None


def _robust() -> Any:
    import hdbscan

    return hdbscan.RobustSingleLinkage(cut=0.5).fit(CLOUDS), None


def _answers(model: Any) -> Any:
    """What a clusterer that keeps data for it says of new points: labels and strengths."""
    import hdbscan

    if getattr(model, "prediction_data", False):
        points = CLOUDS[::7, : model.prediction_data_.raw_data.shape[1]]
        return hdbscan.approximate_predict(model, points + 0.01)
    return getattr(model, "labels_", None)


_MODELS: dict[str, Make] = {
    "plain": _clusterer,
    "predicting": _predicting,
    "with_spanning_tree": lambda: _clusterer(gen_min_span_tree=True),
    "with_branches": lambda: _clusterer(branch_detection_data=True),
    "boruvka_by_kd_tree": lambda: _predicting(algorithm="boruvka_kdtree"),
    "boruvka_by_ball_tree": lambda: _predicting(algorithm="boruvka_balltree"),
    "prims_by_kd_tree": lambda: _predicting(algorithm="prims_kdtree"),
    "prims_by_ball_tree": lambda: _predicting(algorithm="prims_balltree", metric="manhattan"),
    "generic_of_canberra": lambda: _clusterer(algorithm="generic", metric="canberra"),
    "of_minkowski": lambda: _predicting(metric="minkowski", p=3),
    "on_a_sphere": lambda: _predicting(data=np.radians(CLOUDS[:, :2]), metric="haversine"),
    "leaves": lambda: _predicting(cluster_selection_method="leaf"),
    "pipeline": _pipeline,
    "branch_detector": _branches,
    "flat": _flat,
    "robust_single_linkage": _robust,
}

ZOO = Zoo(
    "hdbscan",
    _MODELS,
    not_dumped={("any", "skops"): "skops has no form for compiled metrics and caches"},
    answers=_answers,
    packs=("hdbscan",),
)
