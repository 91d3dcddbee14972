"""A method of an allowed class, named with a dot, writes a file."""

from __future__ import annotations

from malicious_samples.recipes import make_call
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    path = make_call(Name("pathlib", "PosixPath"), canary)
    return Pickle().call(Name("pathlib", "Path.touch"), path).finish()
