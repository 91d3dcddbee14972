"""An estimator's state holds an attribute named predict."""

from __future__ import annotations

from malicious_samples.recipes import legitimate_state, make_call
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    function = make_call(Name("functools", "partial"), Name("numpy", "savetxt"), canary)
    state = legitimate_state(predict=function, steps=[])
    return (
        Pickle(framed=True)
        .object_(Name("sklearn.linear_model._base", "LinearRegression"), state=state)
        .finish()
    )
