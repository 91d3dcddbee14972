"""A cache of a pandas array is a number, which compiled code takes for a dict."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import pandas as pd

    array = pd.array([1, None, 3], dtype="Int64")
    array.__dict__["_cache"] = 5
    return array


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
