"""Weakref.finalize calls the function when an object is freed."""

from __future__ import annotations

from malicious_samples.recipes import shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    function = Name("posix", "system")
    return Pickle().call(Name("weakref", "finalize"), function, function, shell(canary)).finish()
