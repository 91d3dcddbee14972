"""BUILD with slot state on a function, and numpy's builtins."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    state = ({}, {"shape": Name("numpy", "__builtins__")})
    return Pickle().save(Name("numpy", "size"), state).build().finish()
