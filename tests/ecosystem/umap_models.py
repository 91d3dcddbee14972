"""Models of umap-learn: unfitted ones are accepted; fitted ones hold code, and are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.ecosystem.zoo import Make, Zoo

__all__ = ["ZOO"]

_RANDOM = np.random.default_rng(0)
_CLOUDS = np.vstack([_RANDOM.normal(place, 0.3, (20, 3)) for place in (0, 3)])


def _umap(**arguments: Any) -> Any:
    import umap

    return umap.UMAP(n_neighbors=5, n_epochs=5, **arguments)


def _neighbours(**arguments: Any) -> Any:
    import pynndescent

    return pynndescent.PyNNDescentTransformer(n_neighbors=5, **arguments)


_MODELS: dict[str, Make] = {
    "unfitted": lambda: (_umap(random_state=0), None),
    "unfitted_of_a_metric": lambda: (
        _umap(metric="minkowski", metric_kwds={"p": 3}, random_state=np.random.RandomState(0)),
        None,
    ),
    "unfitted_in_a_pipeline": lambda: (
        make_pipeline(StandardScaler(), _umap(), LogisticRegression()),
        None,
    ),
    "unfitted_neighbours": lambda: (_neighbours(metric="cosine"), None),
    "fitted": lambda: (_umap(random_state=0).fit(_CLOUDS), None),
    "fitted_neighbours": lambda: (_neighbours(random_state=0).fit(_CLOUDS), None),
}
_WHY = "holds functions compiled by numba, which are pickled by value"

ZOO = Zoo(
    "umap",
    _MODELS,
    refused={("fitted", "any"): _WHY, ("fitted_neighbours", "any"): _WHY},
    not_dumped={
        ("fitted", "skops"): "skops does not write compiled functions",
        ("fitted_neighbours", "skops"): "skops does not write compiled functions",
    },
    packs=("umap-learn",),
)
