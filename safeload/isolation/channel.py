"""Messages between two processes: a JSON object and raw bytes, each with its length before it.

Nothing is ever pickled. Whoever receives says how long either part may be, and takes no more bytes
than the sender has announced.

Trust: the other side may have been taken over, and may send anything, or nothing, or be gone.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Protocol

from safeload.isolation.header import GarbledError, read_header

__all__ = ["Bytes", "GarbledError", "NoFormError", "Wait", "receive", "send"]

Bytes = bytes | bytearray | memoryview

_LENGTHS = struct.Struct(">QQ")
_CHUNK = 1 << 20


class NoFormError(TypeError):
    """A value has no form that can be sent; the text says which, in a clause."""


class Wait(Protocol):
    """Waits until a pipe that does not block can be used."""

    def __call__(self, *, writing: bool) -> None:
        """Wait until there is room to write, or something to read; or raise what ends it all."""


def send(
    descriptor: int,
    header: dict[str, Any],
    parts: Iterable[Bytes] = (),
    *,
    wait: Wait | None = None,
) -> None:
    """Send a message.

    Args:
        descriptor: File descriptor to write to.
        header: Of JSON types; NaN and infinities may occur.
        parts: Raw bytes, one after the other.
        wait: Called before each step; without it, the descriptor blocks by itself.

    Raises:
        OSError: The other side is gone.
    """
    # Half a surrogate pair is text, too: it stays an escape.
    text = json.dumps(header).encode("ascii")
    views = [memoryview(part).cast("B") for part in parts if len(part)]
    _write(descriptor, memoryview(_LENGTHS.pack(len(text), sum(map(len, views))) + text), wait)
    for view in views:
        _write(descriptor, view, wait)


def receive(
    descriptor: int, *, text: int, size: int, wait: Wait | None = None
) -> tuple[dict[str, Any], bytearray]:
    """Receive a message.

    Args:
        descriptor: File descriptor to read from.
        text: Length that the JSON may have, bytes.
        size: Length that the raw bytes may have.
        wait: Called before each step; without it, the descriptor blocks by itself.

    Returns:
        The object and the bytes.

    Raises:
        EOFError: The other side is gone.
        GarbledError: What it sent is no message, or too long.
    """
    text_length, length = _LENGTHS.unpack(_read(descriptor, _LENGTHS.size, wait))
    if text_length > text or length > size:
        raise GarbledError("it is longer than agreed")
    header = read_header(_read(descriptor, text_length, wait))
    return header, _read(descriptor, length, wait)


def _write(descriptor: int, view: memoryview, wait: Wait | None) -> None:
    while view:
        if wait is not None:
            wait(writing=True)
        with suppress(BlockingIOError):
            view = view[os.write(descriptor, view[:_CHUNK]) :]


def _read(descriptor: int, length: int, wait: Wait | None) -> bytearray:
    # It grows with what arrives: to announce bytes costs nothing.
    data = bytearray()
    while len(data) < length:
        if wait is not None:
            wait(writing=False)
        with suppress(BlockingIOError):
            chunk = os.read(descriptor, min(_CHUNK, length - len(data)))
            if not chunk:
                raise EOFError
            data += chunk
    return data
