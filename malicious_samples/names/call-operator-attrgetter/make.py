"""Operator.attrgetter reaches any attribute."""

from __future__ import annotations

from malicious_samples.recipes import make_call, shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    getter = make_call(Name("operator", "attrgetter"), "system")
    return Pickle().call(make_call(getter, Name("numpy.f2py", "os")), shell(canary)).finish()
