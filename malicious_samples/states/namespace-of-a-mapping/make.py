"""Since Python 3.13 SimpleNamespace takes its attributes from a mapping, dunders included."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    del canary
    interface = {"data": (1, False), "shape": (1,), "typestr": "<f8", "version": 3}
    return pickled_call("types", "SimpleNamespace", {"__array_interface__": interface})
