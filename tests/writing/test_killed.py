"""Killed or failing at any step, what is written is old or new, and the next run leaves nothing."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from safeload.errors import SafeloadError
from tests.writing.scenarios import ONE_THREAD, SCENARIOS, leftovers

posix = pytest.mark.skipif(os.name != "posix", reason="open folders are a POSIX matter")


def killed(name: str, *more: str) -> dict[str, Any]:
    child = subprocess.run(
        [sys.executable, "-m", "tests.writing.killing", name, *more],
        cwd=Path(__file__).parent.parent.parent,
        env={**os.environ, **ONE_THREAD},
        stdout=subprocess.PIPE,
        check=True,
    )
    outcome: dict[str, Any] = json.loads(child.stdout.splitlines()[-1])
    if "skipped" in outcome:
        pytest.skip(outcome["skipped"])
    return outcome


def holds(outcome: dict[str, Any]) -> None:
    assert outcome["wrong"] == []
    # It was killed before and after the new state came about, and came to its end at last.
    assert set(outcome["states"]) == {"old", "new"}
    assert outcome["end"] == "new"
    assert outcome["stops"] >= 30


@pytest.mark.guarantee("G23")
@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_at_any_call_that_changes_files_it_is_old_or_new(name: str) -> None:
    holds(killed(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_at_any_call_at_all_it_is_old_or_new(name: str) -> None:
    holds(killed(name, "--every"))


CREATING = ["mkdir", "open", "write", "link", "fsync"]
CHANGING = [*CREATING, "replace", "unlink", "rmdir", "fchmod"]


class Failing:
    """Makes one call of the system fail, or all that create from one on."""

    def __init__(self, at: int, *, once: bool, code: int) -> None:
        self.left = at
        self.failed: list[str] = []
        self._once, self._code = once, code

    def wrapped(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **more: Any) -> Any:
            counts = name != "open" or bool(given[1] & os.O_CREAT)
            if counts:
                self.left -= 1
            persists = not self._once and name in CREATING
            if counts and (self.left == -1 or (self.left < 0 and persists)):
                self.failed.append(name)
                raise OSError(self._code, os.strerror(self._code))
            return function(*given, **more)

        return call


@posix
@pytest.mark.guarantee("G23")
@pytest.mark.parametrize(
    ("code", "once"),
    [(errno.ENOSPC, True), (errno.ENOSPC, False), (errno.EACCES, True)],
    ids=["no space once", "no space from then on", "no right once"],
)
@pytest.mark.parametrize("name", SCENARIOS)
def test_failing_at_any_call_it_is_as_before_or_done(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: int, once: bool
) -> None:
    scenario = SCENARIOS[name]
    originals = {call: getattr(os, call) for call in CHANGING}
    refusals = at = 0
    while True:
        here = folder / str(at)
        here.mkdir()
        scenario.prepare(here)
        failing = Failing(at, once=once, code=code)
        with monkeypatch.context() as patched:
            for call, function in originals.items():
                patched.setattr(os, call, failing.wrapped(call, function))
            try:
                scenario.run(here)
                expected = "new"
            except (SafeloadError, AssertionError):
                expected = "old"
                refusals += 1
        assert scenario.look(here) == expected, (at, failing.failed)
        if not {"unlink", "rmdir"} & set(failing.failed):
            assert leftovers(here) == [], (at, failing.failed)
        if not failing.failed:
            break
        scenario.again(here, expected)
        assert leftovers(here) == [], (at, failing.failed)
        at += 1
    assert refusals >= 8


@posix
@pytest.mark.parametrize("name", SCENARIOS)
def test_interrupted_after_any_call_it_is_old_or_new(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    scenario = SCENARIOS[name]
    originals = {call: getattr(os, call) for call in CHANGING}
    states: set[str] = set()
    at = 0
    while True:
        here = folder / str(at)
        here.mkdir()
        scenario.prepare(here)
        left = [at]
        with monkeypatch.context() as patched:
            for call, function in originals.items():
                patched.setattr(os, call, interrupting(function, left))
            # The command line turns the interrupt into an exit code.
            with suppress(KeyboardInterrupt, AssertionError):
                scenario.run(here)
        state = scenario.look(here)
        scenario.again(here, state)
        assert leftovers(here) == [], at
        states.add(state)
        if left[0] >= 0:
            break
        at += 1
    assert states == {"old", "new"}
    assert at >= 15


def interrupting(function: Callable[..., Any], left: list[int]) -> Callable[..., Any]:
    """A call after which the user interrupts the program, if it is that call's turn."""

    def call(*given: Any, **more: Any) -> Any:
        result = function(*given, **more)
        left[0] -= 1
        if left[0] == -1:
            if isinstance(result, int) and function is os_open:
                os.close(result)
            raise KeyboardInterrupt
        return result

    return call


os_open = os.open
