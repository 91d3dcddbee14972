"""Two nodes share an __id__: the second is never looked at."""

from __future__ import annotations

from malicious_samples.recipes import node, sequence, skops


def build(canary: str) -> bytes:
    del canary
    first = node("JsonNode", "builtins", "str", content="1", is_json=True, __id__=7)
    second = node("FunctionNode", "posix", "system", __id__=7)
    return skops(sequence("list", first, second))
