"""Protocol 0's FunctionNode hides its name one level deeper."""

from __future__ import annotations

from malicious_samples.recipes import node, skops


def build(canary: str) -> bytes:
    del canary
    content = {"module_path": "posix", "function": "system"}
    root = node("FunctionNode", "numpy", "log1p", content=content)
    return skops(root, protocol=0)
