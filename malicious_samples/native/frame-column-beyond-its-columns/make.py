"""A block of a frame says that it is a column far beyond those that there are."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped


def model() -> Any:
    import numpy as np
    import pandas as pd
    from pandas._libs.internals import BlockPlacement

    frame = pd.DataFrame({"a": [1.0], "b": [2.0], "c": [3.0]})
    frame._mgr.blocks[0].mgr_locs = BlockPlacement(np.array([0, 2**40, 1]))
    return frame


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
