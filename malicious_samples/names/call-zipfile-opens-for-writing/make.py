"""A class of the standard library empties, or creates, whatever file it is told to write to."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    return pickled_call("zipfile", "ZipFile", canary, "w")
