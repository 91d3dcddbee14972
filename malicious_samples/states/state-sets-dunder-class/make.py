"""Slot state turns an estimator into another class."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    state = (None, {"__class__": Name("sklearn.pipeline", "Pipeline")})
    return (
        Pickle()
        .object_(Name("sklearn.linear_model._base", "LinearRegression"), state=state)
        .finish()
    )
