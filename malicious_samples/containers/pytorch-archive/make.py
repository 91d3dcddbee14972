"""A zip archive of PyTorch, with a pickle in it."""

from __future__ import annotations

from malicious_samples.recipes import payload, skops_archive


def build(canary: str) -> bytes:
    return skops_archive(("model/data.pkl", payload(canary)), ("model/version", b"3"))
