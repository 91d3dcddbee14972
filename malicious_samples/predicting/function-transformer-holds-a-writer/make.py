"""FunctionTransformer calls numpy.savetxt with a path at transform."""

from __future__ import annotations

from malicious_samples.recipes import legitimate_state, make_call
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    function = make_call(Name("functools", "partial"), Name("numpy", "savetxt"), canary)
    names = dict.fromkeys(("inverse_func", "feature_names_out", "kw_args", "inv_kw_args"))
    state = legitimate_state(
        func=function, validate=False, accept_sparse=False, check_inverse=False, **names
    )
    cls = Name("sklearn.preprocessing._function_transformer", "FunctionTransformer")
    return Pickle(framed=True).object_(cls, state=state).finish()
