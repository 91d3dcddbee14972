"""Cloudpickle's builtin_type reaches the type of code objects."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    del canary
    return pickled_call("cloudpickle.cloudpickle", "_builtin_type", "CodeType")
