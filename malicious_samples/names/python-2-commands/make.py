"""Commands is subprocess below protocol 3."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call, shell


def build(canary: str) -> bytes:
    return pickled_call("commands", "getoutput", shell(canary), proto=0)
