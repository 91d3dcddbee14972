"""A 7z archive that extracts itself: a program stands in front."""

from __future__ import annotations

from malicious_samples.recipes import payload, seven_zip


def build(canary: str) -> bytes:
    return b"MZ" + bytes(510) + seven_zip("model.pkl", payload(canary))
