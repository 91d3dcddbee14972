"""Nothing of a model outlives its caller, whatever the model does and whatever is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

import safeload
from safeload.isolation import process as module
from tests.isolation.test_model import load
from tests.isolation.test_process import comes_true, processes_with
from tests.isolation.third_parties import ThirdParty

# A program that loads a model, has it do something, and is killed meanwhile.
CALLER = """
import os, subprocess, sys, threading, time
from pathlib import Path
from tests.isolation.third_parties import ThirdParty
from tests.isolation.test_model import load
folder = Path(sys.argv[1])
sys.path.append(f"/nonexistent{folder}")
models = []
BEFORE
def start():
    models.append(load(folder / "a.joblib", ThirdParty()))
thread = threading.Thread(target=start)
thread.start()
thread.join()
ACT
print("ready", flush=True)
time.sleep(1e6)
"""
ACTS = {
    "while it waits": "",
    "while it computes": "threading.Thread(target=models[0].predict, args=(['loop()'],)).start()",
    "while it sleeps": (
        "threading.Thread(target=models[0].predict, args=([\"__import__('time').sleep(1e6)\"],))"
        ".start()"
    ),
    "and a program that it has started goes on": (
        "subprocess.Popen(['sleep', '1000'], stdout=subprocess.DEVNULL)"
    ),
    "and a fork of it goes on": "os.fork() or (os.close(1), time.sleep(1e6))",
}
NOT_ALONE = """
from safeload.isolation import process
process._PROGRAM = process._PROGRAM.replace("main(", \"\"\"
from safeload.isolation import namespaces
namespaces._unshare = lambda: False
main(\"\"\")
"""


@pytest.mark.guarantee("G20")
@pytest.mark.parametrize("before", ["", NOT_ALONE], ids=["alone", "not alone"])
@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_it_ends_when_its_caller_is_killed(tmp_path: Path, act: str, before: str) -> None:
    code = CALLER.replace("ACT", act).replace("BEFORE", before)
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        start_new_session=True,
    ) as caller:
        assert caller.stdout is not None
        assert caller.stdout.readline() == b"ready\n"
        mark = f"/nonexistent{tmp_path}"
        assert len(processes_with(mark)) == (2 if before else 3)
        caller.kill()
        assert comes_true(lambda: not processes_with(mark))
        # What else the caller has started.
        with suppress(ProcessLookupError):
            os.killpg(caller.pid, signal.SIGKILL)


@pytest.mark.guarantee("G20")
def test_it_lives_on_when_the_thread_that_started_it_has_ended(tmp_path: Path) -> None:
    models: list[safeload.IsolatedModel] = []
    thread = threading.Thread(target=lambda: models.append(load(tmp_path / "a", ThirdParty())))
    thread.start()
    thread.join()
    with models[0] as isolated:
        assert isolated.predict(["1 + 1"]) == ["2"]


@pytest.mark.guarantee("G20")
@pytest.mark.parametrize("alone", [True, False])
def test_none_is_left_when_one_of_its_processes_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: bool
) -> None:
    mark = f"/nonexistent{tmp_path}"
    monkeypatch.setattr(sys, "path", [*sys.path, mark])
    if not alone:
        scope: dict[str, object] = {}
        monkeypatch.setattr(module, "_PROGRAM", module._PROGRAM)
        exec(NOT_ALONE, scope)
    for number in range(3 if alone else 2):
        isolated = load(tmp_path / "a.joblib", ThirdParty())
        processes = sorted(processes_with(mark), key=int)
        assert len(processes) >= 2
        if number >= len(processes):
            pytest.skip("this kernel gives ordinary users no namespaces")
        os.kill(int(processes[number]), signal.SIGKILL)
        assert comes_true(lambda: not living(processes_with(mark)))
        with pytest.raises(safeload.LoadError) as caught:
            isolated.predict(["1"])
        assert caught.value.code == "isolated-crashed"
        isolated.close()
        assert comes_true(lambda: not processes_with(mark))


def test_it_answers_until_its_caller_ends_although_a_service_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = f"/nonexistent{tmp_path}"
    monkeypatch.setattr(sys, "path", [*sys.path, mark])
    with load(tmp_path / "a.joblib", ThirdParty()) as isolated:
        for process in processes_with(mark):
            for number in (signal.SIGTERM, signal.SIGHUP):
                os.kill(int(process), number)
        assert isolated.predict(["1 + 1"]) == ["2"]
    assert comes_true(lambda: not processes_with(mark))


def living(processes: list[str]) -> list[str]:
    """Those that are not waiting to be waited for."""
    found = []
    for process in processes:
        try:
            state = Path("/proc", process, "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z":
            found.append(process)
    return found
