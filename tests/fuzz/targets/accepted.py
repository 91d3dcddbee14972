"""Files that the policy accepts are loaded: nothing crashes, and nothing else happens.

The load is a real one, in this process; whoever watches the worker sees a crash. It ends in the
object or in a LoadError, only events of a known list occur meanwhile, and the memory and time that
a small file takes stay small.
"""

from __future__ import annotations

import random
import sys
import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

from safeload.artefact import Artefact
from safeload.errors import LoadError, RefusedError
from safeload.limits import Limits
from safeload.loading.admit import _unpickle, admit
from safeload.loading.names import resolve
from safeload.policy.packs import opt_in_packs
from safeload.policy.policy import Policy
from tests.fuzz import models
from tests.fuzz.mutation import MOST, bent, exchanged, nudged
from tests.fuzz.target import Target, Violation
from tests.fuzz.targets.judged import grow

__all__ = ["TARGET"]

_LIMITS = Limits(bytes_out=1 << 22, ratio_floor=1 << 20)
_EVERY_PACK = Policy.default(packs=opt_in_packs())
# What unpickling on its own leads to.
_HARMLESS = frozenset(
    ["pickle.find_class", "object.__getattr__", "object.__setattr__", "builtins.id"]
)
# numpy reads the headers of arrays as Python literals; the scan lets no other header pass.
_HEADER = "(b\"{'descr': "

_events: list[tuple[str, str]] | None = None


def _hook(event: str, details: tuple[Any, ...]) -> None:
    if _events is None or event in _HARMLESS:
        return
    text = ascii(details)[:200]
    if not (event == "compile" and text.startswith(_HEADER)) and not _in_zones():
        _events.append((event, text))


def _in_zones() -> bool:
    """Whether a time zone is being looked up: in the system's files, or those of tzdata."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_globals.get("__name__") == "zoneinfo._common":
            return True
        frame = frame.f_back
    return False


@cache
def _examples() -> list[bytes]:
    files = [*models.streams(), *models.packed(), *models.archives()]
    found = [data for data in files if len(data) < MOST]
    for data in found:
        # Whatever libraries import or prepare at first use is not the doing of a hostile file.
        _check(data)
    sys.addaudithook(_hook)
    return found


def _vary(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    kind = rng.random()
    if kind < 0.6:
        return nudged(data, rng)
    return exchanged(data, rng) if kind < 0.8 else bent(data, others, rng)


def _check(data: bytes) -> None:
    global _events
    content = bytearray(data)
    artefact = Artefact.holding(content, path=Path("a"))
    try:
        accepted = admit(artefact, _EVERY_PACK, _LIMITS)
        names = resolve(accepted.programs)
    except (RefusedError, LoadError):
        return
    events: list[tuple[str, str]] = []
    _events = events
    try:
        with warnings.catch_warnings():
            # Another release of scikit-learn, a regular expression that will be read otherwise.
            warnings.simplefilter("ignore")
            _unpickle(accepted, names, None)
    except LoadError as error:
        if isinstance(error.__cause__, MemoryError):
            raise Violation("loading asks for all the memory there is") from error
    finally:
        _events = None
    if events:
        raise Violation(f"loading leads to {events[0]}")
    if content != data:
        raise Violation("loading changes the bytes that were read")


TARGET = Target(
    name="accepted",
    about="what is accepted loads without a crash or a side effect",
    examples=_examples,
    check=_check,
    vary=_vary,
    grow=grow,
)
