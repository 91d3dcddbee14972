"""A connection to wherever the file says."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    del canary
    return pickled_call("socket", "create_connection", ("127.0.0.1", 9))
