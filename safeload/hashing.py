"""Bytes become SHA-256 digests: one of the whole, or one for each of equal slices.

A digest of the whole takes one processor; slices are hashed side by side. Files of 64 MiB and more
are signed in slices (*shards*) of 16 MiB, and recognised by them.

Trust: the bytes are hostile. Those of an open file may change between one digest and the next; what
is loaded is hashed where it lies in this process.

Source: FIPS 180-4 (SHA-256); OpenSSF Model Signing 1.0 section 6.5 for shards.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

from safeload.forks import Lock

__all__ = ["SHARD", "SHARDED_FROM", "Bytes", "Digests", "root_digest", "shards_of", "workers"]

Bytes: TypeAlias = "bytes | bytearray | memoryview"

# Bytes in a shard, and from which size on a file is hashed in shards.
SHARD = 16 << 20
SHARDED_FROM = 64 << 20

# Small enough to be in the processor's cache still when it is hashed.
_CHUNK = 1 << 20
_POSITION = Lock()
# More threads than this wait for memory.
_MOST_WORKERS = 16


def workers() -> int:
    """How many threads hash at a time: one for each processor that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), _MOST_WORKERS)
    return min(os.cpu_count() or 1, _MOST_WORKERS)


def shards_of(size: int, shard_size: int) -> Iterator[tuple[int, int]]:
    """Where shards begin and end, in order; an empty file has none.

    Args:
        size: Of the file, bytes.
        shard_size: Of each shard but the last, bytes.
    """
    for start in range(0, size, shard_size):
        yield start, min(start + shard_size, size)


def root_digest(digests: Iterator[str] | tuple[str, ...]) -> str:
    """SHA-256 over raw digests, in order, as 64 hex digits.

    Args:
        digests: Each of 64 hex digits.
    """
    root = hashlib.sha256()
    for digest in digests:
        root.update(bytes.fromhex(digest))
    return root.hexdigest()


class Digests:
    """The digests of some bytes, each computed when it is first asked for.

    Attributes:
        size: How many bytes there are.
    """

    __slots__ = ("_known", "_read", "size")

    def __init__(self, read: Callable[[int, int], Bytes], size: int) -> None:
        """Hash what a function reads.

        Args:
            read: Returns the bytes from one offset to another.
            size: How many bytes there are.
        """
        self._read = read
        self.size = size
        # By the size of shards; 0 stands for the whole.
        self._known: dict[int, tuple[str, ...]] = {}

    @classmethod
    def of_file(cls, descriptor: int, size: int) -> Digests:
        """The digests of an open file.

        Args:
            descriptor: The file, which stays open as long as anything is asked for.
            size: Its size, bytes; if it has become shorter, asking raises an ``OSError``.
        """

        def read(start: int, end: int) -> bytes:
            data = _read_at(descriptor, start, end - start)
            if len(data) != end - start:
                raise OSError(errno.EIO, "The file became shorter while it was read")
            return data

        return cls(read, size)

    @property
    def sha256(self) -> str:
        """Of the whole, 64 hex digits."""
        if 0 not in self._known:
            self._known[0] = (self._of(0, self.size),)
        return self._known[0][0]

    @property
    def fingerprint(self) -> str:
        """What the bytes are recognised by, 64 hex digits.

        From 64 MiB on the digest over those of the shards, which takes less time, else the digest
        of the whole.
        """
        if self.size < SHARDED_FROM:
            return self.sha256
        return root_digest(self.shards(SHARD))

    def shards(self, shard_size: int) -> tuple[str, ...]:
        """Of each shard, in order, 64 hex digits each.

        Args:
            shard_size: Of each but the last, bytes.
        """
        if shard_size not in self._known:
            bounds = list(shards_of(self.size, shard_size))
            if len(bounds) < 2:
                digests = [self._of(*each) for each in bounds]
            else:
                with ThreadPoolExecutor(workers()) as pool:
                    digests = list(pool.map(lambda each: self._of(*each), bounds))
            self._known[shard_size] = tuple(digests)
        return self._known[shard_size]

    def head(self, count: int) -> bytes:
        """The first bytes, fewer if there are fewer.

        Args:
            count: How many.
        """
        return bytes(self._read(0, min(count, self.size)))

    def keep(self, shard_size: int, digests: tuple[str, ...]) -> None:
        """Remember digests that were computed while the bytes were read.

        Args:
            shard_size: Of the shards, bytes; 0 for the whole, which has one digest.
            digests: Of each shard, in order.
        """
        self._known[shard_size] = digests

    def _of(self, start: int, end: int) -> str:
        digest = hashlib.sha256()
        for offset in range(start, end, _CHUNK):
            digest.update(self._read(offset, min(offset + _CHUNK, end)))
        return digest.hexdigest()


def _read_at(descriptor: int, start: int, count: int) -> bytes:
    if hasattr(os, "pread"):
        data: bytes = os.pread(descriptor, count, start)
        return data
    # Threads share the position.
    with _POSITION:
        os.lseek(descriptor, start, os.SEEK_SET)
        return os.read(descriptor, count)
