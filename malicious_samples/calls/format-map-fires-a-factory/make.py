"""Str.format_map looks a key up and so calls a factory."""

from __future__ import annotations

from malicious_samples.recipes import make_call, shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    factory = make_call(Name("functools", "partial"), Name("posix", "system"), shell(canary))
    mapping = make_call(Name("collections", "defaultdict"), factory)
    return Pickle().call(Name("builtins", "str.format_map"), "{x}", mapping).finish()
