"""A 7z archive, and in it a pickle that calls."""

from __future__ import annotations

from malicious_samples.recipes import payload, seven_zip


def build(canary: str) -> bytes:
    return seven_zip("model.pkl", payload(canary))
