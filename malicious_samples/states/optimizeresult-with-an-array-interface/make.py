"""Scipy's OptimizeResult answers for attributes with its items, too."""

from __future__ import annotations

from malicious_samples.recipes import legitimate_state
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    interface = {"data": (1, False), "shape": (1,), "typestr": "<f8", "version": 3}
    p = Pickle().object_(Name("sklearn.linear_model._base", "LinearRegression"))

    def coefficients(p: Pickle) -> None:
        p.object_(Name("scipy.optimize._optimize", "OptimizeResult")).mark()
        p.save("ndim", 1, "__array_interface__", interface).setitems()

    return (
        p.save(legitimate_state(coef_=coefficients, intercept_=0.0, positive=False))
        .build()
        .finish()
    )
