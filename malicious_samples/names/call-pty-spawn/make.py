"""Pty.spawn runs a program on a terminal of its own."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    return pickled_call("pty", "spawn", ["touch", canary])
