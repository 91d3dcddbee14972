"""A Bunch is made from an OrderedDict in the place of a dict, which hides its items."""

from __future__ import annotations

from malicious_samples.recipes import legitimate_state
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    interface = {"data": (1, False), "shape": (1,), "typestr": "<f8", "version": 3}
    p = Pickle().object_(Name("sklearn.linear_model._base", "LinearRegression"))

    def coefficients(p: Pickle) -> None:
        p.save(Name("copyreg", "_reconstructor")).mark()
        p.save(Name("sklearn.utils._bunch", "Bunch"), Name("builtins", "dict"))
        p.save(Name("collections", "OrderedDict"), ()).reduce()
        p.mark().save("ndim", 1, "__array_interface__", interface).setitems()
        p.tuple_().reduce()

    return (
        p.save(legitimate_state(coef_=coefficients, intercept_=0.0, positive=False))
        .build()
        .finish()
    )
