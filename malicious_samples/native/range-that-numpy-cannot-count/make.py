"""A range of labels is so long that numpy makes an array of none."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import pandas as pd

    return pd.RangeIndex(2**63 - 1)


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
