"""A class name with dots in it."""

from __future__ import annotations

from malicious_samples.recipes import node, skops


def build(canary: str) -> bytes:
    del canary
    return skops(node("FunctionNode", "numpy", "f2py.os.system"))
