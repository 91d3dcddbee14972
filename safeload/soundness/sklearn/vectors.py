"""Support vector machines: what ``libsvm`` is handed at each prediction.

libsvm takes the number of classes from ``_n_support`` and the number of support vectors from
``support_``, and reads coefficients, intercepts and vectors by those numbers alone. scikit-learn
compares one sum before it calls (CVE-2020-28975), which a negative count gets around.

Trust: the attributes are hostile.
Source: scikit-learn ``svm/_base.py``, ``svm/_libsvm.pyx``, ``svm/src/libsvm``: ``set_model``,
``csr_set_model``, ``predict_values``, ``predict_probability``, ``k_function``.
"""

from __future__ import annotations

from safeload.scan.program import ObjectToken, Token
from safeload.soundness.scipy.sparse import is_rows
from safeload.soundness.sklearn.kernels import KEPT, of_pairs
from safeload.soundness.states import MISSING, Attributes, UnsoundError, attributes, each
from safeload.soundness.values import NDArray, array, integer

__all__ = ["classifier", "regressor"]

# The counts of support vectors and Platt's parameters, by the names they have had since
# scikit-learn 0.22, and before.
_PLATT = {"_n_support": ("_probA", "_probB"), "n_support_": ("probA_", "probB_")}


@each
def classifier(built: ObjectToken) -> None:
    """SVC and NuSVC: as many vectors as all classes have together."""
    state = attributes(built)
    counts = _counts(state)
    if counts is not None:
        _check(state, counts, int(counts.sum()))


@each
def regressor(built: ObjectToken) -> None:
    """SVR, NuSVR and OneClassSVM: two classes, of which the counts are not used."""
    state = attributes(built)
    counts = _counts(state)
    if counts is None:
        return
    if len(counts) != 2:
        raise UnsoundError("_n_support does not have the two counts of a regression")
    _check(state, counts, None)


def _counts(state: Attributes) -> NDArray | None:
    """The counts of support vectors; None before the model is fitted."""
    name = _name_of_counts(state)
    if name not in state:
        return None
    counts = array(state[name], name)
    if counts.ndim != 1 or counts.dtype.kind not in "iu" or len(counts) < 2:
        raise UnsoundError(f"{name} does not have one count for each class")
    if (counts < 0).any():
        raise UnsoundError(f"{name} has a count below zero")
    return counts.astype("i8")


def _name_of_counts(state: Attributes) -> str:
    return next((name for name in _PLATT if name in state), "_n_support")


def _check(state: Attributes, counts: NDArray, total: int | None) -> None:
    vectors = len(array(state.get("support_", MISSING), "support_"))
    if total is not None and total != vectors:
        raise UnsoundError("_n_support counts other than the support vectors in support_")
    classes = len(counts)
    pairs = classes * (classes - 1) // 2
    if array(state.get("_intercept_", MISSING), "_intercept_").size < pairs:
        raise UnsoundError("_intercept_ has less than one number for each pair of classes")
    asked = state.get("_effective_probability", False)
    if type(asked) is not bool:
        raise UnsoundError("_effective_probability is neither true nor false")
    for name in _PLATT[_name_of_counts(state)]:
        size = array(state[name], name).size if name in state else 0
        # libsvm copies them where it is told that there are some.
        if size != pairs and (size or asked):
            raise UnsoundError(f"{name} does not have one number for each pair of classes")
    is_sparse = state.get("_sparse", False)
    if type(is_sparse) is not bool:
        raise UnsoundError("_sparse is neither true nor false")
    if is_sparse:
        _sparse(state, vectors, classes)
    else:
        _dense(state, vectors, classes)


def _dense(state: Attributes, vectors: int, classes: int) -> None:
    coefficients = array(state.get("_dual_coef_", MISSING), "_dual_coef_")
    if coefficients.shape != (classes - 1, vectors):
        raise UnsoundError("_dual_coef_ does not have one number for each class and support vector")
    if _is_precomputed(state.get("kernel")):
        support = array(state["support_"], "support_")
        fitted = state.get("shape_fit_", ())
        samples = integer(fitted[0] if type(fitted) is tuple and fitted else None, "shape_fit_")
        if support.size and not (int(support.min()) >= 0 and int(support.max()) < samples):
            raise UnsoundError("support_ names a sample that was not there")
        if type(state.get("kernel")) is not str:
            of_pairs(state.get("kernel"), state.get(KEPT, MISSING), samples)
        return
    rows = array(state.get("support_vectors_", MISSING), "support_vectors_")
    if rows.ndim != 2 or len(rows) != vectors:
        raise UnsoundError("support_vectors_ does not have one row for each support vector")


def _sparse(state: Attributes, vectors: int, classes: int) -> None:
    if _is_precomputed(state.get("kernel")):
        raise UnsoundError("kernel is precomputed, which no sparse model is")
    rows = array(_part(state, "support_vectors_", "indptr"), "support_vectors_")
    if len(rows) != vectors + 1:
        raise UnsoundError("support_vectors_ does not have one row for each support vector")
    coefficients = array(_part(state, "_dual_coef_", "data"), "_dual_coef_")
    if coefficients.size < (classes - 1) * vectors:
        raise UnsoundError("_dual_coef_ does not have one number for each class and support vector")


def _is_precomputed(kernel: Token) -> bool:
    """Whether libsvm is told that X holds kernel values: so it is for a callable, too."""
    return type(kernel) is not str or kernel == "precomputed"


def _part(state: Attributes, name: str, part: str) -> Token:
    """An array of an attribute that is a matrix in compressed rows, itself checked elsewhere."""
    matrix = state.get(name)
    if not isinstance(matrix, ObjectToken) or not is_rows(matrix):
        raise UnsoundError(f"{name} is not a matrix in compressed rows")
    return attributes(matrix).get(part, MISSING)
