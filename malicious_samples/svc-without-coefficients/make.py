"""An SVC has no row of coefficients."""

from __future__ import annotations

from malicious_samples.recipes import make_array, support_vector_machine
from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    nothing = make_array(shape=(0, 4))
    machine = support_vector_machine(_dual_coef_=nothing, dual_coef_=nothing)
    return Pickle(framed=True).save(machine).finish()
