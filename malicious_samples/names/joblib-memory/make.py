"""Joblib.Memory creates a directory."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    return pickled_call("joblib.memory", "Memory", canary)
