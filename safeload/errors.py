"""Every exception safeload raises: what went wrong, in one sentence, and what to do next.

::

    SafeloadError
    ├── UsageError       the caller's own input cannot be used (exit 2)
    ├── ArtefactError    the bytes cannot be taken in (exit 3)
    ├── TrustError       nobody trusted vouches for these bytes (exit 1)
    ├── RefusedError     the policy says no, or not everything was read (exit 1 or 3)
    └── LoadError        every check passed and loading still failed (exit 3)

A difference between releases that the policy does not refuse is a :class:`DriftWarning`.

Any bytes in give a verdict or one of these. Match on ``type`` and ``code``; the sentence may
change between releases, the code does not.

Trust: text taken from a file passes through :func:`printable` before it becomes part of a message.
"""

from __future__ import annotations

import codecs
import copyreg
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

if TYPE_CHECKING:
    from safeload.verdict import FileReport

__all__ = [
    "ArtefactError",
    "DriftWarning",
    "LoadError",
    "RefusedError",
    "Release",
    "SafeloadError",
    "TrustError",
    "UsageError",
    "about",
    "plain",
    "printable",
]


# What a line for a log begins with where an error is about no file.
_NOWHERE = "safeload"
# Found once: whoever looks an encoding up for the first time imports it.
_escape = codecs.getencoder("unicode_escape")


class Release(NamedTuple):
    """What a statement is about, in short.

    Attributes:
        model: Name of the model, or None for a statement made by another tool.
        version: Its version, or None.
        serial: Its serial, or None.
        payload_sha256: SHA-256 of the statement.
    """

    model: str | None
    version: str | None
    serial: int | None
    payload_sha256: str


class SafeloadError(Exception):
    """Base of all errors raised on purpose.

    Args:
        message: One sentence.
        code: Stable identifier, lower-case words joined by hyphens, such as ``"digest-mismatch"``.
        hint: What the reader can do next, or an empty string.
        path: The file that it is about, if it is about one.

    Attributes:
        exit_code: What the command line exits with (0 accepted, 1 refused, 2 usage,
            3 could not decide).
        path: The file, folder or other source that it is about, as it was given; None if it is
            about none.
        release: Which release it is about that a trusted signer signed, where that much was
            established; else None.
    """

    exit_code: ClassVar[int] = 3
    path: str | None = None
    release: Release | None = None

    def __init__(
        self,
        message: str,
        *,
        code: str,
        hint: str = "",
        path: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint
        if path is not None:
            self.path = os.fspath(path)

    @property
    def name(self) -> str | None:
        """Name of the signed model that it is about, where that is known."""
        return None if self.release is None else self.release.model

    @property
    def version(self) -> str | None:
        """Version of the signed model that it is about, where that is known."""
        return None if self.release is None else self.release.version

    @property
    def line(self) -> str:
        """One line for a log, with the file (or ``safeload``), the code, and the sentence."""
        return f"{plain(self.path or _NOWHERE)}: {self.code}: {plain(self.message)}"

    def __reduce__(self) -> tuple[Any, ...]:
        # Made anew from its sentence alone, an exception would lack what it takes by name; and a
        # pool of processes waits for ever for an error that it cannot receive.
        return copyreg.__newobj__, (type(self), *self.args), vars(self)  # type: ignore[attr-defined]


class UsageError(SafeloadError):
    """An argument, key file, trust file or policy file of the caller cannot be used."""

    exit_code = 2


class ArtefactError(SafeloadError):
    """The file cannot be taken in: missing, not a regular file, changing, or over a limit."""

    exit_code = 3


class TrustError(SafeloadError):
    """No trusted signature covers these bytes.

    The bundle is missing or malformed, the signer unknown, the signature or digest wrong, the
    model another one than asked for, or the statement out of date.
    """

    exit_code = 1


class RefusedError(SafeloadError):
    """The scan ended in another verdict than ACCEPT; nothing was deserialised.

    Attributes:
        report: What the scan found, as in the JSON report.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        report: FileReport,
        hint: str = "",
        path: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(message, code=code, hint=hint, path=path)
        self.report = report

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        """1 when something was refused, 3 when something was not read."""
        return 1 if self.report.verdict == "refuse" else 3


class LoadError(SafeloadError):
    """Every check passed and loading still failed: another environment, or a probe that differs."""

    exit_code = 3


class DriftWarning(UserWarning):
    """The model is loaded by another release of a library than the one that it was written with.

    ``warnings.filterwarnings("error", category=safeload.DriftWarning)`` makes it an error.

    Attributes:
        library: The library, as it is called when it is installed.
        written: The releases that the model was signed with, or that wrote it.
        installed: The release that loads it.
        signed: The release that the model was signed with; None if nobody signed it.
    """

    def __init__(
        self,
        message: str,
        *,
        library: str,
        written: tuple[str, ...],
        installed: str,
        signed: str | None = None,
    ) -> None:
        super().__init__(message)
        self.library = library
        self.written = written
        self.installed = installed
        self.signed = signed

    def __reduce__(self) -> tuple[Any, ...]:
        # As of SafeloadError: what is taken by name is no part of the arguments.
        return copyreg.__newobj__, (type(self), *self.args), vars(self)  # type: ignore[attr-defined]


@contextmanager
def about(
    path: str | os.PathLike[str] | None = None,
    release: Release | None = None,
    *,
    given: bool = False,
) -> Iterator[None]:
    """Have errors say what they are about, unless they say so already.

    Args:
        path: The file or other source.
        release: Which release of a model that is, once a trusted signer is known to have signed it.
        given: Whether the file is the caller's own input, such as a key or a trust file, so that a
            ``UsageError`` is about it. Of a model, that is about something else.

    Raises:
        SafeloadError: As it came, with its ``path`` and ``release``.
    """
    try:
        yield
    except SafeloadError as error:
        if error.path is None and path is not None and (given or not isinstance(error, UsageError)):
            error.path = os.fspath(path)
        if error.release is None:
            error.release = release
        raise


def printable(text: str, *, limit: int = 120) -> str:
    """Make text from a file safe to show on a terminal.

    Control characters, bidirectional overrides, look-alikes outside ASCII and everything else
    that is not printable ASCII are escaped; what is longer than the limit is cut.

    Args:
        text: Hostile text.
        limit: Length of the result in characters, at most.

    Returns:
        Printable ASCII text of at most ``limit`` characters.
    """
    # Cutting first bounds the work; escaping only ever lengthens.
    escaped = _escape(text[: limit + 1])[0].decode("ascii")
    return escaped if len(escaped) <= limit else escaped[: limit - 3] + "..."


def plain(text: str) -> str:
    """Escape what is not printable, line breaks included; letters of any script stay.

    Args:
        text: Any text.

    Returns:
        One line that a terminal shows and does not obey.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
