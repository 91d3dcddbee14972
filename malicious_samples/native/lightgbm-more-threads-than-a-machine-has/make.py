"""A model of LightGBM starts a hundred thousand threads where it predicts."""

from __future__ import annotations

from typing import Any

from malicious_samples.boosters import lightgbm
from malicious_samples.native_state import dumped


def model() -> Any:
    model = lightgbm()
    model.n_jobs, model._other_params = None, {"num_threads": 100_000}
    return model


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
