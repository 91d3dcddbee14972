"""A Bunch has an item under a text of numpy's, which is equal to numpy's name for an interface."""

from __future__ import annotations

from malicious_samples.recipes import legitimate_state
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    interface = {"data": (1, False), "shape": (1,), "typestr": "<f8", "version": 3}
    p = Pickle().object_(Name("sklearn.linear_model._base", "LinearRegression"))

    def coefficients(p: Pickle) -> None:
        p.object_(Name("sklearn.utils._bunch", "Bunch")).mark().save("ndim", 1)
        p.save(Name("numpy", "str_"), ("__array_interface__",)).reduce()
        p.save(interface).setitems()

    return (
        p.save(legitimate_state(coef_=coefficients, intercept_=0.0, positive=False))
        .build()
        .finish()
    )
