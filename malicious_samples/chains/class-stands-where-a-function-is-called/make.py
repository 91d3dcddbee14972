"""A class that is kept as a value is called: a table is made of what the model is given."""

from __future__ import annotations

from malicious_samples.recipes import legitimate_state
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    cls = Name("sklearn.preprocessing._function_transformer", "FunctionTransformer")
    state = legitimate_state(func=Name("scipy.sparse._csr", "csr_matrix"), kw_args=None)
    return Pickle().object_(cls, state=state).finish()
