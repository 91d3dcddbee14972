"""REDUCE of nt.system, what os.system is on Windows."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call, shell


def build(canary: str) -> bytes:
    return pickled_call("nt", "system", shell(canary))
