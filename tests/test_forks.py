"""A fork in one thread leaves nothing closed or half made of what another one does."""

from __future__ import annotations

import importlib
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

import safeload
from safeload import forks
from safeload.loading import names, seal
from safeload.trust.keys import KeyType, SigningKey
from safeload.trust.trustfile import TrustFile

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


def in_a_child(work: Callable[[], Any]) -> int:
    """Do some work in a forked process, and return how that ends."""
    with warnings.catch_warnings():
        # Python says that a process with several threads may not bear it.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        # Whoever waits for ever is ended.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(60)
        work()
        code = 0
    except BaseException:  # noqa: BLE001  # the child ends here, whatever happens
        traceback.print_exc()
    finally:
        os._exit(code)


class Holder(threading.Thread):
    """A thread that holds a lock until it is told to let it go."""

    def __init__(self, lock: forks.Lock) -> None:
        super().__init__()
        self._lock = lock
        self.holding, self.told = threading.Event(), threading.Event()

    def run(self) -> None:
        with self._lock:
            self.holding.set()
            assert self.told.wait(60)

    def __enter__(self) -> Holder:
        self.start()
        assert self.holding.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self.told.set()
        self.join()


def take(lock: forks.Lock) -> None:
    with lock:
        pass


@pytest.mark.parametrize("place", range(len(forks._LOCKS)))
def test_a_lock_that_is_held_for_long_is_open_in_the_child(
    monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    monkeypatch.setattr(forks, "_PATIENCE", 0.0)
    lock = forks._LOCKS[place]
    with Holder(lock):
        assert in_a_child(lambda: take(lock)) == 0
    take(lock)


def test_a_fork_waits_for_whoever_holds_a_lock() -> None:
    done: list[str] = []

    def found_done() -> None:
        assert done

    with Holder(forks.IMPORTING) as holder:

        def finish() -> None:
            done.append("what the lock was held for")
            holder.told.set()

        timer = threading.Timer(0.2, finish)
        timer.start()
        code = in_a_child(found_done)
        timer.join()
    assert code == 0


def test_who_forks_may_hold_the_lock() -> None:
    lock = forks.IMPORTING
    with lock:
        assert in_a_child(lambda: take(lock)) == 0
    with Holder(lock):
        pass


def test_the_child_lets_go_what_it_held_at_the_fork() -> None:
    lock = forks.IMPORTING

    def held_by_another() -> None:
        with Holder(lock):
            pass

    def work() -> None:
        lock.release()
        held_by_another()

    with lock:
        assert in_a_child(work) == 0
    held_by_another()


def test_a_child_forked_while_another_thread_imports_finds_the_module_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "imported_slowly.py").write_text(
        "import sys, time\n"
        "sys.modules['__main__'].begun.set()\n"
        "time.sleep(0.5)\n"
        "class Whole: pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    begun = threading.Event()
    monkeypatch.setattr(sys.modules["__main__"], "begun", begun, raising=False)

    def resolve() -> None:
        names._object.cache_clear()
        with forks.IMPORTING:
            names._object("imported_slowly", "Whole")

    other = threading.Thread(target=resolve)
    other.start()
    assert begun.wait(60)
    whole = in_a_child(lambda: importlib.import_module("imported_slowly").Whole)
    other.join()
    assert whole == 0


HOLDING = """
import os, threading, time, warnings
warnings.simplefilter("ignore")
from safeload import forks
import concurrent.futures.thread, logging
importing, done = threading.Event(), []
def work():
    with forks.IMPORTING:
        importing.set()
        time.sleep(0.5)
        with logging._lock, concurrent.futures.thread._global_shutdown_lock:
            done.append(True)
other = threading.Thread(target=work)
other.start()
importing.wait()
child = os.fork()
if not child:
    os._exit(0 if done else 1)
print(os.waitpid(child, 0)[1])
other.join()
"""


def test_a_fork_waits_for_imports_before_it_holds_what_they_wait_for() -> None:
    command = [sys.executable, "-c", HOLDING]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (shown.stdout, shown.returncode) == ("0\n", 0), shown.stderr


def test_a_child_forked_while_another_thread_prepares_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps([1, 2]))
    monkeypatch.setattr(forks, "_PATIENCE", 0.0)
    with Holder(seal._PREPARING):
        monkeypatch.setattr(seal, "_prepared", False)
        assert in_a_child(lambda: safeload.load_unsigned(path)) == 0


IMPORTS = """
import json, sys, traceback, warnings
warnings.simplefilter("ignore")
import safeload
from safeload import forks
from safeload.trust.trustfile import TrustFile

class Finder:
    alone = []
    def find_spec(self, name, path=None, target=None):
        if not any(lock._is_owned() for lock in forks._LOCKS):
            ours = [at for at in traceback.extract_stack() if "/safeload/" in at.filename]
            self.alone.append([name, f"{ours[-1].filename}:{ours[-1].lineno}" if ours else ""])

safeload.load, safeload.IsolatedModel
sys.meta_path.insert(0, Finder())
folder = sys.argv[1]
safeload.load_unsigned(f"{folder}/a.pkl")
safeload.load(f"{folder}/a.joblib", trust=f"{folder}/trust.toml", probe=True)
safeload.load(f"{folder}/a.skops", trust=f"{folder}/trust.toml", probe=True)
safeload.load_unsigned(f"{folder}/a.joblib", isolated=True).close()
print(json.dumps(Finder.alone))
"""


def test_whatever_a_load_imports_it_imports_where_a_fork_waits_for_it(tmp_path: Path) -> None:
    # A module that was half imported by another thread stays so in the child: it would wait for it.
    key = SigningKey.generate(KeyType.ED25519)
    TrustFile.add(tmp_path / "trust.toml", name="me", key=key.public, models=["m"])
    (tmp_path / "a.pkl").write_bytes(pickle.dumps([1, 2]))
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    for file in ("a.joblib", "a.skops"):
        safeload.dump(model, tmp_path / file, key=key, name="m", version="1", probe=[[0.0]])
    shown = subprocess.run(
        [sys.executable, "-c", IMPORTS, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    assert json.loads(shown.stdout) == []


CHILDREN = """
import os, pickle, signal, sys, threading, warnings
warnings.simplefilter("ignore")
import safeload
paths = sys.argv[1:]
stop = threading.Event()
def work():
    while not stop.is_set():
        for path in paths: safeload.load_unsigned(path)
threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads: thread.start()
ends = []
for _ in range(8):
    child = os.fork()
    if not child:
        signal.alarm(60)
        for path in paths: safeload.load_unsigned(path)
        os._exit(0)
    ends.append(os.waitpid(child, 0)[1])
stop.set()
for thread in threads: thread.join()
print(ends)
"""


def test_children_forked_while_other_threads_load_for_the_first_time_load(tmp_path: Path) -> None:
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    joblib.dump(model, tmp_path / "a.joblib")
    skops.io.dump(model, tmp_path / "a.skops")
    shown = subprocess.run(
        [sys.executable, "-c", CHILDREN, tmp_path / "a.joblib", tmp_path / "a.skops"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (shown.stdout.strip(), shown.returncode) == (str([0] * 8), 0), shown.stderr
