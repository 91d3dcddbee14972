"""Typing evaluates a forward reference."""

from __future__ import annotations

from malicious_samples.recipes import make_call
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    reference = make_call(Name("typing", "ForwardRef"), f"f({canary!r}, 'w') and int")
    names = {"f": Name("builtins", "open"), "int": Name("builtins", "int")}
    return Pickle().call(Name("typing", "_eval_type"), reference, names, None).finish()
