"""Shutil copies any file over any other."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    return pickled_call("shutil", "copyfile", "/dev/null", canary)
