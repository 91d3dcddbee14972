"""A Keras model in HDF5, of which not all is read."""

from __future__ import annotations


def build(canary: str) -> bytes:
    del canary
    return b"\x89HDF\r\n\x1a\n" + bytes(504)
