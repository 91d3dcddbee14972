"""CPickle, what Python 2 calls _pickle."""

from __future__ import annotations

from malicious_samples.recipes import payload, pickled_call


def build(canary: str) -> bytes:
    return pickled_call("cPickle", "loads", payload(canary), proto=2)
