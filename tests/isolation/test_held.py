"""A process belongs to who has started it: forks, threads, signals and ends change nothing of that.

Each test that forks does so in a program of its own, which has no threads but those it starts.
"""

from __future__ import annotations

import copy
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, cast

import cloudpickle
import joblib
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from safeload.errors import LoadError, UsageError
from safeload.isolation import held as module
from safeload.isolation import process as starting
from safeload.isolation.clock import Clock
from safeload.isolation.held import Held, Started
from safeload.isolation.model import IsolatedModel
from safeload.isolation.process import Process
from safeload.limits import Isolation
from tests.isolation.test_process import COMES_UP, LATE, SOON, asked, comes_true

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")

ANSWERS = COMES_UP + "while True: answer({'warnings': [], 'value': VALUE}); asked()\n"
ANSWERS = ANSWERS.replace("VALUE", "{'kind': 'plain', 'value': 1}")
STARTS = f"""
import gc, json, multiprocessing, os, signal, sys, threading, time, warnings
import safeload
from safeload.errors import LoadError, UsageError
from safeload.isolation import process as starting
from safeload.isolation.model import IsolatedModel
from safeload.isolation.process import Process
from safeload.limits import Isolation
# That there are threads, of libraries too, which a fork does not have.
warnings.simplefilter("ignore", DeprecationWarning)
COMES_UP, ANSWERS = {COMES_UP!r}, {ANSWERS!r}

def start(code=ANSWERS, **bounds):
    starting._PROGRAM = code
    return IsolatedModel(Process(Isolation(**bounds)), "", "", ("predict",))

def code_of(action):
    try: action()
    except (LoadError, UsageError) as error: return error.code

def descriptors():
    return sorted(os.listdir("/proc/self/fd"))
"""


def said(code: str, returns: int = 0) -> Any:
    """What a program says that starts processes, and forks."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", STARTS + code],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (returns, "")
    return json.loads(done.stdout)


# -- forks ----------------------------------------------------------------------------------------

FORKS = """
path = PATH
rows = [[1.0], [2.0]]
model = safeload.load_unsigned(path, isolated=True)
expected = model.predict(rows).tolist()
pipes = [pipe.fileno() for pipe in model._process._held._pipes]
assert len(pipes) == 3

def is_open(descriptor):
    try: os.fstat(descriptor)
    except OSError: return False
    return True

def use():
    told = [any(map(is_open, pipes))]
    told += [code_of(lambda: getattr(model, name)(rows)) for name in
             ("predict", "predict_proba", "decision_function", "score_samples", "transform")]
    model.close()
    told.append(code_of(lambda: model.predict(rows)))
    return told

def leave(way):
    global model
    if way == "error": sys.stderr = None; 1 / 0
    if way == "exit": sys.exit()
    if way == "collected": del model; gc.collect()
    os._exit(0)

told = []
for way in ("exit", "error", "collected", "at once"):
    workers = []
    for _ in range(2):
        reader, writer = os.pipe()
        if os.fork() == 0:
            os.write(writer, json.dumps(use()).encode())
            os.close(writer)
            leave(way)
        os.close(writer)
        workers.append(reader)
    told += [json.loads(os.read(reader, 10_000)) for reader in workers]
    assert model.predict(rows).tolist() == expected
    for _ in workers: os.wait()
    assert model.predict(rows).tolist() == expected
if os.fork() == 0:
    # Who loads a model of its own in a fork has one.
    with safeload.load_unsigned(path, isolated=True) as own:
        assert own.predict(rows).tolist() == expected
    sys.exit(3)
assert os.waitstatus_to_exitcode(os.wait()[1]) == 3
assert model.predict(rows).tolist() == expected
print(json.dumps(told))
"""


@pytest.mark.guarantee("G19")
def test_forks_cannot_use_it_and_do_it_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.joblib"
    joblib.dump(LinearRegression().fit([[0.0], [1.0]], [0.0, 3.0]), path)
    elsewhere = [False, *["isolated-elsewhere"] * 6]
    assert said(FORKS.replace("PATH", repr(str(path)))) == [elsewhere] * 8


def test_a_fork_does_not_wait_for_a_thread_that_it_does_not_have() -> None:
    told = said("""
model = start(COMES_UP + "while True: time.sleep(1)".replace("time", "__import__('time')"))
ended = []
thread = threading.Thread(target=lambda: ended.append(code_of(lambda: model.predict(1))))
thread.start()
while not model._process._asking.locked(): time.sleep(0.01)
if os.fork() == 0:
    signal.alarm(100)
    assert code_of(lambda: model.predict(1)) == "isolated-elsewhere"
    model.close()
    os._exit(7)
left = os.waitstatus_to_exitcode(os.wait()[1])
model.close()
thread.join()
print(json.dumps([left, ended]))
""")
    assert told == [7, ["isolated-closed"]]


def test_a_fork_in_the_middle_of_a_question_ends_it_in_the_fork_alone() -> None:
    told = said("""
model = start()
forked = []
def fork(number, frame):
    forked.append(os.fork())
signal.signal(signal.SIGALRM, fork)
model._process._held.wait, wait = None, model._process._held.wait
def wait_and_fork(clock, *, writing):
    if not forked: signal.raise_signal(signal.SIGALRM)
    wait(clock, writing=writing)
model._process._held.wait = wait_and_fork
code = code_of(lambda: model.predict(1))
if forked == [0]:
    os._exit(9 if code == "isolated-elsewhere" else 8)
print(json.dumps([code, os.waitstatus_to_exitcode(os.wait()[1]), model.predict(1)]))
""")
    assert told == [None, 9, 1]


def test_it_ends_with_its_owner_although_a_fork_lives_on() -> None:
    told = said(
        """
model = start()
print(json.dumps(model._process._held.process.pid), flush=True)
if os.fork() == 0:
    for stream in (0, 1, 2): os.close(stream)
    signal.alarm(100)
    time.sleep(1000)
os.kill(os.getpid(), signal.SIGKILL)
""",
        returns=-signal.SIGKILL,
    )
    assert comes_true(lambda: not Path(f"/proc/{told}").exists())


def test_no_fork_comes_between_the_start_and_the_list_of_what_was_started() -> None:
    seen: list[bool] = []

    def start() -> Started:
        # What a fork does before it forks, with no patience.
        thread = threading.Thread(target=lambda: seen.append(module._LOCK.acquire(blocking=False)))
        thread.start()
        thread.join()
        return Started([sys.executable, "-c", ""], life=None)

    held = Held(start)
    assert held in module._ALL
    held.end()
    assert held not in module._ALL
    # A fork takes the lock; here it was taken.
    assert seen == [False]
    told = said("""
from safeload.isolation import held
def fork():
    if os.fork() == 0: os._exit(0)
    os.wait()
with held._LOCK:
    thread = threading.Thread(target=fork)
    thread.start()
    thread.join(0.2)
    waits = thread.is_alive()
thread.join()
print(json.dumps(waits))
""")
    assert told is True


def test_processes_of_multiprocessing_cannot_use_it() -> None:
    told = said("""
def use(queue, model):
    queue.put(code_of(lambda: model.predict(1)))
model = start()
told = []
for method in ("fork", "spawn", "forkserver"):
    context = multiprocessing.get_context(method)
    queue = context.SimpleQueue()
    worker = context.Process(target=use, args=(queue, model))
    code = code_of(worker.start)
    if code is None:
        code = queue.get()
        worker.join()
    told.append(code)
print(json.dumps([told, model.predict(1)]))
""")
    assert told == [["isolated-elsewhere", "isolated-copied", "isolated-copied"], 1]


def test_it_is_not_copied() -> None:
    model = IsolatedModel(cast("Any", None), "", "", ())
    for way in (copy.copy, copy.deepcopy, pickle.dumps, cloudpickle.dumps, joblib.hash):
        with pytest.raises(UsageError) as caught:
            way(model)
        assert caught.value.code == "isolated-copied"
        assert caught.value.hint


# -- signals --------------------------------------------------------------------------------------


@pytest.mark.guarantee("G19")
def test_the_end_of_its_process_sends_no_signal_to_a_program_that_would_end_of_it() -> None:
    told = said(
        """
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
def ask():
    model = start(COMES_UP.rpartition("asked()")[0])
    told.append(code_of(lambda: model.predict("x" * 10_000_000)))
told = []
ask()
thread = threading.Thread(target=ask)
thread.start()
thread.join()
told += [len(signal.pthread_sigmask(signal.SIG_BLOCK, [])), len(signal.sigpending())]
print(json.dumps(told), flush=True)
# It is as the program wants it.
os.kill(os.getpid(), signal.SIGPIPE)
""",
        returns=-signal.SIGPIPE,
    )
    assert told == ["isolated-failed", "isolated-failed", 0, 0]


def test_a_signal_of_others_is_left_pending() -> None:
    told = said("""
from safeload.isolation.held import no_signal
reader, writer = os.pipe()
os.close(reader)
came = []
signal.signal(signal.SIGPIPE, lambda *_: came.append(1))
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGPIPE])
signal.raise_signal(signal.SIGPIPE)
for _ in range(2):
    try:
        with no_signal(): os.write(writer, b"x")
    except BrokenPipeError: pass
before = len(came)
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGPIPE])
try:
    with no_signal(): os.write(writer, b"x")
except BrokenPipeError: pass
print(json.dumps([before, len(came)]))
""")
    assert told == [0, 1]


def test_somebody_else_may_have_waited_for_it() -> None:
    told = said("""
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
told = [code_of(lambda: start(COMES_UP + "sys.exit(3)").predict(1))]
signal.signal(signal.SIGCHLD, signal.SIG_DFL)
model = start()
os.kill(model._process._held.process.pid, signal.SIGKILL)
os.waitpid(-1, 0)
told.append(code_of(lambda: model.predict(1)))
model.close()
print(json.dumps(told))
""")
    assert told == ["isolated-failed"] * 2


# -- threads and ends -----------------------------------------------------------------------------


def start(monkeypatch: pytest.MonkeyPatch, code: str, isolation: Isolation = LATE) -> Process:
    monkeypatch.setattr(starting, "_PROGRAM", code)
    return Process(isolation)


def test_a_pipe_in_use_is_closed_by_its_user(monkeypatch: pytest.MonkeyPatch) -> None:
    process = start(monkeypatch, ANSWERS)
    held = process._held
    with held.used(Clock(100)):
        process.end()
        assert held.process.returncode is not None
        for descriptor in (held.requests, held.answers):
            os.fstat(descriptor)
        with pytest.raises(UsageError) as caught:
            held.wait(Clock(100), writing=False)
        assert caught.value.code == "isolated-closed"
    assert all(pipe.closed for pipe in held._pipes)
    assert held not in module._ALL


def test_who_closes_it_ends_the_wait_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    # What it leaves behind keeps the pipe open.
    process = start(monkeypatch, COMES_UP + "os.fork() and os.setsid()\nwhile True: signal.pause()")
    codes: list[str] = []

    def ask() -> None:
        with pytest.raises(UsageError) as caught:
            asked(process)
        codes.append(caught.value.code)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert comes_true(process._asking.locked)
    process.end()
    for thread in threads:
        thread.join()
    assert codes == ["isolated-closed"] * 3


def test_where_pipes_cannot_be_waited_for_the_time_holds_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_POLL", None)
    process = start(monkeypatch, ANSWERS)
    assert asked(process, {}, [bytes(1_000_000)])[0]["value"]["value"] == 1
    process.end()
    process = start(monkeypatch, COMES_UP + "while True: pass")
    process._isolation = SOON
    with pytest.raises(LoadError) as caught:
        asked(process)
    assert caught.value.code == "isolated-timeout"
    assert all(pipe.closed for pipe in process._held._pipes)


@pytest.mark.guarantee("G19")
def test_nothing_is_left_of_twelve_that_were_used() -> None:
    told = said("""
def use(number):
    way = number % 6
    if way == 0:
        with start() as model: return model.predict(1)
    if way == 1:
        return code_of(lambda: start(COMES_UP + "while True: pass", seconds=2).predict(1))
    if way == 2:
        return code_of(lambda: start(COMES_UP + "os.abort()").predict(1))
    if way == 3:
        return code_of(lambda: start(COMES_UP + "answer([])\\nasked()").predict(1))
    model = start()
    if way == 4:
        return model.predict(1)
    thread = threading.Thread(target=model.close)
    thread.start()
    thread.join()
    return code_of(lambda: model.predict(1))
def fail():
    sys.executable, kept = "/nonexistent/python", sys.executable
    try: return code_of(start)
    finally: sys.executable = kept
use(0)
before = descriptors(), threading.active_count()
told = [use(number) for number in range(12)] + [fail()]
from safeload.isolation import held
assert not held._ALL
print(json.dumps([told, (descriptors(), threading.active_count()) == before]))
""")
    codes = [1, "isolated-timeout", "isolated-crashed", "isolated-garbled", 1, "isolated-closed"]
    assert told == [[*codes, *codes, "isolated-unavailable"], True]


def test_warnings_that_are_always_others_are_not_kept_for_good(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code = COMES_UP + (
        "for start in range(9):\n"
        "    told = [f'warning {start * 50 + n}' for n in range(50)] + ['warning 0']\n"
        "    answer({'warnings': told, 'value': {'kind': 'plain', 'value': start}}); asked()"
    )
    model = IsolatedModel(start(monkeypatch, code), "", "", ("predict",))
    with pytest.warns(UserWarning) as caught:  # noqa: PT030  # whatever they say
        assert [model.predict(1) for _ in range(5)] == list(range(5))
    model.close()
    assert len({str(warning.message) for warning in caught}) == 100
    assert {warning.filename for warning in caught} == {__file__}
    assert sum(str(warning.message) == "warning 0" for warning in caught) == 6
    assert np.all([warning.category is UserWarning for warning in caught])
