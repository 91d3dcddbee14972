"""A pickle that calls, within an HDF5 file."""

from __future__ import annotations

from malicious_samples.recipes import payload


def build(canary: str) -> bytes:
    return b"\x89HDF\r\n\x1a\n" + bytes(504) + payload(canary) + bytes(40)
