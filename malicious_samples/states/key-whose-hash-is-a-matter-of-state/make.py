"""A key of a dict is a type of categories, whose hash is made from what its state says."""

from __future__ import annotations

import pickle


def build(canary: str) -> bytes:
    import pandas as pd

    del canary
    return pickle.dumps({pd.CategoricalDtype(["a", "b"]): 1}, 4)
