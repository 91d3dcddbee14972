"""A stack predicts by write_bytes, and the model in it is a path."""

from __future__ import annotations

from malicious_samples.recipes import legitimate_state, make_call, make_object
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    path = make_call(Name("pathlib", "PosixPath"), canary)
    ridge = make_object(Name("sklearn.linear_model._ridge", "Ridge"), state=legitimate_state())
    state = legitimate_state(
        estimators=[], final_estimator=None, passthrough=False, cv=None, verbose=0, n_jobs=None,
        estimators_=[path], stack_method_=["write_bytes"], final_estimator_=ridge,
    )  # fmt: skip
    cls = Name("sklearn.ensemble._stacking", "StackingRegressor")
    return Pickle(framed=True).object_(cls, state=state).finish()
