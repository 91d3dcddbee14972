"""Agents to sign with: OpenSSH's own, as a process, and one that says what it is told."""

from __future__ import annotations

import base64
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

__all__ = ["Agent", "HostileAgent", "blob_of", "running_agent"]

PASSWORD = "open sesame"


class Agent:
    """An ssh-agent of OpenSSH's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "agent"
        # Says what the person says who is asked to confirm, or the password to lock with.
        self.person = folder / "person"
        self.environment = {
            **os.environ,
            "SSH_AUTH_SOCK": str(self.socket),
            "SSH_ASKPASS": str(self.person),
            "SSH_ASKPASS_REQUIRE": "force",
        }
        self.person_says(agrees=True)

    def person_says(self, *, agrees: bool) -> None:
        # Who is asked to agree says nothing, and who is asked for a password says it.
        agreed = f'[ "$SSH_ASKPASS_PROMPT" = confirm ] && exit {0 if agrees else 1}'
        self.person.write_text(f"#!/bin/sh\n{agreed}\necho {PASSWORD}\n")
        self.person.chmod(0o700)

    def add(self, kind: str, *options: str, comment: str = "", bits: str = "") -> Path:
        """Make a key and give it to the agent; the file of its public half."""
        file = self.folder / f"{kind}{bits}-{comment.replace('/', '_') or 'key'}"
        size = ["-b", bits] if bits else []
        quiet = ["-q", "-N", "", "-C", comment, "-f", str(file)]
        subprocess.run(["ssh-keygen", "-t", kind, *size, *quiet], check=True)
        self.run(*options, str(file))
        return file.with_name(f"{file.name}.pub")

    def run(self, *arguments: str) -> str:
        """Tell the agent something by ``ssh-add``."""
        done = subprocess.run(
            ["ssh-add", "-q", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout


@contextmanager
def running_agent(folder: Path) -> Iterator[Agent]:
    """An agent of OpenSSH's, from its first word to its end."""
    if shutil.which("ssh-agent") is None:
        pytest.skip("OpenSSH's agent is not installed")
    agent = Agent(folder)
    command = ["ssh-agent", "-D", "-a", str(agent.socket)]
    with subprocess.Popen(command, env=agent.environment, stdout=subprocess.PIPE) as process:
        try:
            # It says where it listens once it does.
            assert process.stdout is not None
            process.stdout.readline()
            yield agent
        finally:
            process.terminate()


# -- an agent that says what it is told ------------------------------------------------------------


def blob_of(public: Path) -> bytes:
    """The public key of a ``.pub`` file, as agents say it."""
    return base64.b64decode(public.read_text().split()[1])


Answer = Callable[[socket.socket, bytes], None]


class HostileAgent:
    """Reads a request and does what it was told to; remembers what it was asked."""

    def __init__(self, where: Path, answer: Answer) -> None:
        self.asked: list[bytes] = []
        self._answer = answer
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listening.bind(str(where))
        self._listening.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> HostileAgent:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                length = int.from_bytes(self._read(connection, 4), "big")
                request = self._read(connection, length)
                self.asked.append(request)
                # Whoever asked may have hung up.
                with suppress(OSError):
                    self._answer(connection, request)

    @staticmethod
    def _read(connection: socket.socket, count: int) -> bytes:
        data = b""
        while len(data) < count and (chunk := connection.recv(count - len(data))):
            data += chunk
        return data
