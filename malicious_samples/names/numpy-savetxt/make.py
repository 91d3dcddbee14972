"""Numpy.savetxt writes any file."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    return pickled_call("numpy", "savetxt", canary, [1.0])
