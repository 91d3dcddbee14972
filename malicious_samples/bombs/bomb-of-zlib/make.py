"""80 MiB of zeros in a few hundred kilobytes or less of zlib."""

from __future__ import annotations

import zlib

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    data = Pickle().binbytes8(bytes(80 << 20)).finish()
    return zlib.compress(data, 9)
