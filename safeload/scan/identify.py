"""Whether a file found in a folder is one to audit, told by its content.

Trust: any answer is safe; a file that is passed over is not reported as read.
"""

from __future__ import annotations

from safeload.scan.program import Scan

__all__ = ["is_model"]

_DATA = (b"\x93NUMPY", b"\x89HDF")
_ZIP = b"PK\x03\x04"
# The directory of an archive stands at its end and names its members.
_DIRECTORY = 1 << 16
_TRAVELLERS = (b".pkl", b".npy")


def is_model(scan: Scan) -> bool:
    """Whether a file in a folder belongs into the report.

    Args:
        scan: The file as scanned.

    Returns:
        True for every format that safeload reads, for what it recognises and cannot read (old
        joblib files, a codec that is not installed, numpy and HDF5 files, archives that hold
        pickles or arrays), and for a stream that names a global, however damaged; False for
        anything else.
    """
    if scan.format != "unknown" or any(finding.rule != "SL001" for finding in scan.findings):
        return True
    head = bytes(scan.data[:8])
    if head.startswith(_ZIP):
        directory = bytes(scan.data[-_DIRECTORY:])
        return any(suffix in directory for suffix in _TRAVELLERS)
    return head.startswith(_DATA)
