"""docs/mlflow.md is executed from an empty folder: its files are written, its commands typed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from safeload.serving.mlflow.staging import CODE_VARIABLE, TRUST_VARIABLE
from tests.documents import blocks_of, pattern
from tests.with_mlflow.conftest import free_port
from tests.with_mlflow.ordinary import DOCUMENT

TEXT = DOCUMENT.read_text("utf-8")


class Shell:
    """Types commands, one process each; what was exported stays."""

    def __init__(self, temporary: Path) -> None:
        self.environment = {
            **os.environ,
            "TMPDIR": os.fspath(temporary),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "no_proxy": "*",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        self.sessions: list[int] = []

    def run(self, command: str) -> str:
        if exported := re.fullmatch(r"export (\w+)=(\S+)", command):
            self.environment[exported[1]] = exported[2]
            return ""
        process = subprocess.Popen(
            command,
            shell=True,
            executable="/bin/bash",
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.sessions.append(process.pid)
        return process.communicate()[0]

    def close(self) -> None:
        for session in self.sessions:
            with suppress(ProcessLookupError):
                os.killpg(session, signal.SIGTERM)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    for folder in ("here", "temporary"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    typed = Shell(tmp_path / "temporary")
    try:
        yield typed
    finally:
        typed.close()


def test_the_page_does_what_it_shows(shell: Shell) -> None:
    port = str(free_port())
    for language, block in blocks_of(TEXT):
        if language == "python":
            Path(block.splitlines()[0].removeprefix("# ")).write_text(block)
        elif language == "console":
            for step in re.split(r"^\$ ", block.replace("5001", port), flags=re.MULTILINE)[1:]:
                command, _, expected = step.partition("\n")
                shown = shell.run(command)
                assert re.fullmatch(pattern(expected.strip()), shown.strip(), re.DOTALL), (
                    f"{command}\n{shown}"
                )


def test_the_page_names_what_there_is() -> None:
    assert TRUST_VARIABLE in TEXT
    assert CODE_VARIABLE in TEXT
    for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", TEXT):
        assert (DOCUMENT.parent / link).is_file(), link
