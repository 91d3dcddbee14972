"""The command line as a whole: help, usage, exit codes, and how bugs and closed pipes end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import safeload
from safeload.cli import audit
from safeload.cli.output import plain
from tests.cli.conftest import Run

VERBS = [
    "demo",
    "keygen",
    "public",
    "sign",
    "verify",
    "load",
    "audit",
    "explain",
    "policy",
    "trust",
]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_that_names_the_exit_codes(run: Run, verb: str) -> None:
    outcome = run(verb, "--help")
    assert outcome.code == 0
    assert "0 accepted, 1 refused, 2 usage, 3 could not decide" in outcome.out


def test_help_names_every_verb(run: Run) -> None:
    outcome = run("--help")
    assert outcome.code == 0
    assert all(verb in outcome.out for verb in VERBS)


def test_version(run: Run) -> None:
    assert run("--version").out == f"safeload {safeload.__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["audit"],
        ["audit", "x", "--format", "xml"],
        ["sign", "x"],
        ["verify"],
        ["load"],
        ["keygen", "--type", "rsa"],
        ["explain", "a", "--lines", "many"],
        ["audit", "x", "--out", "y"],  # no abbreviations
        ["demo", "now"],
    ],
)
def test_wrong_usage_is_2(run: Run, arguments: list[str]) -> None:
    outcome = run(*arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert "usage:" in outcome.err


def test_a_bug_is_not_an_answer(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(options: object) -> int:
        raise ZeroDivisionError("\x1b[2J")

    monkeypatch.setattr(audit, "run", broken)
    outcome = run("audit", "x")
    assert outcome.code == 3
    assert outcome.error == "internal"
    assert "\x1b" not in outcome.err


def test_interrupted_is_not_success(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(options: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(audit, "run", interrupted)
    assert run("audit", "x").code == 130


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "safeload", *map(str, arguments)]


@pytest.fixture
def none_pickle(tmp_path: Path) -> Path:
    path = tmp_path / "none.pkl"
    path.write_bytes(b"\x80\x04N.")
    return path


def test_a_closed_pipe_is_not_success(none_pickle: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with subprocess.Popen(
        command("audit", none_pickle), stdout=writing, stderr=subprocess.PIPE
    ) as child:
        os.close(writing)
        assert child.stderr is not None
        assert child.stderr.read() == b""
    assert child.returncode == 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_not_success(none_pickle: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        child = subprocess.run(
            command("audit", none_pickle), stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert child.returncode == 3


def test_closed_standard_streams_do_no_harm(none_pickle: Path) -> None:
    line = 'exec "$@" <&- 2>&-'
    child = subprocess.run(
        ["/bin/sh", "-c", line, "sh", *command("audit", none_pickle)],
        stdout=subprocess.PIPE,
        check=False,
    )
    assert child.returncode == 0
    assert b"ACCEPT" in child.stdout


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a", "a"),
        ("mod\u00e8le", "mod\u00e8le"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb", "a\\nb"),
        ("\u202egnp", "\\u202egnp"),
        ("\udcff", "\\udcff"),
    ],
)
def test_plain_text_cannot_steer_a_terminal(text: str, shown: str) -> None:
    assert plain(text) == shown
