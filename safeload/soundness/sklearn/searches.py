"""Models that look for the nearest of their samples, when they do so without a tree.

Distances are calculated with as many columns as the query has, which is compared with
``n_features_in_`` but not with the samples that are kept; and the votes for a class are counted at
the place that a sample's label says.

Trust: the attributes are hostile.
Source: scikit-learn ``neighbors/_base.py`` (``kneighbors``), ``neighbors/_classification.py``,
``metrics/_pairwise_distances_reduction`` (``DenseDenseDatasetsPair``, ``weighted_histogram_mode``,
``EuclideanArgKmin``).
"""

from __future__ import annotations

from collections.abc import Iterable

from safeload.scan.bounds.allowance import look_into
from safeload.scan.bounds.weight import size_of
from safeload.scan.program import Global, Mapping, ObjectToken, Token
from safeload.scan.texts import text_of
from safeload.soundness.scipy.sparse import is_rows
from safeload.soundness.sklearn.neighbours import fits, is_metric, sample_count
from safeload.soundness.states import MISSING, Attributes, UnsoundError, attributes, each
from safeload.soundness.values import array, integer, is_array, objects, shape_of

__all__ = ["classifier", "samples"]

# Passed on as if they were parameters of a metric; one number for each sample is taken unseen.
_NORMS = frozenset(["X_norm_squared", "Y_norm_squared"])
_PARAMETERS = ("effective_metric_params_", "metric_params")
# Dimensions of the parameters of a distance that has some for each column: V is of variances, or
# of covariances.
_WIDTHS = {"V": (1, 2), "VI": (2,), "w": (1,)}


@each
def samples(built: ObjectToken) -> None:
    """Any model of neighbours: samples with the columns of the data."""
    _samples(built, attributes(built))


@each
def classifier(built: ObjectToken) -> None:
    """A classifier: moreover a label for each sample, and a class for each label."""
    state = attributes(built)
    count = _samples(built, state)
    if count is None or "_y" not in state:
        return
    labels = array(state["_y"], "_y")
    if labels.ndim != 1:
        # Several outputs are counted by numpy.
        return
    if len(labels) != count or not count:
        raise UnsoundError("_y does not have one label for each sample")
    classes = _length(state.get("classes_", MISSING))
    if labels.dtype.kind not in "iu" or not (
        int(labels.min()) >= 0 and int(labels.max()) < classes
    ):
        raise UnsoundError("_y has a label without a class")


def _samples(built: ObjectToken, state: Attributes) -> int | None:
    """How many samples are kept; None before the model is fitted."""
    for name in _PARAMETERS:
        given = state.get(name)
        if given is not None and not (type(given) is Mapping and _NORMS.isdisjoint(_texts(given))):
            raise UnsoundError(f"{name} has more than a metric's parameters")
    if "_fit_X" not in state:
        return None
    rows, columns = _shape(state["_fit_X"])
    if "n_features_in_" not in state and _compares_samples(built):
        pass
    elif columns != integer(state.get("n_features_in_", MISSING), "n_features_in_"):
        raise UnsoundError("_fit_X has other columns than the data")
    for name in _PARAMETERS:
        _fit(state.get(name), columns, name)
    for name in ("metric", "effective_metric_"):
        token = state.get(name)
        if isinstance(token, ObjectToken) and is_metric(token):
            fits(token, columns)
    # A graph of neighbours is a matrix with a column for each sample.
    if "n_samples_fit_" in state and integer(state["n_samples_fit_"], "n_samples_fit_") != rows:
        raise UnsoundError("n_samples_fit_ is not the number of samples in _fit_X")
    tree = state.get("_tree")
    if isinstance(tree, ObjectToken) and sample_count(tree) != rows:
        raise UnsoundError("_tree is of other samples than _fit_X")
    return rows


def _compares_samples(built: ObjectToken) -> bool:
    """Whether a model is of a release before 0.22, which compares the data with its samples."""
    target = built.callable
    return (
        type(target) is Global
        and target.module.startswith("sklearn.neighbors.")
        and (not target.module.startswith("sklearn.neighbors._"))
    )


def _fit(parameters: Token, columns: int, what: str) -> None:
    """Check what a distance is calculated with beside the data, which scipy takes to be as wide."""
    for key, value in _pairs(parameters):
        name = text_of(key)
        if name in _WIDTHS and value is not None:
            # A list is made an array of, as numpy does.
            shape = _shape_of_list(value) if type(value) is list else shape_of(value, what)
            if shape not in [(columns,) * dimensions for dimensions in _WIDTHS[name]]:
                raise UnsoundError(f"{what} has a {name} of a different size from the data")


def _shape_of_list(rows: list[Token]) -> tuple[int, ...]:
    """The shape of a list of numbers, or of lists of numbers of one length; else none."""
    look_into(rows, len(rows))
    lengths = {len(row) if type(row) is list else -1 for row in rows}
    if lengths == {-1}:
        return (len(rows),)
    return (len(rows), *lengths) if len(lengths) == 1 else ()


def _pairs(parameters: Token) -> Iterable[tuple[Token, Token]]:
    if type(parameters) is not Mapping:
        return ()
    look_into(parameters, size_of(parameters))
    return zip(parameters.keys, parameters.values, strict=True)


def _texts(mapping: Mapping) -> set[str | None]:
    look_into(mapping, size_of(mapping))
    return set(map(text_of, mapping.keys))


def _shape(token: Token) -> tuple[int, int]:
    if isinstance(token, ObjectToken) and is_rows(token):
        shape = attributes(token).get("_shape")
    else:
        shape = array(token, "_fit_X").shape
    if type(shape) is not tuple or len(shape) != 2:
        raise UnsoundError("_fit_X is not a table")
    return integer(shape[0], "_fit_X"), integer(shape[1], "_fit_X")


def _length(token: Token) -> int:
    """How many classes there are."""
    if is_array(token):
        try:
            return len(array(token, "classes_"))
        except UnsoundError:
            return len(objects(token, "classes_"))
    if type(token) is list:
        return len(token)
    raise UnsoundError("classes_ is not a list of classes")
