"""Keyword arguments beside a function give it another one to call."""

from __future__ import annotations

from malicious_samples.recipes import legitimate_state
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    cls = Name("sklearn.preprocessing._function_transformer", "FunctionTransformer")
    state = legitimate_state(func=Name("numpy", "log1p"), kw_args={"out": Name("numpy", "expm1")})
    return Pickle().object_(cls, state=state).finish()
