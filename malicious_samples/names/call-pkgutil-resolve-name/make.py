"""Pkgutil.resolve_name turns a string into any function."""

from __future__ import annotations

from malicious_samples.recipes import make_call, shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    function = make_call(Name("pkgutil", "resolve_name"), "os:system")
    return Pickle().call(function, shell(canary)).finish()
