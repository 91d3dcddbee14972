"""What a state space model computes its stationary start in has room for one state of many."""

from __future__ import annotations

from typing import Any

import numpy as np
from statsmodels.tsa.statespace.sarimax import SARIMAX

from malicious_samples.native_state import Stand, dumped, table


def model() -> Any:
    model = SARIMAX(table(rows=6)[0][:, 0], order=(0, 0, 0), seasonal_order=(1, 0, 0, 120))
    results = model.smooth([0.5, 1.0])
    starts = getattr(model.ssm.initialization, "_initializations")  # noqa: B009
    for name, compiled in starts.items():
        make, args, state = compiled.__reduce__()
        smaller = {key: np.asfortranarray(array[:1]) for key, array in state.items()}
        starts[name] = Stand(make, args, smaller)
    return results


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
