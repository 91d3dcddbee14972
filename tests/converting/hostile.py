"""Models that do harm while they are written, for the tests of converting."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

import safeload.isolation.written

__all__ = ["Hostile", "Reducing", "Unwritable"]


class Hostile:
    """Has its process send what it likes in the place of a result.

    Args:
        payload: What is sent, or how many bytes of nothing.
    """

    def __init__(self, payload: bytes | int) -> None:
        self.payload = payload

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        payload, written = bytes(self.payload), safeload.isolation.written.written

        def once(*_: Any, **__: Any) -> bytes:
            # The next model that comes into this process is another test's.
            safeload.isolation.written.written = written
            return payload

        safeload.isolation.written.written = once

    def predict(self, rows: Any) -> Any:
        """Nothing but zeros."""
        return np.zeros(len(rows))


class Reducing:
    """Is written as a call of something else, once it was loaded."""

    loaded = False

    def __getstate__(self) -> dict[str, Any]:
        return {"marked": True}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.loaded = True

    def __reduce_ex__(self, protocol: Any) -> Any:
        if self.loaded:
            return os.mkdir, ("canary",)
        return super().__reduce_ex__(protocol)


class Unwritable:
    """Ends whatever writes it, once it was loaded."""

    loaded = False

    def __getstate__(self) -> dict[str, Any]:
        if self.loaded:
            raise SystemExit("no")
        return {"marked": True}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.loaded = True
