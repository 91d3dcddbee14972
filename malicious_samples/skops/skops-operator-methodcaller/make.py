"""OperatorFuncNode makes a methodcaller; the audited class name is not the called one."""

from __future__ import annotations

from malicious_samples.recipes import json_node, node, sequence, skops


def build(canary: str) -> bytes:
    attrs = sequence("tuple", json_node("touch"))
    caller = node("OperatorFuncNode", "operator", "methodcaller", attrs=attrs)
    path = node(
        "ConstructorFromReduceNode",
        "pathlib",
        "PosixPath",
        content=sequence("tuple", json_node(canary)),
    )
    items = sequence("list", caller, path)
    return skops(items)
