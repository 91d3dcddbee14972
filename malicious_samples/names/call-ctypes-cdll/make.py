"""Ctypes loads the C library and calls its system()."""

from __future__ import annotations

from malicious_samples.recipes import make_call, shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    library = make_call(Name("ctypes", "CDLL"), None)
    function = make_call(Name("builtins", "getattr"), library, "system")
    return Pickle().call(function, shell(canary).encode()).finish()
