"""A module of pandas is named as if it were a class, and reached through."""

from __future__ import annotations

from malicious_samples.recipes import shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    return Pickle().call(Name("pandas.io.common", "os.system"), shell(canary)).finish()
