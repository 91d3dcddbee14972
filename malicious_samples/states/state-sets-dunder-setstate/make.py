"""The state plants __setstate__, the next BUILD calls it."""

from __future__ import annotations

from malicious_samples.recipes import shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    state = {"__setstate__": Name("posix", "system")}
    p = Pickle().object_(Name("sklearn.gaussian_process.kernels", "RBF"), state=state)
    return p.save(shell(canary)).build().finish()
