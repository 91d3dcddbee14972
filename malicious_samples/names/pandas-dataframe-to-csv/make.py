"""A method of an allowed class, named with a dot, writes a file."""

from __future__ import annotations

from malicious_samples.recipes import make_call, pickled_call
from tests.builder import Name


def build(canary: str) -> bytes:
    return pickled_call(
        "pandas", "DataFrame.to_csv", make_call(Name("pandas", "DataFrame"), {"a": [1]}), canary
    )
