"""An alignment that joblib does not write: any padding length is right for somebody."""

from __future__ import annotations

from malicious_samples.recipes import system
from tests.builder import Pickle


def build(canary: str) -> bytes:
    p = Pickle().array(bytes(8), alignment=1)
    return p.save(system(canary)).tuple2().finish()
