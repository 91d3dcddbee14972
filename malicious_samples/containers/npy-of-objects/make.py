"""An .npy file whose element is a pickled object."""

from __future__ import annotations

from malicious_samples.recipes import npy, payload


def build(canary: str) -> bytes:
    return npy(payload(canary))
