"""Torch's bottleneck tool runs code."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call, python


def build(canary: str) -> bytes:
    return pickled_call("torch.utils.bottleneck.__main__", "run_autograd_prof", python(canary), {})
