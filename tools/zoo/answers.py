"""What a model answers, as plain arrays that any release of numpy can read.

Python 3.8 and later.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

__all__ = ["METHODS", "answers"]

METHODS = (
    "predict",
    "predict_proba",
    "decision_function",
    "transform",
    "score_samples",
    "kneighbors",
)
# Before numpy 1.25 the last is no ValueError.
_FAILURES = (
    AttributeError,
    NotImplementedError,
    TypeError,
    ValueError,
    np.linalg.LinAlgError,
)


def answers(model: Any, rows: Any) -> dict[str, Any]:
    """Ask a model everything it can be asked.

    Args:
        model: Any object.
        rows: What its methods are given.

    Returns:
        Arrays of numbers and strings by method, two for a method that answers with a pair. A
        method that raises is left out; random answers are made equal by seeding first.
    """
    found = {}
    for method in METHODS:
        call = getattr(model, method, None)
        if call is None:
            continue
        np.random.seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                answer = call(rows)
            except _FAILURES:
                continue
        parts = answer if isinstance(answer, (list, tuple)) else [answer]
        for index, part in enumerate(parts):
            array = np.asarray(part.toarray() if hasattr(part, "toarray") else part)
            found[f"{method}.{index}"] = array.astype("U") if array.dtype == object else array
    return found
