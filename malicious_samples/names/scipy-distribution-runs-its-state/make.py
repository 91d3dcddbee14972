"""Scipy's distributions execute a string from their state."""

from __future__ import annotations

from malicious_samples.recipes import python
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    distribution = Name("scipy.stats._continuous_distns", "norm_gen")
    state = {"_parse_arg_template": python(canary)}
    return Pickle().object_(distribution, state=state).finish()
