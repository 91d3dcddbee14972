"""BUILD on a method writes through to its function."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    return (
        Pickle().call(Name("builtins", "getattr"), "abc", "lower").save({"a": 1}).build().finish()
    )
