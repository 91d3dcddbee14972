"""A method of IDLE's executive runs code."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call, python


def build(canary: str) -> bytes:
    return pickled_call("idlelib.run", "Executive.runcode", None, python(canary))
