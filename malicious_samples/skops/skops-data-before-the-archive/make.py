"""A pickle stands before the archive: joblib reads the one, skops the other."""

from __future__ import annotations

from malicious_samples.recipes import json_node, skops
from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().save([1]).finish() + skops(json_node(1))
