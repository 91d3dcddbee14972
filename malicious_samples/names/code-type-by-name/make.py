"""Types.CodeType is called."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    del canary
    return pickled_call("types", "CodeType", 0, 0, 0, 0, 0, 0, b"", ())
