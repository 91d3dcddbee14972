"""An estimator's state sets the method that a notebook's page is made by, which escapes nothing."""

from __future__ import annotations

from malicious_samples.recipes import legitimate_state, make_call
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    page = make_call(Name("functools", "partial"), Name("builtins", "str"), f"<script>{canary}")
    cls = Name("sklearn.linear_model._base", "LinearRegression")
    return Pickle().object_(cls, state=legitimate_state(_html_repr=page)).finish()
