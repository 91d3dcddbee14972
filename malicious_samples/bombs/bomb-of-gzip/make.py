"""80 MiB of zeros in a few hundred kilobytes or less of gzip."""

from __future__ import annotations

import gzip

from tests.builder import Pickle


def build(canary: str) -> bytes:
    del canary
    data = Pickle().binbytes8(bytes(80 << 20)).finish()
    return gzip.compress(data, 9, mtime=0)
