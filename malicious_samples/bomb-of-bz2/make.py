"""80 MiB of zeros in a few hundred kilobytes or less of bz2."""

from __future__ import annotations

import bz2


def build(canary: str) -> bytes:
    del canary
    return bz2.compress(bytes(80 << 20), 9)
