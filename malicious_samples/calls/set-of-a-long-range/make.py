"""An allowed container is made from a range of a trillion: a set."""

from __future__ import annotations

from malicious_samples.recipes import make_call, pickled_call
from tests.builder import Name


def build(canary: str) -> bytes:
    del canary
    return pickled_call("builtins", "set", make_call(Name("builtins", "range"), 1 << 40))
