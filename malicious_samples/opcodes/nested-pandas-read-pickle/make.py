"""Pandas.read_pickle of a file in memory."""

from __future__ import annotations

from malicious_samples.recipes import load_of_call, pickled_call


def build(canary: str) -> bytes:
    return pickled_call("pandas", "read_pickle", load_of_call(canary))
