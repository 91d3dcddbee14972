"""A state space model has room for one state of a hundred where it selects disturbances."""

from __future__ import annotations

from typing import Any

from malicious_samples.native_state import dumped, filtering


def model() -> Any:
    return filtering("_statespaces", selected_state_cov=(1, 1, 1))


def build(canary: str) -> bytes:
    del canary
    return dumped(model())
