"""_codecs.encode with a codec other than latin1 imports and calls that codec."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    del canary
    return pickled_call("_codecs", "encode", "nasty", "rot13")
