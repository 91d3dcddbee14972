"""A density has a weight for one of its data."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from scipy import stats

    density = stats.gaussian_kde(np.arange(9.0))
    density._weights = np.ones(1)
    return density


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
