"""80 MiB of zeros in a few hundred kilobytes or less of bz2."""

from __future__ import annotations

import bz2

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    data = Pickle().binbytes8(bytes(80 << 20)).finish()
    return bz2.compress(data, 9)
