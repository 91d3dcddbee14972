"""A helper of torch runs a shell command; torch need not be installed for the scan."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call, shell


def build(canary: str) -> bytes:
    return pickled_call("torch.utils.collect_env", "run", shell(canary))
