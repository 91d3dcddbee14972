"""OrderedDict of an instance calls its attribute keys, which the state sets."""

from __future__ import annotations

from malicious_samples.recipes import make_call, make_object
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    full = make_call(Name("functools", "partial"), Name("numpy", "full"), (1 << 20, 1 << 20), 0)
    instance = make_object(Name("types", "SimpleNamespace"), state={"keys": full})
    del canary
    return Pickle().call(Name("collections", "OrderedDict"), instance).finish()
