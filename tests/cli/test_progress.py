"""The progress bar: after a second, on a terminal, and never in the result."""

from __future__ import annotations

import sys
import time

import pytest

from safeload.cli import progress
from safeload.cli.progress import shown


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "is_terminal", lambda stream: stream is sys.stderr)


def test_without_a_terminal_nothing_is_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_SHOWN_AFTER_SECONDS", 0.0)
    with shown("Working", total=3) as advance:
        time.sleep(0.1)
        advance(1)
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("terminal")
def test_quick_work_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with shown("Working", total=3) as advance:
        advance(3)
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("total", [3, None])
def test_long_work_shows_a_bar_on_stderr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, total: int | None
) -> None:
    monkeypatch.setattr(progress, "_SHOWN_AFTER_SECONDS", 0.0)
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    with shown("Working", total=total) as advance:
        for _ in range(3):
            time.sleep(0.2)
            advance(1)
    out, err = capsys.readouterr()
    assert out == ""
    assert "Working" in err


def _fail() -> None:
    with shown("Working"):
        time.sleep(0.1)
        raise ZeroDivisionError


@pytest.mark.usefixtures("terminal")
def test_an_error_closes_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_SHOWN_AFTER_SECONDS", 0.0)
    with pytest.raises(ZeroDivisionError):
        _fail()
    # A bar that is still running would keep a second one from starting.
    with shown("Working"):
        time.sleep(0.1)
