"""Scipy.io.loadmat reads any file."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    del canary
    return pickled_call("scipy.io", "loadmat", "/dev/null")
