"""Pandas.read_csv reads any file or address."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    del canary
    return pickled_call("pandas.io.parsers.readers", "read_csv", "/dev/null")
