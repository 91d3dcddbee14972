"""Slot state replaces the instance's whole __dict__."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    state = (None, {"__dict__": {"coef_": 1.0}})
    return (
        Pickle()
        .object_(Name("sklearn.linear_model._base", "LinearRegression"), state=state)
        .finish()
    )
