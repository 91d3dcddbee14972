"""_io.FileIO for writing creates a file."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    return pickled_call("_io", "FileIO", canary, "w")
