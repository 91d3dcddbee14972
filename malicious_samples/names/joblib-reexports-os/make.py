"""Joblib imports os; a dotted name reaches os.system through it."""

from __future__ import annotations

from malicious_samples.recipes import shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    return Pickle().call(Name("joblib", "os.system"), shell(canary)).finish()
