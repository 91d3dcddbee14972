"""What went wrong while a server was asked? Every library's own exceptions become ours.

Trust: an exception's text holds whatever the server said, and may hold the address with its
secrets. So none of it is shown: a status is a number, and all else is told by its type.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from safeload.errors import ArtefactError, SafeloadError, printable

__all__ = ["asking", "failure"]

_CHECK = "Check the address, and that this machine may reach it and read there."


@contextmanager
def asking() -> Iterator[None]:
    """Ask a server.

    Raises:
        ArtefactError: It does not give what it was asked for.
    """
    try:
        yield
    except SafeloadError:
        raise
    except MemoryError as error:
        raise _unread("There is no memory for what the server sends.", code="too-large") from error
    except Exception as error:  # noqa: BLE001  # each library raises what it likes
        # Not "from" it: a traceback would show what the message leaves out.
        raise _of(error) from None


def failure(status: int) -> ArtefactError:
    """The error for an answer that is not the file.

    Args:
        status: The status of the answer.
    """
    if status in (401, 403, 407):
        return _unread(f"The server does not let it be read (status {status}).")
    if status in (404, 410):
        return _unread(f"The server has no such file (status {status}).")
    return _unread(f"The server answered with status {status}.")


def _of(error: Exception) -> ArtefactError:
    for each in _chain(error):
        status = getattr(each, "status", None)
        if type(status) is int and 400 <= status <= 599:
            return failure(status)
        if isinstance(each, FileNotFoundError):
            return _unread("The server has no such file.")
        if isinstance(each, PermissionError):
            return _unread("The server does not let it be read.")
        if isinstance(each, ssl.SSLError):
            return _unread("The server's certificate does not prove that it is the server.")
        if isinstance(each, TimeoutError):
            return _unread("The server did not answer in time.")
        if type(each).__name__ == "TooManyRedirects":
            return _unread("The server redirects again and again.")
        if type(each).__name__ in ("ClientPayloadError", "IncompleteRead", "ProtocolError"):
            return _unread("The connection ended before the file did.")
    return _unread(f"It cannot be read from there ({printable(type(error).__name__)}).")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and what led to it; a library may wrap one in another."""
    for _ in range(8):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


def _unread(message: str, *, code: str = "unreadable") -> ArtefactError:
    return ArtefactError(message, code=code, hint=_CHECK)
