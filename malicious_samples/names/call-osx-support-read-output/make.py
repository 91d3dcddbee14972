"""A helper for macOS runs a shell command anywhere."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call, shell


def build(canary: str) -> bytes:
    return pickled_call("_osx_support", "_read_output", shell(canary))
