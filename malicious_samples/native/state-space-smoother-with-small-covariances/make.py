"""A state space smoother has room for one state of a hundred in its covariances."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped, filtering


def model() -> Any:
    return filtering(
        "_kalman_smoothers",
        scaled_smoothed_estimator_cov=(1, 1, 7),
        smoothed_state_cov=(1, 1, 6),
        smoothed_state_autocov=(1, 1, 6),
        innovations_transition=(1, 1, 6),
    )


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
