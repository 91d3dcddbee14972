"""Map calls the function when an allowed container consumes it."""

from __future__ import annotations

from malicious_samples.recipes import make_call, shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    calls = make_call(Name("builtins", "map"), Name("posix", "system"), [shell(canary)])
    return Pickle().call(Name("collections", "deque"), calls).finish()
