"""A 7z archive without an end."""

from __future__ import annotations


def build(canary: str) -> bytes:
    del canary
    return b"7z\xbc\xaf\x27\x1c\0\x04" + bytes(24)
