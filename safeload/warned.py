"""Warnings of ours stand at the caller's own line, and those of others' code are not shown.

Trust: not applicable; whoever has something to say has escaped what comes from a file.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safeload.forks import Lock

__all__ = ["silenced", "warn"]

_OWN = f"{Path(__file__).parent}{os.sep}"
# The filters are the whole process's, up to Python 3.13 at least. Of two threads that change them
# and put them back, the second would put back what the first had changed.
_SILENCING = Lock()


def warn(message: Warning | str) -> None:
    """Give a warning that points to the nearest line outside of this package.

    Args:
        message: A warning; or a sentence, for a ``UserWarning``.
    """
    level, frame = 1, sys._getframe()  # noqa: SLF001  # as the warnings module itself does
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OWN):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, stacklevel=level)


@contextmanager
def silenced(category: type[Warning] = Warning) -> Iterator[None]:
    """Show no warning that Python code gives in the ``with`` statement; one thread at a time.

    Args:
        category: Which warnings.
    """
    with _SILENCING, warnings.catch_warnings():
        warnings.simplefilter("ignore", category)
        yield
