"""A forbidden global is named and thrown away: its import alone runs the module."""

from __future__ import annotations

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    return Pickle().save(Name("antigravity", "webbrowser")).pop().save(1).finish()
