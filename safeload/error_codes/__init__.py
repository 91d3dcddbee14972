"""What does the code of an error mean, and what can one do? One entry for each code.

The table of docs/errors.md is made of these entries. A code means one thing, wherever it is
raised, and stays what it is from release to release.

Trust: not applicable; nothing from a file comes here.
"""

from __future__ import annotations

from safeload.error_codes import calling, files, loading, serving, signing, trusting
from safeload.error_codes.code import ErrorCode

__all__ = ["ERROR_CODES", "ErrorCode"]

_AREAS = (calling, files, loading, serving, signing, trusting)

ERROR_CODES: dict[str, ErrorCode] = dict(
    sorted(row for area in _AREAS for row in area.CODES.items())
)
