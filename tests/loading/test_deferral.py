"""Warnings that a load gives are shown once it is over, as the program shows all others."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from safeload.loading import deferral, seal
from safeload.loading.current import CURRENT

ROOT = Path(__file__).parent.parent.parent
MODULE: dict[str, Any] = vars(warnings)


@pytest.fixture(autouse=True)
def found_as_it_was() -> Iterator[None]:
    """What shows warnings is the program's, before and after, and there every one is shown."""
    before = MODULE["_showwarnmsg"]
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        yield
        assert MODULE["_showwarnmsg"] is before


class Shown:
    """A handler of the program, which opens a log, and keeps what it was given."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "log"
        self.given: list[tuple[Any, ...]] = []

    def __call__(self, message: Any, category: Any, filename: str, lineno: int, *_: Any) -> None:
        assert CURRENT.load is None
        with self.log.open("a") as log:
            log.write(f"{message}\n")
        self.given.append((str(message), category, filename, lineno))


def warn(text: str = "of another release") -> str:
    warnings.warn_explicit(text, FutureWarning, "a_library.py", 7)
    return "loaded"


GIVEN = ("of another release", FutureWarning, "a_library.py", 7)


def test_a_warning_comes_to_the_programs_handler_as_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = Shown(tmp_path)
    monkeypatch.setattr(warnings, "showwarning", shown)
    assert seal.sealed(warn) == "loaded"
    assert shown.given == [GIVEN]


def test_a_handler_that_is_set_during_the_load_shows_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, shown = Shown(tmp_path), Shown(tmp_path)
    monkeypatch.setattr(warnings, "showwarning", before)

    def work() -> None:
        warn()
        monkeypatch.setattr(warnings, "showwarning", shown)

    seal.sealed(work)
    assert (before.given, shown.given) == ([], [GIVEN])


def test_a_hook_of_the_programs_own_below_the_handler_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []

    def hook(message: warnings.WarningMessage) -> None:
        (tmp_path / "log").write_text(str(message))
        given.append((str(message.message), message.category, message.filename, message.lineno))

    monkeypatch.setitem(MODULE, "_showwarnmsg", hook)
    seal.sealed(warn)
    assert MODULE["_showwarnmsg"] is hook
    assert given == [GIVEN]


def test_a_hook_that_is_put_over_ours_stays_and_may_go_on_calling_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = Shown(tmp_path)
    monkeypatch.setattr(warnings, "showwarning", shown)
    before = MODULE["_showwarnmsg"]
    ours: list[Any] = []

    def hook(message: warnings.WarningMessage) -> None:
        ours[0](message)

    def work() -> None:
        ours.append(MODULE["_showwarnmsg"])
        MODULE["_showwarnmsg"] = hook
        warn()

    try:
        seal.sealed(work)
        assert MODULE["_showwarnmsg"] is hook
        seal.sealed(warn)
        assert MODULE["_showwarnmsg"] is hook
        warn()
    finally:
        MODULE["_showwarnmsg"] = before
    assert shown.given == [GIVEN] * 3


def test_what_is_recorded_around_a_load_is_recorded_once() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        seal.sealed(warn)
    assert [(str(w.message), w.category, w.filename, w.lineno) for w in caught] == [GIVEN]


def test_what_is_recorded_within_a_load_is_there_at_once_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = Shown(tmp_path)
    monkeypatch.setattr(warnings, "showwarning", shown)

    def work() -> int:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warn()
            return len(caught)

    assert seal.sealed(work) == 1
    assert shown.given == []


def test_what_is_recorded_in_a_context_is_there_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    # As Python 3.14 does where each thread and task has warnings of its own.
    context = SimpleNamespace(log=[])
    monkeypatch.setitem(MODULE, "_get_context", lambda: context)
    monkeypatch.setattr(warnings, "showwarning", MODULE["_showwarning_orig"])
    monkeypatch.setitem(MODULE, "_showwarnmsg_impl", lambda message: None)
    assert deferral._is_recorded()
    context.log = None
    assert not deferral._is_recorded()


def test_a_warning_that_is_an_error_is_raised_where_it_is_given() -> None:
    warnings.simplefilter("error")
    with pytest.raises(FutureWarning):
        seal.sealed(warn)


def test_a_warning_that_is_ignored_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = Shown(tmp_path)
    monkeypatch.setattr(warnings, "showwarning", shown)
    warnings.simplefilter("ignore")
    seal.sealed(warn)
    assert shown.given == []


def test_warnings_may_go_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        try:
            seal.sealed(warn)
        finally:
            logging.captureWarnings(False)
    assert [record.name for record in caplog.records] == ["py.warnings"]


def test_without_a_handler_a_warning_goes_to_stderr_with_its_line(tmp_path: Path) -> None:
    # Python opens the file to show the line, which it could not do under the seal.
    library = tmp_path / "a_library.py"
    library.write_text("import warnings\ndef warn():\n    warnings.warn('odd')  # this line\n")
    code = "import a_library; from safeload.loading.seal import sealed; sealed(a_library.warn)"
    shown = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stderr.splitlines() == [
        f"{library}:3: UserWarning: odd",
        "  warnings.warn('odd')  # this line",
    ]


def test_a_handler_that_fails_fails_as_without_a_load(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(warnings, "showwarning", fails)
    with pytest.raises(ZeroDivisionError):
        seal.sealed(warn)
    assert CURRENT.load is None


def test_a_handler_that_fails_does_not_hide_why_the_load_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_: Any) -> None:
        raise ZeroDivisionError

    def work() -> None:
        warn()
        raise KeyboardInterrupt

    monkeypatch.setattr(warnings, "showwarning", fails)
    with pytest.raises(KeyboardInterrupt):
        seal.sealed(work)


def test_warnings_of_other_threads_are_shown_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = Shown(tmp_path)
    monkeypatch.setattr(warnings, "showwarning", shown)
    asked, done = threading.Event(), threading.Event()

    def of_another() -> None:
        assert asked.wait(60)
        warn("of another thread")
        done.set()

    def work() -> None:
        warn()
        asked.set()
        assert done.wait(60)

    other = threading.Thread(target=of_another)
    other.start()
    seal.sealed(work)
    other.join()
    assert [given[0] for given in shown.given] == ["of another thread", "of another release"]


def test_each_of_several_threads_shows_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[tuple[int, str]] = []

    def show(message: Any, *_: Any) -> None:
        shown.append((threading.get_ident(), str(message)))

    monkeypatch.setattr(warnings, "showwarning", show)
    expected: list[tuple[int, str]] = []

    def work() -> None:
        for number in range(50):
            text = f"{threading.get_ident()}: {number}"
            expected.append((threading.get_ident(), text))
            seal.sealed(lambda text=text: warn(text))  # type: ignore[misc]

    others = [threading.Thread(target=work) for _ in range(4)]
    for other in others:
        other.start()
    for other in others:
        other.join()
    assert sorted(shown) == sorted(expected)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_shows_warnings_as_the_program_did() -> None:
    before = MODULE["_showwarnmsg"]
    loading, done = threading.Event(), threading.Event()

    def work() -> None:
        loading.set()
        assert done.wait(60)

    other = threading.Thread(target=seal.sealed, args=[work])
    other.start()
    assert loading.wait(60)
    warnings.simplefilter("ignore")
    child = os.fork()
    if not child:
        os._exit(0 if MODULE["_showwarnmsg"] is before else 1)
    done.set()
    other.join()
    assert os.waitpid(child, 0)[1] == 0
