"""Multiprocessing starts a program."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    return pickled_call(
        "multiprocessing.util", "spawnv_passfds", b"/usr/bin/touch", ("touch", canary), ()
    )
