"""JSON nested a hundred thousand deep."""

from __future__ import annotations

from malicious_samples.recipes import skops_archive


def build(canary: str) -> bytes:
    del canary
    return skops_archive(("schema.json", b"[" * 100_000 + b"]" * 100_000))
