"""Of Python's own functions, it is known which the seal does not see; the table was measured."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from safeload.policy.policy import Policy
from safeload.policy.team.existence import examine
from safeload.policy.team.review import Issue, own_entries, review
from safeload.policy.team.sight import blind_spots, table
from safeload.verdict import Severity

ROOT = Path(__file__).parent.parent.parent.parent
MEASURABLE = sys.platform == "linux" and platform.machine() == "x86_64"


def severity(module: str, name: str) -> Severity | None:
    """How grave what is said of a name is; None if nothing is said."""
    return next((severity for severity, _ in blind_spots(module, name)), None)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("posix", "mkfifo"),
        ("os", "mkfifo"),
        ("os", "mknod"),
        ("_posixshmem", "shm_open"),
        ("os", "write"),
        ("os", "writev"),
        ("os", "sendfile"),
        ("os", "dup2"),
        ("os", "close"),
        ("os", "setuid"),
        ("os", "setgid"),
        ("os", "setgroups"),
        ("os", "chroot"),
        ("os", "nice"),
        ("os", "umask"),
        ("os", "_exit"),
        ("os", "abort"),
        ("signal", "signal"),
        ("_signal", "setitimer"),
        ("signal", "alarm"),
        ("time", "sleep"),
        ("sys", "setrecursionlimit"),
        ("sys", "setswitchinterval"),
        ("gc", "disable"),
        ("gc", "set_threshold"),
        ("atexit", "register"),
        ("faulthandler", "enable"),
        ("_posixsubprocess", "fork_exec"),
        ("mmap", "mmap.write"),
        ("io", "FileIO.write"),
        ("acme.tools", "os.mkfifo"),
        ("acme.tools.os", "mkfifo"),
        ("posix", "mkfifo.__call__"),
        ("__builtin__", "setattr"),
        ("multiprocessing.util", "spawnv_passfds"),
        # By another name: of the module in C, or of a module that imports it.
        ("csv", "field_size_limit"),
        ("codecs", "register"),
        ("decimal", "setcontext"),
        ("asyncio", "Future"),
        ("tempfile", "_os.mkfifo"),
        ("acme.tools", "_os.mkfifo"),
        ("_io", "BufferedWriter.close"),
        ("io", "TextIOWrapper"),
        # What ends something that a program has begun.
        ("gc", "enable"),
        ("tracemalloc", "stop"),
        ("faulthandler", "disable"),
        ("socket", "setdefaulttimeout"),
        ("_thread", "interrupt_main"),
        # Of modules that compute.
        ("random", "seed"),
        ("hashlib", "file_digest"),
    ],
)
def test_what_acts_without_an_event_is_known(module: str, name: str) -> None:
    assert severity(module, name) is Severity.ERROR


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("multiprocessing.shared_memory", "SharedMemory"),
        ("multiprocessing.synchronize", "SemLock"),
    ],
)
def test_what_names_a_function_that_acts_is_known(module: str, name: str) -> None:
    assert severity(module, name) is Severity.WARNING


@pytest.mark.parametrize(
    ("module", "name"),
    [
        # Objects of the program.
        ("sys", "stdout.write"),
        ("sys", "modules.pop"),
        ("gc", "callbacks.clear"),
        ("os", "environ._data.clear"),
        ("warnings", "filters.clear"),
        ("builtins", "dict.update"),
        ("operator", "setitem"),
        # They act, or have others act, in their own code or in that of a library.
        ("logging", "shutdown"),
        ("shutil", "copyfileobj"),
        ("multiprocessing", "Pipe"),
        ("multiprocessing", "Semaphore"),
        ("asyncio", "new_event_loop"),
        ("selectors", "DefaultSelector"),
        ("ssl", "create_default_context"),
        ("ctypes", "memmove"),
        ("ctypes", "memset"),
        ("sqlite3", "Connection.execute"),
        ("threading", "excepthook"),
        ("_queue", "SimpleQueue.get"),
        ("readline", "write_history_file"),
        ("_tkinter", "create"),
        ("_xxsubinterpreters", "run_string"),
        ("__builtin__", "execfile"),
    ],
)
def test_whatever_else_was_not_seen_to_be_stopped_is_named(module: str, name: str) -> None:
    assert severity(module, name) is Severity.WARNING


@pytest.mark.parametrize(
    ("module", "name"),
    [("os", "stat"), ("os", "getcwd"), ("posix", "access"), ("os", "getpid")],
)
def test_what_tells_how_things_are_is_known(module: str, name: str) -> None:
    assert severity(module, name) is Severity.WARNING


@pytest.mark.parametrize(
    ("module", "name"),
    [
        # Stopped, all of them.
        ("os", "mkdir"),
        ("os", "system"),
        ("builtins", "open"),
        ("socket", "socket"),
        ("os", "kill"),
        # They compute.
        ("math", "sin"),
        ("json", "loads"),
        ("collections", "deque.append"),
        ("random", "Random"),
        # The table knows none of these.
        ("acme.models", "Model"),
        ("acme", "write"),
        ("acme.queue", "Queue.put"),
        ("acme.code", "run"),
        ("numpy", "fromfile"),
        ("mkfifo", "os_"),
    ],
)
def test_of_everything_else_nothing_is_said(module: str, name: str) -> None:
    assert list(blind_spots(module, name)) == []


def test_the_default_policy_allows_nothing_that_acts_without_an_event() -> None:
    entries = Policy.default().entries
    grave = {key for key in entries if severity(*key) is Severity.ERROR}
    assert grave == set()


def test_a_function_is_in_one_section() -> None:
    names = [name for section in table().values() for name in section]
    assert len(names) == len(set(names))


SAMPLE = {
    "acts": [
        "posix.mkfifo",
        "posix.write",
        "posix.umask",
        "posix.dup2",
        "posix._exit",
        "_signal.alarm",
        "_signal.signal",
        "gc.disable",
        "sys.setrecursionlimit",
        "atexit.register",
        "_posixshmem.shm_open",
        "_posixsubprocess.fork_exec",
        "mmap.mmap.write",
    ],
    "asks": ["posix.stat", "posix.getcwd"],
    "stopped": ["posix.mkdir", "posix.kill", "posix.system", "posix.open", "posix.putenv"],
}


@pytest.mark.skipif(not MEASURABLE, reason="measured on Linux and x86-64 only")
def test_the_table_says_what_is_measured() -> None:
    names = [name for sample in SAMPLE.values() for name in sample]
    found = _measured(["math.sin", *names])
    for section, sample in SAMPLE.items():
        assert sorted(found[section]) == sorted(sample)
        assert {name: table()[section][name] for name in sample} == found[section]


@pytest.mark.slow
@pytest.mark.skipif(not MEASURABLE, reason="measured on Linux and x86-64 only")
def test_whatever_this_python_is_blind_for_is_in_the_table() -> None:
    assert set(_measured([])["acts"]) - set(table()["acts"]) == set()


def _measured(names: list[str]) -> dict[str, dict[str, str]]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", ROOT / "tools" / "measure_seal.py", "--one", *names],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=True,
    )
    found: dict[str, dict[str, str]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_review_says_what_the_seal_does_not_see(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        b'[[group]]\nreason = "ours"\nuses = ["call"]\n[group.names]\n'
        b'"os" = ["mkfifo", "mkdir"]\n"acme_pipes" = ["make", "sin"]\n'
    )

    def said(remarks: Iterable[Issue]) -> set[str]:
        return {remark.subject for remark in remarks if "the seal" in remark.message}

    assert said(review(text, "acme.toml", importing=False)) == {"os.mkfifo"}
    # What a module of the team's has under a name of its own is known once it is imported.
    (tmp_path / "acme_pipes.py").write_text("from os import mkfifo as make\nfrom math import sin\n")
    monkeypatch.syspath_prepend(tmp_path)
    looked_up = [
        remark
        for (module, name), entry in own_entries(text, "acme.toml").items()
        for remark in examine(module, name, entry)
    ]
    assert said(looked_up) == {"acme_pipes.make"}
