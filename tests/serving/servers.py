"""Servers on loopback, each a process of its own that ends with the test."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["Server", "free_port", "running", "until"]

ROOT = Path(__file__).parent.parent.parent
# Tries, a tenth of a second apart.
_TRIES = 1_200


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(happens: Callable[[], Any]) -> Any:
    """Wait until something is the case, and give it."""
    for _ in range(_TRIES):
        found = happens()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it never was the case")


class Server:
    """A server that was started.

    Args:
        process: Its process.
        log: What it writes.
        port: Where it listens.
    """

    def __init__(self, process: subprocess.Popen[bytes], log: Path, port: int) -> None:
        self.process = process
        self._log = log
        self._port = port

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self._log.read_text("utf-8", "replace")

    def ask(self, path: str, body: Any = None) -> tuple[int, Any]:
        """The status and the answer to a request; 0 if nobody answers yet."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}{path}",
            data,
            {"Content-Type": "application/json"},
            method="GET" if body is None else "POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, _read(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, _read(error.read())
        except (OSError, urllib.error.URLError):
            assert self.process.poll() is None, self.log
            return 0, None


def _read(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text.decode()


@contextmanager
def running(
    arguments: list[str], *, folder: Path, port: int, environment: dict[str, str]
) -> Iterator[Server]:
    """Start a server by ``python ARGUMENTS``, and end it whatever happens."""
    log = folder / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Server(process, log, port)
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
