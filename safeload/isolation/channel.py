"""Messages between two processes: a JSON object and raw bytes, each with its length before it.

Nothing is ever pickled. Whoever receives says how long either part may be, and takes no more bytes
than the sender has announced.

Trust: the other side may have been taken over, and may send anything, or nothing.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterable
from typing import Any

__all__ = ["Bytes", "GarbledError", "NoFormError", "receive", "send"]

Bytes = bytes | bytearray | memoryview

_LENGTHS = struct.Struct(">QQ")
_CHUNK = 1 << 20


class GarbledError(ValueError):
    """The message is none; the text says why, in a clause."""


class NoFormError(TypeError):
    """A value has no form that can be sent; the text says which, in a clause."""


def send(descriptor: int, header: dict[str, Any], parts: Iterable[Bytes] = ()) -> None:
    """Send a message.

    Args:
        descriptor: File descriptor to write to.
        header: Of JSON types; NaN and infinities may occur.
        parts: Raw bytes, one after the other.

    Raises:
        OSError: The other side is gone.
    """
    # Half a surrogate pair is text, too: it stays an escape.
    text = json.dumps(header).encode("ascii")
    views = [memoryview(part).cast("B") for part in parts if len(part)]
    _write(descriptor, memoryview(_LENGTHS.pack(len(text), sum(map(len, views))) + text))
    for view in views:
        _write(descriptor, view)


def receive(descriptor: int, *, text: int, size: int) -> tuple[dict[str, Any], bytearray]:
    """Receive a message.

    Args:
        descriptor: File descriptor to read from.
        text: Length that the JSON may have, bytes.
        size: Length that the raw bytes may have.

    Returns:
        The object and the bytes.

    Raises:
        EOFError: The other side is gone.
        GarbledError: What it sent is no message, or too long.
    """
    text_length, length = _LENGTHS.unpack(_read(descriptor, _LENGTHS.size))
    if text_length > text or length > size:
        raise GarbledError("it is longer than agreed")
    try:
        header = json.loads(_read(descriptor, text_length))
    except (ValueError, RecursionError) as error:
        raise GarbledError("it is not JSON") from error
    if type(header) is not dict:
        raise GarbledError("it is not a JSON object")
    return header, _read(descriptor, length)


def _write(descriptor: int, view: memoryview) -> None:
    while view:
        view = view[os.write(descriptor, view[:_CHUNK]) :]


def _read(descriptor: int, length: int) -> bytearray:
    # It grows with what arrives: to announce bytes costs nothing.
    data = bytearray()
    while len(data) < length:
        chunk = os.read(descriptor, min(_CHUNK, length - len(data)))
        if not chunk:
            raise EOFError
        data += chunk
    return data
