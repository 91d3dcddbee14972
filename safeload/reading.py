"""An open file is read into memory, once, and hashed on the way.

Neither reading nor hashing holds the interpreter's lock, so that the one hides behind the other,
and shards are hashed side by side.

Trust: the file is hostile, and may change while it is read; what counts is what arrives.

Source: readv(2).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from enum import Enum

from safeload.hashing import SHARD, SHARDED_FROM, shards_of, workers
from safeload.memory import Memory

__all__ = ["Hashing", "Progress", "fill"]

# Told how many bytes were just read.
Progress = Callable[[int], object]

# Small enough to be in the processor's cache still when it is hashed.
_CHUNK = 1 << 20
# From here on a second thread is worth starting.
_LARGE = 1 << 23


class Hashing(Enum):
    """Which digests are computed while a file is read; the others are when they are asked for."""

    WHOLE = "that of the whole"
    FINGERPRINT = "those that the file is recognised by"
    NONE = "none"


def fill(
    descriptor: int,
    buffer: Memory,
    hashing: Hashing,
    progress: Progress | None,
) -> tuple[int, dict[int, tuple[str, ...]]]:
    """Read a file from where it stands.

    Args:
        descriptor: The open file.
        buffer: Where its bytes belong; no more of them are read than fit.
        hashing: Which digests to compute.
        progress: Told how many bytes each step read.

    Returns:
        How many bytes that were; and digests by the size of their shards, 0 for that of the whole.

    Raises:
        OSError: The file cannot be read.
    """
    if hashing is Hashing.NONE:
        return _take(descriptor, buffer, lambda chunk: None, progress), {}
    if hashing is Hashing.FINGERPRINT and len(buffer) >= SHARDED_FROM:
        return _fill_shards(descriptor, buffer, progress)
    digest = hashlib.sha256()
    if len(buffer) < _LARGE:
        filled = _take(descriptor, buffer, digest.update, progress)
    else:
        # Neither reading nor hashing holds the interpreter's lock, and the one hides behind the
        # other. A single worker hashes the chunks in the order in which they come.
        with ThreadPoolExecutor(max_workers=1) as worker:
            filled = _take(
                descriptor, buffer, lambda chunk: worker.submit(digest.update, chunk), progress
            )
    return filled, {0: (digest.hexdigest(),)}


def _fill_shards(
    descriptor: int, buffer: Memory, progress: Progress | None
) -> tuple[int, dict[int, tuple[str, ...]]]:
    view = memoryview(buffer)
    shards = list(shards_of(len(view), SHARD))
    digests: list[Future[str]] = []
    filled = 0
    with ThreadPoolExecutor(workers()) as pool:

        def hash_what_is_full(chunk: memoryview) -> None:
            nonlocal filled
            filled += len(chunk)
            while len(digests) < len(shards) and shards[len(digests)][1] <= filled:
                start, end = shards[len(digests)]
                digests.append(pool.submit(_digest_of, view[start:end]))

        _take(descriptor, buffer, hash_what_is_full, progress)
    return filled, {SHARD: tuple([digest.result() for digest in digests])}


def _digest_of(data: memoryview) -> str:
    return hashlib.sha256(data).hexdigest()


def _take(
    descriptor: int,
    buffer: Memory,
    update: Callable[[memoryview], object],
    progress: Progress | None,
) -> int:
    filled = 0
    view = memoryview(buffer)
    while filled < len(view):
        chunk = view[filled : filled + _CHUNK]
        count = os.readv(descriptor, [chunk]) if hasattr(os, "readv") else _read(descriptor, chunk)
        if not count:
            break
        update(chunk[:count])
        filled += count
        if progress is not None:
            progress(count)
    return filled


def _read(descriptor: int, chunk: memoryview) -> int:
    data = os.read(descriptor, len(chunk))
    chunk[: len(data)] = data
    return len(data)
