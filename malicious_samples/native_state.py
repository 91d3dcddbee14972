"""What recipes of unsound native state share: genuine fitted models, and ways to forge their state.

A recipe offers ``model()``, the forged object, and ``build``, the file that holds it. Nothing of
such an object is used by a recipe: native code would follow it.
"""

from __future__ import annotations

import io
from typing import Any

import joblib
import numpy as np

__all__ = [
    "Stand",
    "dumped",
    "filtering",
    "fitted",
    "grown",
    "histograms",
    "regrown",
    "searching",
    "table",
]


class Stand:
    """Stands for another object: pickled as the call, arguments and state it is given.

    For what cannot be made without coming to harm already.
    """

    def __init__(self, function: Any, args: tuple[Any, ...], state: Any = None) -> None:
        self._reduced = (function, args, state)

    def __reduce__(self) -> Any:
        return self._reduced


def dumped(model: Any) -> bytes:
    """A joblib file."""
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    return buffer.getvalue()


def table(columns: int = 4, rows: int = 60, classes: int = 2) -> tuple[Any, Any]:
    """Data that no tree splits at once, and a class for each row."""
    data = np.random.default_rng(7).normal(size=(rows, columns))
    bounds = np.linspace(-0.5, 0.5, classes + 1)[1:-1]
    return data, np.digitize(data[:, 0] * data[:, 1], bounds)


def fitted(model: Any, **size: int) -> Any:
    """A model, fitted to a table of this size."""
    return model.fit(*table(**size))


def grown(**size: int) -> Any:
    """A decision tree, fitted to a table of this size."""
    from sklearn.tree import DecisionTreeClassifier

    return fitted(DecisionTreeClassifier(random_state=0), **size)


def regrown(model: Any, **changes: Any) -> Any:
    """The tree of a fitted decision tree, with other nodes.

    Args:
        model: A decision tree.
        **changes: For a field of the nodes, pairs of a node and its new value, by node; other
            names are parts of the tree's state.

    Returns:
        The tree, to be put into the model's ``tree_``.
    """
    tree, args, state = model.tree_.__reduce__()
    nodes = np.zeros_like(state["nodes"])
    for name in nodes.dtype.names:
        nodes[name] = state["nodes"][name]
        for node, value in changes.pop(name, {}).items():
            nodes[name][node] = value
    forged = tree(*args)
    forged.__setstate__({**state, "nodes": nodes, **changes})
    return forged


def histograms(**changes: Any) -> Any:
    """A gradient boosting over histograms, of one tree, whose root is changed.

    Args:
        **changes: New values for fields of the root.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = fitted(HistGradientBoostingClassifier(max_iter=1), rows=400)
    nodes = getattr(model, "_predictors")[0][0].nodes  # noqa: B009  # private to scikit-learn
    for name, value in changes.items():
        nodes[name][0] = value
    return model


def searching(model: Any, **changes: Any) -> Any:
    """The search tree of a fitted neighbours model, with another state.

    Args:
        model: A model whose ``_tree`` is a KDTree or BallTree.
        **changes: New parts of its state by name; for a field of the nodes, its new value in all.

    Returns:
        The tree, to be put into the model's ``_tree``.
    """
    make, args, state = getattr(model, "_tree").__reduce__()  # noqa: B009  # private to scikit-learn
    parts = dict(zip(_SEARCH, state, strict=True))
    nodes = parts["node_data"].copy()
    for name in nodes.dtype.names:
        if name in changes:
            nodes[name] = changes.pop(name)
    forged = make(*args)
    forged.__setstate__(tuple({**parts, "node_data": nodes, **changes}.values()))
    return forged


def filtering(part: str, **changes: Any) -> Any:
    """Results of a state space model, whose compiled part has another state.

    Args:
        part: What is changed: ``_statespaces``, ``_kalman_filters`` or ``_kalman_smoothers``.
        **changes: New shapes of its arrays, by name.
    """
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    # A cycle of so many values has as many states.
    data = np.random.default_rng(7).normal(size=6)
    model = SARIMAX(
        data, order=(0, 0, 0), seasonal_order=(1, 0, 0, 120), enforce_stationarity=False
    )
    results = model.smooth([0.5, 1.0])
    parts = getattr(model.ssm, part)
    for name, compiled in parts.items():
        make, args, state = compiled.__reduce__()
        smaller = {
            key: np.zeros(shape, state[key].dtype, order="F") for key, shape in changes.items()
        }
        parts[name] = Stand(make, args, {**state, **smaller})
    return results


_SEARCH = (
    "data idx_array node_data node_bounds leaf_size n_levels n_nodes n_trims n_leaves n_splits "
    "n_calls dist_metric sample_weight"
).split()
