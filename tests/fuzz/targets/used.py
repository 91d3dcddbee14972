"""Models that the policy accepts are loaded and used: whatever they predict, nothing crashes.

Only the native state of a model can crash a process or keep it from ever ending; exceptions of
Python are what a damaged model is expected to end in.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from safeload.artefact import Artefact
from safeload.errors import SafeloadError
from safeload.limits import Limits
from safeload.loading.admit import admit, deserialise
from safeload.policy.packs import opt_in_packs
from safeload.policy.policy import Policy
from tests.fuzz import models
from tests.fuzz.mutation import MOST, bent, exchanged, nudged
from tests.fuzz.target import Target

__all__ = ["TARGET"]

_LIMITS = Limits(bytes_out=1 << 22, ratio_floor=1 << 20)
_EVERY_PACK = Policy.default(packs=opt_in_packs())
_METHODS = ("predict", "predict_proba", "transform", "score_samples", "kneighbors", "apply")
_TABLE = np.array([[0.1, 0.9], [0.7, 0.2], [-1e30, 1e30]])


def _examples() -> list[bytes]:
    return [data for data in (*models.fitted_streams(), *models.archives()) if len(data) < MOST]


def _vary(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    kind = rng.random()
    if kind < 0.8:
        return nudged(data, rng)
    return exchanged(data, rng) if kind < 0.9 else bent(data, others, rng)


def _check(data: bytes) -> None:
    artefact = Artefact.holding(bytearray(data), path=Path("a"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = deserialise(admit(artefact, _EVERY_PACK, _LIMITS), _EVERY_PACK)
        except SafeloadError:
            return
        _use(model)


def _use(model: Any) -> None:
    for name in _METHODS:
        method = getattr(model, name, None)
        if method is not None:
            with suppress(Exception), np.errstate(all="ignore"):
                method(_TABLE)


TARGET = Target(
    name="used",
    about="what is accepted can be used without a crash",
    examples=_examples,
    check=_check,
    vary=_vary,
)
