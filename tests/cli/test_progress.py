"""The progress bar: after a second, on a terminal, and never in the result."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest

from safeload.cli import progress
from safeload.cli.progress import shown


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "is_terminal", lambda stream: stream is sys.stderr)


@pytest.fixture
def bar(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """The bar does not wait for a second; this is set once it is shown."""
    is_shown, show = threading.Event(), progress._Bar.show

    def show_and_tell(bar: progress._Bar) -> None:
        try:
            show(bar)
        finally:
            is_shown.set()

    monkeypatch.setattr(progress, "_SHOWN_AFTER_SECONDS", 0.0)
    monkeypatch.setattr(progress._Bar, "show", show_and_tell)
    return is_shown


def test_without_a_terminal_nothing_is_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_SHOWN_AFTER_SECONDS", 0.0)
    with shown("Working", total=3) as advance:
        time.sleep(0.1)
        advance(1)
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("terminal")
def test_quick_work_shows_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_SHOWN_AFTER_SECONDS", 1_000.0)
    with shown("Working", total=3) as advance:
        advance(3)
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("total", [3, None])
def test_long_work_shows_a_bar_on_stderr(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    bar: threading.Event,
    total: int | None,
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    with shown("Working", total=total) as advance:
        bar.wait()
        for _ in range(3):
            advance(1)
    out, err = capsys.readouterr()
    assert out == ""
    assert "Working" in err


def _fail(bar: threading.Event) -> None:
    with shown("Working"):
        bar.wait()
        raise ZeroDivisionError


@pytest.mark.usefixtures("terminal")
def test_an_error_closes_the_bar(bar: threading.Event) -> None:
    with pytest.raises(ZeroDivisionError):
        _fail(bar)
    bar.clear()
    # A bar that is still running would keep a second one from starting.
    with shown("Working"):
        bar.wait()


# What takes no time that grows with its input, asks questions meanwhile, or prints as it goes.
SHORT = {"completion", "keygen", "public", "trust", "watch"}


def test_every_verb_that_reads_more_than_a_little_shows_how_far_it_is() -> None:
    from safeload.cli.main import _VERBS

    folder = Path(progress.__file__).parent
    with_bar = {verb for verb in _VERBS if "with shown(" in (folder / f"{verb}.py").read_text()}
    assert set(_VERBS) - with_bar == SHORT
