"""Where does a result go that is not for standard output, and can it go there?

A regular file is replaced at once by one of the same mode. A pipe with a reader and a device are
written to, and so is what the caller has opened for us: ``/dev/stdout``, a shell's ``>(command)``.
A link that leads nowhere is not followed, and what the verb reads is never written over.

Trust: the path is the user's own; what it leads to is looked at before the work, so that nobody
waits for a result that has no place.
"""

from __future__ import annotations

import argparse
import errno
import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from safeload.arguments import as_path
from safeload.cli.opened import descriptor_of
from safeload.errors import UsageError
from safeload.limits import Limits
from safeload.writing.refused import output_exists, output_unwritable

if TYPE_CHECKING:
    from safeload.auditing.walk import Candidate

__all__ = ["Destination", "add_output_option", "candidates_beside"]

_NEW_FILE = 0o666
# For a pipe or a device, and not to wait until somebody reads the pipe; Windows has none of these.
_TO_A_DEVICE = (
    os.O_WRONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)


def add_output_option(parser: argparse.ArgumentParser, *flags: str, what: str) -> None:
    """Add ``--output``.

    Args:
        parser: What to add it to.
        *flags: Other names of the option, as in ``-o``.
        what: What is written there.
    """
    parser.add_argument(
        *flags,
        "--output",
        metavar="FILE",
        help=f"write the {what} there, not to stdout",
    )


class Destination:
    """A place for a result, looked at before there is one.

    Args:
        text: The path that the user gave.
        noun: What the result is called.
        replacing: Whether a file that is there may be replaced.

    Raises:
        UsageError: It is plain that nothing can be written there (``output-unwritable``), or a link
            is there that leads nowhere and that may not be replaced (``output-exists``).
    """

    def __init__(self, text: str, *, noun: str, replacing: bool = True) -> None:
        self._noun = noun
        self._text = text
        self._replacing = replacing
        try:
            self._path = as_path(text, "output")
            self._status = self._look()
            self._descriptor = self._open(text)
        except FileExistsError as error:
            raise self._exists() from error
        except UsageError as error:
            raise self._unwritable("not a path") from error
        except (OSError, ValueError) as error:
            raise self._unwritable(getattr(error, "strerror", None) or "not a path") from error

    @property
    def exists(self) -> bool:
        """Whether a file is there already that writing would replace."""
        return self._descriptor is None and self._status is not None

    def is_file(self, path: str | os.PathLike[str]) -> bool:
        """Whether a path leads to the same file, by whatever name or link."""
        if os.path.realpath(path) == os.path.realpath(self._path):
            return True
        try:
            return self._status is not None and os.path.samestat(Path(path).stat(), self._status)
        except (OSError, ValueError):
            return False

    def require_none_of(self, paths: Iterable[str | os.PathLike[str] | None]) -> None:
        """Require that none of the files that the verb reads is written over.

        Args:
            paths: The files; None for one that was not given.

        Raises:
            UsageError: One of them is (``output-is-input``).
        """
        if any(path is not None and self.is_file(path) for path in paths):
            raise UsageError(
                f"The {self._noun} would be written over a file that it is about.",
                code="output-is-input",
                hint="Give --output another name.",
                path=self._text,
            )

    def require_replaceable(self) -> None:
        """Require that no file is there, or that it may be replaced.

        Raises:
            UsageError: A file is there that may not be (``output-exists``).
        """
        if self.exists and not self._replacing:
            raise self._exists()

    def write(self, data: bytes) -> None:
        """Write the result.

        Args:
            data: All of it.

        Raises:
            UsageError: It cannot be written (``output-unwritable``, ``output-exists``). A file that
                was there is then as it was.
        """
        from safeload.writing.files import replace_file, write_new

        try:
            if self._descriptor is None:
                if self._replacing:
                    replace_file(self._path, data, mode=self._mode(), follow=True)
                else:
                    write_new(self._path, data, mode=self._mode())
                return
            with os.fdopen(self._descriptor, "wb") as file:
                file.write(data)
        except FileExistsError as error:
            raise self._exists() from error
        except OSError as error:
            raise self._unwritable(error.strerror or "unknown reason") from error

    def _look(self) -> os.stat_result | None:
        """What is there, a link followed; None if nothing is."""
        try:
            return self._path.stat()
        except FileNotFoundError:
            if self._path.is_symlink():
                number = errno.ENOENT if self._replacing else errno.EEXIST
                raise OSError(number, "a link that leads nowhere") from None
            return None

    def _open(self, text: str) -> int | None:
        """A descriptor to write to, or None where a file is to be put in place."""
        opened = descriptor_of(text)
        if opened is not None:
            return os.dup(opened)
        if self._status is None or stat.S_ISREG(self._status.st_mode):
            folder = Path(os.path.realpath(self._path)).parent
            if not os.access(folder, os.W_OK | os.X_OK):
                raise OSError(errno.EACCES, "there is no folder that can be written to")
            return None
        if not (stat.S_ISFIFO(self._status.st_mode) or stat.S_ISCHR(self._status.st_mode)):
            raise OSError(errno.EINVAL, "neither a file, a pipe nor a device")
        # Without waiting for somebody to read a pipe; with that, writing may wait for them.
        descriptor = os.open(self._path, _TO_A_DEVICE)
        if sys.platform != "win32":
            os.set_blocking(descriptor, True)
        return descriptor

    def _mode(self) -> int:
        if self._status is not None:
            return stat.S_IMODE(self._status.st_mode)
        return _NEW_FILE

    def _unwritable(self, why: str) -> UsageError:
        return output_unwritable(self._noun, why, self._text)

    def _exists(self) -> UsageError:
        return output_exists(self._text)


def candidates_beside(
    destination: Destination | None, candidates: Iterable[Candidate], limits: Limits
) -> list[Candidate]:
    """List the files that a verb will read, of which none is what its result will be written over.

    Args:
        destination: Where the result goes, or None for standard output.
        candidates: What a walk comes upon.
        limits: Bounds on each file.

    Returns:
        All of them.

    Raises:
        UsageError: One of them is what would be written over, and a model (``output-is-input``).
            The report of yesterday is none, and may lie in the same folder.
    """
    from safeload.auditing.opening import open_candidate
    from safeload.verdict import Skipped

    found = list(candidates)
    if destination is not None and destination.exists:
        same = [candidate for candidate in found if destination.is_file(candidate.path)]
        destination.require_none_of(
            candidate.path
            for candidate in same
            if not isinstance(open_candidate(candidate, limits), Skipped)
        )
    return found
