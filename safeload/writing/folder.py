"""A folder becomes something to work in, whatever its path leads to a moment later.

A folder is opened once. Files in it are then named by name alone, relative to the open folder, so
that nobody who exchanges a part of the path has us write or delete elsewhere. Nothing here follows
a symbolic link within the folder.

Where the system knows no operations relative to an open folder (Windows), paths are used.

Trust: others may write to the folder at the same time; its names may be theirs.

Source: openat(2), renameat(2), unlinkat(2), fsync(2).
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Folder"]

_RELATIVE = os.open in os.supports_dir_fd
_CLOSED = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_OPEN_FILES = Path("/proc/self/fd")
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
# File systems that cannot write a folder through to the disk say so in one of these ways.
_CANNOT_SYNC = {errno.EINVAL, errno.EBADF, errno.ENOTSUP, errno.ENOSYS}


def _open(path: Path) -> int:
    try:
        return os.open(path, _FOLDER)
    except PermissionError:
        # One may put files into a folder that one may not list.
        if not hasattr(os, "O_PATH"):
            raise
        return os.open(path, _FOLDER | os.O_PATH)


@dataclass(frozen=True, slots=True)
class Folder:
    """An open folder.

    Attributes:
        path: Its path, for people.
        descriptor: The open folder, or None where the system has no such thing.
    """

    path: Path
    descriptor: int | None

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> Iterator[Folder]:
        """Open a folder for as long as the context lasts.

        Args:
            path: The folder; symbolic links are followed.

        Raises:
            OSError: There is no such folder, or it may not be read.
        """
        if not _RELATIVE:
            if not path.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, "Not a folder", os.fspath(path))
            yield cls(path, None)
            return
        try:
            descriptor = _open(path)
        except ValueError as error:  # a NUL or a lone surrogate in the path
            raise OSError(errno.EINVAL, "Not a path") from error
        try:
            yield cls(path, descriptor)
        finally:
            os.close(descriptor)

    @contextmanager
    def within(self, name: str) -> Iterator[Folder]:
        """Open a folder in this one; a symbolic link is none."""
        path = self.path / name
        if self.descriptor is None:
            if not stat.S_ISDIR(self.status(name).st_mode):
                raise NotADirectoryError(errno.ENOTDIR, "Not a folder", os.fspath(path))
            yield Folder(path, None)
            return
        descriptor = os.open(name, _FOLDER | _CLOSED, dir_fd=self.descriptor)
        try:
            yield Folder(path, descriptor)
        finally:
            os.close(descriptor)

    def path_of(self, name: str) -> Path:
        """A path to a file in it, for libraries that take nothing else.

        On Linux it leads to the open folder, whatever the folder's own path leads to meanwhile.
        """
        if self.descriptor is not None:
            lasting = _OPEN_FILES / str(self.descriptor)
            with suppress(OSError):
                if os.path.samestat(lasting.stat(), os.fstat(self.descriptor)):
                    return lasting / name
        return self.path / name

    def names(self) -> list[str]:
        """The names of all that lies in it."""
        # Path knows no open folders.
        return os.listdir(self._self())  # noqa: PTH208

    def open(self, name: str, flags: int, mode: int = 0o600) -> int:
        """Open a file; a symbolic link is an error (``ELOOP``)."""
        return os.open(self._at(name), flags | _CLOSED, mode, dir_fd=self.descriptor)

    def status(self, name: str, *, follow: bool = False) -> os.stat_result:
        """The status of a file, or of the link of that name unless links are followed."""
        return os.stat(self._at(name), dir_fd=self.descriptor, follow_symlinks=follow)

    def own_status(self) -> os.stat_result:
        """The status of the folder itself."""
        return os.stat(self._self())  # noqa: PTH116

    def is_same(self, name: str, descriptor: int) -> bool:
        """Whether a name is still that of an open file."""
        try:
            return os.path.samestat(self.status(name), os.fstat(descriptor))
        except FileNotFoundError:
            return False

    def write(self, name: str, data: bytes | memoryview, *, mode: int) -> None:
        """Create a file and write it through to the disk; never touch one that exists.

        Args:
            name: The name of nothing yet.
            data: Its content.
            mode: Its permission bits, lessened by the umask.
        """
        with os.fdopen(self.open(name, _NEW, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def sync_file(self, name: str) -> None:
        """Write a file that is there already through to the disk."""
        # Windows does so only for one that is open for writing.
        descriptor = self.open(name, os.O_RDWR if self.descriptor is None else os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def make_folder(self, name: str) -> None:
        """Make a folder that is nobody's but ours."""
        os.mkdir(self._at(name), 0o700, dir_fd=self.descriptor)

    def remove_folder(self, name: str) -> None:
        """Remove an empty folder."""
        os.rmdir(self._at(name), dir_fd=self.descriptor)

    def remove(self, name: str) -> None:
        """Remove a file or a link, not what it leads to."""
        os.unlink(self._at(name), dir_fd=self.descriptor)

    def move(self, name: str, to: Folder, as_name: str) -> None:
        """Rename a file, and put it in the place of another one at once."""
        os.replace(
            self._at(name),
            to._at(as_name),
            src_dir_fd=self.descriptor,
            dst_dir_fd=to.descriptor,
        )

    def link(self, name: str, to: Folder, as_name: str) -> None:
        """Give a file a second name where nothing is yet."""
        os.link(
            self._at(name),
            to._at(as_name),
            src_dir_fd=self.descriptor,
            dst_dir_fd=to.descriptor,
            follow_symlinks=False,
        )

    def sync(self) -> None:
        """Write the names in it through to the disk, where the file system can."""
        if self.descriptor is None:
            return
        try:
            os.fsync(self.descriptor)
        except OSError as error:
            if error.errno not in _CANNOT_SYNC:
                raise

    def _self(self) -> int | Path:
        return self.path if self.descriptor is None else self.descriptor

    def _at(self, name: str) -> str:
        return name if self.descriptor is not None else os.fspath(self.path / name)
