"""Functions as kernels of support vector machines: do they compute a number for each pair?

scikit-learn calls the function with the samples to predict and those it was fitted with, and hands
the result to libsvm, which reads a column for each sample that was there at fitting. Only
``predict`` compares the number of columns first. So the function is one that gives a row for each
of its first rows and a column for each of its second, and the samples that are kept are as many as
libsvm is told. A function of a library that neither Python nor a pack knows is a team's own, whose
policy vouches for it.

Trust: the tokens are hostile.
Source: scikit-learn ``svm/_base.py`` (``_compute_kernel``, ``_dense_decision_function``),
``metrics/pairwise.py``, ``gaussian_process/kernels.py``; libsvm ``Kernel::k_function``.
"""

from __future__ import annotations

import sys

from safeload.scan.program import Global, Mapping, ObjectToken, Token
from safeload.soundness.pandas.lengths import length
from safeload.soundness.scipy.sparse import is_sparse
from safeload.soundness.states import MISSING, UnsoundError, attributes
from safeload.soundness.values import array, integer, is_array

__all__ = ["KEPT", "of_pairs"]

# The attribute of the samples that a function is called with.
KEPT = "_BaseLibSVM__Xfit"

_PAIRWISE = "sklearn.metrics.pairwise"
_PROCESSES = "sklearn.gaussian_process.kernels"
_FUNCTIONS = frozenset(
    [
        ("numpy", "inner"),
        ("scipy.spatial.distance", "cdist"),
        *(
            (_PAIRWISE, name)
            for name in (
                "additive_chi2_kernel chi2_kernel cosine_distances cosine_similarity "
                "euclidean_distances haversine_distances laplacian_kernel linear_kernel "
                "manhattan_distances nan_euclidean_distances pairwise_distances pairwise_kernels "
                "polynomial_kernel rbf_kernel sigmoid_kernel"
            ).split()
        ),
    ]
)
# Kernels of Gaussian processes, with the attributes in which others stand.
_PARTS = {
    "ConstantKernel": (),
    "DotProduct": (),
    "ExpSineSquared": (),
    "Exponentiation": ("kernel",),
    "Matern": (),
    "PairwiseKernel": ("metric",),
    "Product": ("k1", "k2"),
    "RBF": (),
    "RationalQuadratic": (),
    "Sum": ("k1", "k2"),
    "WhiteKernel": (),
}
_LIBRARIES = sys.stdlib_module_names | set(
    "catboost category_encoders cloudpickle dill hdbscan imblearn joblib lightgbm mlxtend numpy "
    "pandas pyarrow pytz quantile_forest scipy sklearn sktime statsmodels umap xgboost".split()
)
_FRAMES = (("pandas", "DataFrame"), ("pandas.core.frame", "DataFrame"))


def of_pairs(kernel: Token, kept: Token, samples: int) -> None:
    """Check a function as a kernel.

    Args:
        kernel: What stands for the function.
        kept: The samples it is called with.
        samples: How many there were at fitting.

    Raises:
        UnsoundError: What it computes may be of another shape.
    """
    waiting, seen = [kernel], set()
    is_own = False
    while waiting:
        token = waiting.pop()
        if id(token) in seen:
            continue
        seen.add(id(token))
        target = token.callable if isinstance(token, ObjectToken) else token
        if not isinstance(target, Global):
            raise UnsoundError("kernel is not a function of two tables")
        if target.module.partition(".")[0] not in _LIBRARIES:
            is_own = True
        elif isinstance(token, ObjectToken):
            waiting += _inner(token)
        elif (target.module, target.name) not in _FUNCTIONS:
            raise UnsoundError("kernel is a function that may give any shape")
    if not is_own and _rows(kept) != samples:
        raise UnsoundError(f"{KEPT} does not have the samples that were there at fitting")


def _inner(built: ObjectToken) -> list[Token]:
    """The kernels that a kernel of a library is made of."""
    if built.is_of("functools", "partial"):
        state = built.states[0] if len(built.states) == 1 else None
        if type(state) is tuple and len(state) == 4 and state[1] == ():
            return [state[0], *_metrics(state[2])]
    target = built.callable
    if isinstance(target, Global) and target.module == _PROCESSES and target.name in _PARTS:
        state = attributes(built)
        parts = [state.get(name, MISSING) for name in _PARTS[target.name]]
        # A metric may be a name, or a function of two rows.
        return [
            part
            for part in parts
            if isinstance(part, ObjectToken) or target.name != "PairwiseKernel"
        ]
    raise UnsoundError("kernel is a function that may give any shape")


def _metrics(keywords: Token) -> list[Token]:
    if keywords is None:
        return []
    if not isinstance(keywords, Mapping):
        raise UnsoundError("kernel is a function with arguments that are not a dict")
    return [
        value
        for key, value in zip(keywords.keys, keywords.values, strict=True)
        if key == "metric" and isinstance(value, ObjectToken)
    ]


def _rows(token: Token) -> int:
    """How many samples are kept."""
    if is_array(token):
        found = array(token, KEPT)
        return len(found) if found.ndim == 2 else -1
    if type(token) is list:
        return len(token)
    if isinstance(token, ObjectToken):
        if is_sparse(token):
            shape = attributes(token).get("_shape", ())
            return integer(shape[0], KEPT) if type(shape) is tuple and len(shape) == 2 else -1
        if any(token.is_of(*name) for name in _FRAMES):
            manager = attributes(token).get("_mgr")
            args = manager.args if isinstance(manager, ObjectToken) else None
            if type(args) is tuple and len(args) == 2 and len(args[1]) == 2:
                return length(args[1][1], KEPT)
    raise UnsoundError(f"{KEPT} is not a table")
