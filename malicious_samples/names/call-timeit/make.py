"""Timeit.timeit runs its setup text."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call, python
from tests.builder import Name


def build(canary: str) -> bytes:
    return pickled_call("timeit", "timeit", "pass", python(canary), Name("time", "perf_counter"), 1)
