"""An allowed container is made from a range of a trillion."""

from __future__ import annotations

from malicious_samples.recipes import make_call
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    return (
        Pickle()
        .call(Name("collections", "deque"), make_call(Name("builtins", "range"), 1 << 40))
        .finish()
    )
