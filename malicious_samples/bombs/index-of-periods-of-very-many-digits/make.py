"""An index of periods is made from a text of very many digits."""

from __future__ import annotations

import pickle
from typing import Any


class _Index:
    """Pickled as an index of periods is."""

    def __reduce__(self) -> Any:
        import numpy as np
        import pandas as pd
        from pandas.core.indexes.base import _new_Index

        data = np.array(["1" * 900_000], dtype=object)
        return _new_Index, (pd.PeriodIndex, {"data": data, "freq": "M", "name": None})


def build(canary: str) -> bytes:
    del canary
    return pickle.dumps(_Index(), 4)
