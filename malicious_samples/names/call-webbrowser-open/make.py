"""Webbrowser.open starts a program."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call


def build(canary: str) -> bytes:
    del canary
    return pickled_call("webbrowser", "open", "https://example.org/")
