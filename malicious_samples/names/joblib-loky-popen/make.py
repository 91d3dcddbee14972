"""Loky's Popen starts a process."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    return pickled_call("joblib.externals.loky.backend.popen_loky_posix", "Popen", canary)
