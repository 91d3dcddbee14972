"""Half of a state is an OrderedDict, whose items pickle sets as attributes all the same."""

from __future__ import annotations

from malicious_samples.recipes import legitimate_state
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    interface = {"data": (1, False), "shape": (1,), "typestr": "<f8", "version": 3}
    p = Pickle().object_(Name("sklearn.linear_model._base", "LinearRegression"))

    def coefficients(p: Pickle) -> None:
        p.object_(Name("sklearn.gaussian_process.kernels", "RBF")).none()
        p.save(Name("collections", "OrderedDict"), ()).reduce()
        p.mark().save("ndim", 1, "__array_interface__", interface).setitems()
        p.tuple2().build()

    return (
        p.save(legitimate_state(coef_=coefficients, intercept_=0.0, positive=False))
        .build()
        .finish()
    )
