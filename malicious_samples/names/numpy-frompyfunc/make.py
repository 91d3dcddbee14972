"""Numpy.frompyfunc makes a ufunc of any function; calling that calls it."""

from __future__ import annotations

from malicious_samples.recipes import make_call, shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    function = make_call(Name("numpy", "frompyfunc"), Name("posix", "system"), 1, 1)
    return Pickle().call(function, shell(canary)).finish()
