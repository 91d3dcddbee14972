"""What may code of others raise that ends its work, and no more than that?

A library that is imported, a class that is given its state, a model that predicts: each may raise
``SystemExit``, which would end the program of whoever loads, with exit code 0 if it likes. So it is
taken for the failure that it is. ``KeyboardInterrupt`` is the user's, and passes; so does whatever
else a program raises in its own threads to stop them.

Trust: the code is a library's or a team's own, and the texts of its errors may be a file's.
"""

from __future__ import annotations

from safeload.errors import printable

__all__ = ["UNRULY", "described"]

UNRULY: tuple[type[BaseException], ...] = (Exception, SystemExit, GeneratorExit)


def described(error: BaseException, *, limit: int = 120) -> str:
    """Say in a line what was raised.

    Args:
        error: The error; its text may be anybody's, or raise another error.
        limit: Characters of its text, at most.

    Returns:
        Its type and its text, printable.
    """
    try:
        text = str(error)
    except UNRULY:
        text = "its text cannot be had"
    return f"{printable(type(error).__name__)}: {printable(text, limit=limit)}"
