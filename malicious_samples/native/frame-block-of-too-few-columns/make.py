"""A block of a frame has two rows of values for twenty thousand columns."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    import pandas as pd
    from pandas._libs.internals import BlockPlacement

    count = 20_000
    frame = pd.DataFrame(np.zeros((1, 1), "i1"))
    frame._mgr.axes[:] = [pd.RangeIndex(count), pd.RangeIndex(count)]
    frame._mgr.blocks[0].mgr_locs = BlockPlacement(slice(0, count))
    frame._mgr.blocks[0].values = np.zeros((2, count), "i1")
    return frame


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
