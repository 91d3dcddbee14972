"""A shell script with a pickle appended."""

from __future__ import annotations

from malicious_samples.recipes import payload


def build(canary: str) -> bytes:
    return b"#!/bin/sh\nexit 0\n" + payload(canary)
