"""Scipy.io.savemat writes any file."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    return pickled_call("scipy.io", "savemat", canary, {"a": 1}, 0)
