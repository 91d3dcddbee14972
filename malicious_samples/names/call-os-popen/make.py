"""Os.popen starts a shell."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call, shell


def build(canary: str) -> bytes:
    return pickled_call("os", "popen", shell(canary))
