"""A block of a sparse index has a length below zero, after another beyond the end."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    from pandas._libs.sparse import BlockIndex

    from malicious_samples.native_state import Stand

    sizes = np.array([2**30, -(2**30) + 4], "i4")
    return Stand(BlockIndex, (4, np.array([0, 2**30], "i4"), sizes))


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
