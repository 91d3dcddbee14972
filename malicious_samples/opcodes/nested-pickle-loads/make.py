"""Pickle.loads of bytes in the pickle."""

from __future__ import annotations

from malicious_samples.recipes import payload, pickled_call


def build(canary: str) -> bytes:
    return pickled_call("_pickle", "loads", payload(canary))
