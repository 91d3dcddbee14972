"""What goes well and is still worth a word becomes a Python warning at the caller's own line.

Trust: not applicable; whoever has something to say has escaped what comes from a file.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

__all__ = ["warn"]

_OWN = f"{Path(__file__).parent}{os.sep}"


def warn(message: Warning | str) -> None:
    """Give a warning that points to the nearest line outside of this package.

    Args:
        message: A warning; or a sentence, for a ``UserWarning``.
    """
    level, frame = 1, sys._getframe()  # noqa: SLF001  # as the warnings module itself does
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OWN):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, stacklevel=level)
