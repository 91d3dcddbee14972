"""80 MiB of zeros in a few hundred kilobytes or less of xz."""

from __future__ import annotations

import lzma


def build(canary: str) -> bytes:
    del canary
    return lzma.compress(bytes(80 << 20), preset=0)
