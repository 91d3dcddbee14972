"""DefaultDictNode's factory is a forbidden function."""

from __future__ import annotations

from malicious_samples.recipes import dictionary, node, skops


def build(canary: str) -> bytes:
    del canary
    content = {"main": dictionary(), "default_factory": node("TypeNode", "builtins", "eval")}
    return skops(node("DefaultDictNode", "collections", "defaultdict", content=content))
