"""Open for writing creates and empties a file."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    return pickled_call("builtins", "open", canary, "w")
