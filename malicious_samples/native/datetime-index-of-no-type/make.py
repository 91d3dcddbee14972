"""An index of dates has a number where its type is, from which a resolution is read."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import Stand, dumped


def model() -> Any:
    import pandas as pd

    index = pd.DatetimeIndex(["2020-01-02", "2020-01-01"])
    make, args, _ = index.__reduce__()
    make_array, array_args, state = args[1]["data"].__reduce__()
    unset = Stand(make_array, array_args, (0, *state[1:]))
    return Stand(make, (args[0], {**args[1], "data": unset}))


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
