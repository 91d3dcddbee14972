"""A scorer asks its model for its predictions by save_model."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    state = {
        "_score_func": Name("sklearn.metrics._classification", "accuracy_score"),
        "_sign": 1, "_kwargs": {}, "_response_method": ("predict", "save_model"),
    }  # fmt: skip
    return Pickle().object_(Name("sklearn.metrics._scorer", "_Scorer"), state=state).finish()
