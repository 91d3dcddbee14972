"""An SVC counts more support vectors of a class than it has; the sum wraps around to the
right one."""

from __future__ import annotations

from malicious_samples.recipes import make_array, support_vector_machine
from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    counts = make_array((1 << 31) - 1, -((1 << 31) - 5), dtype="<i4")
    return Pickle(framed=True).save(support_vector_machine(_n_support=counts)).finish()
