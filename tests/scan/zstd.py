"""What writes and reads zstd: Python itself, or what stands in for it in older ones."""

from __future__ import annotations

import sys

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdFile, compress, decompress
else:
    from backports.zstd import ZstdFile, compress, decompress

__all__ = ["SKIPPABLE", "ZstdFile", "compress", "decompress"]

# A frame of four bytes that decompressors pass over; those who compress in parallel write some.
SKIPPABLE = b"\x5a\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"skip"
