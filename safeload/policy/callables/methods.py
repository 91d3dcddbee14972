"""Which methods of an estimator give arrays for data, so that a model may keep them bound?

Trust: the names are ours; modules and names of classes are those of a file, and only looked up.
"""

from __future__ import annotations

from safeload.policy.callables.holders import is_estimator

__all__ = ["gives_arrays"]

_METHODS = frozenset(
    "decision_function inverse_transform predict predict_log_proba predict_proba score_samples "
    "transform".split()
)


def gives_arrays(module: str, name: str, method: str) -> bool:
    """Whether a method of a class takes data and gives arrays.

    Args:
        module: Path of the module of the class, as a file names it.
        name: Qualified name of the class.
        method: Name of the method.
    """
    return method in _METHODS and is_estimator(module, name)
