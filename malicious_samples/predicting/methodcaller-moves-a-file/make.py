"""A selector's getter of importances is methodcaller('replace', name), and its model is a path."""

from __future__ import annotations

from malicious_samples.recipes import legitimate_state, make_call, make_object
from tests.builder import Name, Pickle

SELECTOR = Name("sklearn.feature_selection._from_model", "SelectFromModel")


def build(canary: str) -> bytes:
    path = make_call(Name("pathlib", "PosixPath"), canary)
    function = make_call(Name("operator", "methodcaller"), "replace", f"{canary}-moved")
    ridge = make_object(Name("sklearn.linear_model._ridge", "Ridge"), state=legitimate_state())
    state = legitimate_state(
        estimator=ridge, importance_getter=function, threshold=None, prefit=True, norm_order=1,
        # Anything that calls the getter will do; no rule looks into what a model keeps.
        somewhere=[path],
    )  # fmt: skip
    return Pickle().object_(SELECTOR, state=state).finish()
