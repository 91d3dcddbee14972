"""Cloudpickle's own name for pickle.loads."""

from __future__ import annotations

from malicious_samples.recipes import payload, pickled_call


def build(canary: str) -> bytes:
    return pickled_call("cloudpickle", "loads", payload(canary))
