"""A state space filter has room for one state of a hundred in its covariances."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped, filtering


def model() -> Any:
    return filtering("_kalman_filters", filtered_state_cov=(1, 1, 6))


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
