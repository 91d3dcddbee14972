"""A series has a hundred million labels, and one value."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import pandas as pd

    series = pd.Series([1.0, 2.0])
    series._mgr.axes[0] = pd.RangeIndex(10**9)
    return series


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
