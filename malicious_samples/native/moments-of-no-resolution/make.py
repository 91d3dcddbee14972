"""An array of moments remembers a resolution that there is not."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import pandas as pd

    moments = pd.array(["2020-01-01"] * 4, dtype="datetime64[ns]")
    moments._cache = {"_creso": 99}
    return moments


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
