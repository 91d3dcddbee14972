"""getattr called by INST instead of REDUCE reaches tofile."""

from __future__ import annotations

from malicious_samples.recipes import legitimate_state
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    cls = Name("sklearn.preprocessing._function_transformer", "FunctionTransformer")
    array = Name("numpy", "ndarray")
    state = legitimate_state(
        func=lambda p: p.mark().save(array, "tofile").inst("builtins", "getattr"),
        inverse_func=None,
        validate=False,
        accept_sparse=False,
        check_inverse=False,
        feature_names_out=None,
        kw_args={"file": canary},
        inv_kw_args=None,
    )
    return Pickle(framed=True).object_(cls, state=state).finish()
