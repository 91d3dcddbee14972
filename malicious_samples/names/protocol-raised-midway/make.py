"""A second PROTO switches off the renaming of names that were already used."""

from __future__ import annotations

from malicious_samples.recipes import python
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    p = Pickle(2).call(Name("__builtin__", "eval"), python(canary)).pop()
    return p.proto(4).call(Name("builtins", "len"), "abc").finish()
