"""The state plants __setstate__, the next BUILD calls it."""

from __future__ import annotations

from malicious_samples.recipes import shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    p = Pickle().object_(
        Name("joblib.logger", "Logger"), state={"__setstate__": Name("posix", "system")}
    )
    return p.save(shell(canary)).build().finish()
