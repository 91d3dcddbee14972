"""Copyreg._reconstructor makes an instance of a class that is not allowed."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    reconstructor = Name("copyreg", "_reconstructor")
    cls = Name("subprocess", "Popen")
    return Pickle().call(reconstructor, cls, Name("builtins", "object"), None).finish()
