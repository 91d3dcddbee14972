"""Whether a file found in a folder is one to audit, told by its content.

Trust: any answer is safe; a file that is passed over is not reported as read.
"""

from __future__ import annotations

from safeload.scan.program import Scan

__all__ = ["is_model"]

# Data files and archives that are no model formats, but in which models and pickles travel.
_CARRIERS = (b"\x93NUMPY", b"\x89HDF", b"PK\x03\x04", b"ZF0x")


def is_model(scan: Scan) -> bool:
    """Whether a file in a folder belongs into the report.

    Args:
        scan: The file as scanned.

    Returns:
        True for every format that safeload reads, for what it recognises and cannot read, and
        for a stream that names a global, however damaged; False for anything else.
    """
    return scan.format != "unknown" or bytes(scan.data[:8]).startswith(_CARRIERS)
