"""Under the seal a load computes and does nothing else, whatever the policy allows.

The policies here allow what no policy should. Each gadget is loaded without protection as well, in
a child process, and does its harm there: it creates a canary.
"""

from __future__ import annotations

import gc
import os
import pickle
import socket
import subprocess
import sys
import tempfile
import threading
import warnings
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import joblib
import numpy as np
import pytest
import skops.io
from scipy import stats
from sklearn.preprocessing import StandardScaler

import safeload
from safeload.errors import LoadError
from safeload.loading import event_allowlist, seal
from safeload.policy.policy import Entry, Policy
from safeload.scan.program import Use
from tests.builder import Name, Pickle
from tests.loading import gadgets

ROOT = Path(__file__).parent.parent.parent
HERE = "tests.loading.gadgets"
ANY_USE = Entry(frozenset(Use), None, "a careless policy")


def allowing(*names: Name) -> Policy:
    """The packs and these names, for every use and with any arguments."""
    extra = dict.fromkeys(((name.module, name.name) for name in names), ANY_USE)
    return Policy({**Policy.default().entries, **extra}, "0" * 64)


def call(function: Name, *args: Any) -> bytes:
    """A pickle that calls a function."""
    return Pickle(4).call(function, *args).finish()


def load(path: Path, data: bytes, *names: Name) -> Any:
    """Load a pickle that may use some names."""
    path.write_bytes(data)
    return safeload.load_unsigned(path, policy=allowing(*names))


def load_gadget(path: Path, name: str, *args: Any) -> Any:
    """Load a pickle that calls one of the functions for these tests."""
    gadget = Name(HERE, name)
    return load(path, call(gadget, *args), gadget)


def broken(error: pytest.ExceptionInfo[LoadError]) -> str:
    """The event that broke the seal."""
    assert error.value.code == "seal-broken"
    assert error.value.hint
    return error.value.message.removeprefix("Unpickling raised the event ").split(",")[0]


# -- gadgets --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Gadget:
    """A function, its arguments for a canary, and the event that gives it away."""

    function: Name
    event: str
    args: Callable[[Path], tuple[Any, ...]]
    uses: tuple[Name, ...] = ()

    def pickled(self, canary: Path) -> bytes:
        """The pickle that creates the canary."""
        return call(self.function, *self.args(canary))


def touch(canary: Path) -> str:
    return f"touch '{canary}'"


def python(canary: Path) -> str:
    return f"open({str(canary)!r}, 'w').close()"


SYSTEM = Name("posix", "system")
GADGETS = {
    "os.system": Gadget(SYSTEM, "os.system", lambda c: (touch(c),)),
    "exec": Gadget(Name("builtins", "exec"), "compile", lambda c: (python(c),)),
    "eval": Gadget(Name("builtins", "eval"), "compile", lambda c: (python(c),)),
    "open": Gadget(Name("builtins", "open"), "open", lambda c: (str(c), "w")),
    "os.open": Gadget(Name("posix", "open"), "open", lambda c: (str(c), os.O_CREAT)),
    "os.mkdir": Gadget(Name("posix", "mkdir"), "os.mkdir", lambda c: (str(c),)),
    "os.symlink": Gadget(Name("posix", "symlink"), "os.symlink", lambda c: ("x", str(c))),
    "os.posix_spawn": Gadget(
        Name("posix", "posix_spawn"),
        "os.posix_spawn",
        lambda c: ("/bin/touch", ["touch", str(c)], {}),
    ),
    "subprocess.Popen": Gadget(
        Name("subprocess", "Popen"), "subprocess.Popen", lambda c: (["touch", str(c)],)
    ),
    "subprocess.call": Gadget(
        Name("subprocess", "call"), "subprocess.Popen", lambda c: (["touch", str(c)],)
    ),
    "pty.spawn": Gadget(Name("pty", "spawn"), "pty.spawn", lambda c: (["touch", str(c)],)),
    "shutil.copyfile": Gadget(
        Name("shutil", "copyfile"),
        "shutil.copyfile",
        lambda c: (str(c.parent / "decoy.py"), str(c)),
    ),
    # The function looks for the file by itself; only the statement raises the event "import".
    "import_module": Gadget(
        Name("importlib", "import_module"), "os.listdir", lambda c: (c.name,)
    ),
    "__import__": Gadget(Name("builtins", "__import__"), "import", lambda c: (c.name,)),
    "runpy.run_path": Gadget(
        Name("runpy", "run_path"), "open", lambda c: (str(c.parent / f"{c.name}.py"),)
    ),
    "timeit": Gadget(
        Name("timeit", "timeit"),
        "compile",
        lambda c: (python(c), "pass", Name("time", "perf_counter"), 1),
        (Name("time", "perf_counter"),),
    ),
    "pickle.loads": Gadget(
        Name("_pickle", "loads"), "pickle.find_class", lambda c: (call(SYSTEM, touch(c)),)
    ),
    "a thread": Gadget(
        Name("_thread", "start_new_thread"),
        "_thread.start_new_thread",
        lambda c: (SYSTEM, (touch(c),)),
        (SYSTEM,),
    ),
    "logging.FileHandler": Gadget(
        Name("logging", "FileHandler"), "open", lambda c: (str(c),)
    ),
    "joblib.dump": Gadget(Name("joblib.numpy_pickle", "dump"), "open", lambda c: (1, str(c))),
    "numpy.savetxt": Gadget(Name("numpy", "savetxt"), "open", lambda c: (str(c), [1])),
}  # fmt: skip

# Loads them without protection, one after the other, and waits for the threads.
UNPROTECTED = """
import contextlib, os, pathlib, pickle, sys, time
sys.path.insert(0, sys.argv[1])
canaries = [pathlib.Path(sys.argv[1], name) for name in sys.argv[2:]]
for canary in canaries:
    with contextlib.suppress(Exception):
        pickle.loads(canary.with_suffix(".pkl").read_bytes())
until = time.monotonic() + 120
while not all(map(os.path.lexists, canaries)) and time.monotonic() < until:
    time.sleep(0.01)
print(*(canary.name for canary in canaries if not os.path.lexists(canary)))
"""


def build(folder: Path, canary: Path, gadget: Gadget) -> Path:
    """Write a gadget, and what it needs beside it."""
    (folder / "decoy.py").write_text("")
    (folder / f"{canary.name}.py").write_text(python(canary))
    path = canary.with_suffix(".pkl")
    path.write_bytes(gadget.pickled(canary))
    return path


@pytest.fixture(scope="module")
def harmless(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The gadgets that do no harm without protection."""
    folder = tmp_path_factory.mktemp("unprotected")
    names = {f"canary_{number}": name for number, name in enumerate(GADGETS)}
    for file, name in names.items():
        build(folder, folder / file, GADGETS[name])
    done = subprocess.run(
        [sys.executable, "-c", UNPROTECTED, str(folder), *names],
        cwd=ROOT, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return {names[file] for file in done.stdout.splitlines()[-1].split()}


@pytest.mark.guarantee("G18")
@pytest.mark.parametrize("name", GADGETS)
def test_a_gadget_that_a_careless_policy_allows_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    gadget, canary = GADGETS[name], tmp_path / "canary"
    path = build(tmp_path, canary, gadget)
    with pytest.raises(LoadError) as caught:
        safeload.load_unsigned(path, policy=allowing(gadget.function, *gadget.uses))
    assert broken(caught).split()[0] == gadget.event
    assert not canary.exists()


@pytest.mark.parametrize("name", GADGETS)
def test_a_gadget_does_its_harm_without_protection(harmless: set[str], name: str) -> None:
    assert name not in harmless


@pytest.mark.guarantee("G18")
def test_nothing_is_removed(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    rmtree = Name("shutil", "rmtree")
    with pytest.raises(LoadError) as caught:
        load(tmp_path / "a.pkl", call(rmtree, str(kept), True), rmtree)
    assert broken(caught).startswith("shutil.rmtree")
    assert kept.exists()


@pytest.mark.guarantee("G18")
def test_nobody_is_called(tmp_path: Path) -> None:
    connect = Name("socket", "create_connection")
    with socket.create_server(("127.0.0.1", 0)) as server:
        data = call(connect, server.getsockname())
        with pytest.raises(LoadError) as caught:
            load(tmp_path / "a.pkl", data, connect)
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert broken(caught)


@pytest.mark.guarantee("G18")
@pytest.mark.parametrize(
    ("function", "args", "event"),
    [
        (Name("ctypes", "CDLL"), (None,), "ctypes.dlopen"),
        (Name(HERE, "native_library"), ("system",), "ctypes.dlsym"),
        (Name("ctypes", "string_at"), (1,), "ctypes.string_at"),
        (Name("socket", "socket"), (), "socket.__new__"),
        (Name("posix", "fork"), (), "os.fork"),
        (Name("posix", "kill"), (1, 0), "os.kill"),
        (Name("posix", "putenv"), ("A", "B"), "os.putenv"),
        (Name("builtins", "compile"), ("f()", "", "eval"), "compile"),
        (Name("marshal", "loads"), (b"N",), "marshal.loads"),
        (Name("gc", "get_objects"), (), "gc.get_objects"),
        (Name("sys", "settrace"), (None,), "sys.settrace"),
        (Name(HERE, "forbid_later"), (), "sys.addaudithook"),
        (Name("mmap", "mmap"), (-1, 8), "mmap.__new__"),
        (Name("signal", "pthread_kill"), (0, 0), "signal.pthread_kill"),
        (Name("builtins", "input"), ("?",), "builtins.input"),
        (Name("builtins", "breakpoint"), (), "builtins.breakpoint"),
    ],
    ids=lambda value: value.name if isinstance(value, Name) else "",
)  # fmt: skip
def test_no_other_way_out_is_open(
    tmp_path: Path, function: Name, args: tuple[Any, ...], event: str
) -> None:
    with pytest.raises(LoadError) as caught:
        load(tmp_path / "a.pkl", call(function, *args), function)
    assert broken(caught).split()[0] == event


@pytest.mark.guarantee("G18")
def test_a_gadget_in_a_skops_file_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "a.skops"
    skops.io.dump(gadgets.Touches(str(tmp_path / "canary")), path)
    with pytest.raises(LoadError) as caught:
        safeload.load_unsigned(path, policy=allowing(Name(HERE, "Touches")))
    assert broken(caught).startswith("os.mkdir")
    assert not (tmp_path / "canary").exists()


@pytest.mark.guarantee("G18")
def test_a_gadget_in_a_signed_file_is_stopped(tmp_path: Path) -> None:
    """Signing loads the model, too, and has to stop there."""
    path = tmp_path / "a.joblib"
    joblib.dump(gadgets.Touches(str(tmp_path / "canary")), path)
    with pytest.raises(LoadError) as caught:
        safeload.sign(
            path,
            key=safeload.SigningKey.generate(),
            name="a",
            version="1",
            policy=allowing(Name(HERE, "Touches")),
        )
    assert broken(caught).startswith("os.mkdir")
    assert not (tmp_path / "canary").exists()


# -- evasion --------------------------------------------------------------------------------------


@pytest.mark.guarantee("G18")
@pytest.mark.parametrize("name", ["swallow_exceptions", "swallow_everything", "leave"])
def test_whoever_catches_the_refusal_does_not_get_the_model_loaded(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(LoadError) as caught:
        load_gadget(tmp_path / "a.pkl", name, str(tmp_path / "canary"))
    assert broken(caught).startswith("os.mkdir")
    assert not (tmp_path / "canary").exists()


@pytest.mark.guarantee("G18")
def test_another_thread_is_not_got_to_do_it(tmp_path: Path) -> None:
    with pytest.raises(LoadError) as caught:
        load_gadget(tmp_path / "a.pkl", "open_in_a_thread", str(tmp_path / "canary"))
    assert broken(caught).startswith("_thread.start")
    assert not (tmp_path / "canary").exists()


@pytest.mark.guarantee("G18")
def test_a_load_within_a_load_does_not_lift_the_seal(tmp_path: Path) -> None:
    def twice() -> None:
        assert seal.sealed(lambda: 7) == 7
        (tmp_path / "canary").mkdir()

    with pytest.raises(LoadError) as caught:
        seal.sealed(twice)
    assert broken(caught).startswith("os.mkdir")
    assert not (tmp_path / "canary").exists()


GENUINE_LOOKING: dict[str, tuple[Any, ...]] = {
    "another text in the form of a distribution's": ("compile", b"\ndef _parse_args(self, ):\n  x"),
    "a distribution's text that ends otherwise": (
        "compile",
        stats.norm._parse_arg_template.encode() + b"import os\n",
    ),
    "an array's header": (
        "compile",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }",
    ),
    "source that is text": ("compile", "{'descr': '<f8'}"),
    "source that is none": ("compile", None),
    "compile without source": ("compile",),
    "code that was not just compiled": ("exec", compile("1", "<string>", "eval")),
    "a time zone that nobody named": ("open", "/usr/share/zoneinfo/Europe/Paris", "r", 0),
    "bytes at any address": ("ctypes.cdata", 1),
    "the bytes of a buffer, for no library": ("ctypes.cdata/buffer", 1, 1, 0),
    "an event of somebody's own": ("somebody.acts",),
}


@pytest.mark.parametrize("what", GENUINE_LOOKING)
def test_what_only_looks_genuine_is_refused(tmp_path: Path, what: str) -> None:
    with pytest.raises(LoadError) as caught:
        seal.sealed(lambda: sys.audit(*GENUINE_LOOKING[what]))
    assert broken(caught).split()[0] == GENUINE_LOOKING[what][0]


def passes(libraries: set[str], *events: tuple[Any, ...]) -> bool:
    """Whether some events, one after the other, pass for those of a file that names libraries."""
    judged = event_allowlist.EventAllowlist(libraries)
    return [judged.includes(event[0], event[1:]) for event in events][-1]


def test_a_distribution_runs_its_own_text_at_once_and_once() -> None:
    compiled = ("compile", stats.norm._parse_arg_template.encode(), "<string>")
    assert passes(set(), compiled, ("exec", None))
    assert not passes(set(), compiled, ("exec", None), ("exec", None))
    assert not passes(set(), compiled, ("builtins.id", 1), ("exec", None))


ZONES = "/usr/share/zoneinfo"


@pytest.mark.parametrize(
    ("path", "mode", "flags", "expected"),
    [
        (f"{ZONES}/Europe/Paris", "r", 0, True),
        (f"{ZONES}/UTC", "rb", os.O_CLOEXEC, True),
        (f"{ZONES}/Etc/GMT+5", "rb", 0, True),
        (f"{ZONES}/../../../etc/passwd", "r", 0, False),
        (f"{ZONES}/Europe/../../passwd", "r", 0, False),
        (f"{ZONES}/tzdata.zi", "r", 0, False),
        (f"{ZONES}/", "r", 0, False),
        (f"{ZONES}//UTC", "r", 0, False),
        (f"{ZONES}-of-mine/UTC", "r", 0, False),
        (f"{ZONES}/UTC\n", "r", 0, False),
        (f"{ZONES}/Europe/Paris", "w", 0, False),
        (f"{ZONES}/Europe/Paris", "r+", 0, False),
        (f"{ZONES}/Europe/Paris", "r", os.O_RDWR, False),
        (f"{ZONES}/Europe/Paris", "r", os.O_CREAT, False),
        (f"{ZONES}/Europe/Paris", None, 0, False),
        ("/etc/passwd", "r", 0, False),
        (b"/etc/passwd", "r", 0, False),
        (3, "r", 0, False),
    ],
)
def test_of_all_files_only_time_zones_are_read(
    monkeypatch: pytest.MonkeyPatch, path: Any, mode: Any, flags: int, expected: bool
) -> None:
    monkeypatch.setattr("zoneinfo.TZPATH", (ZONES,))
    assert passes({"zoneinfo"}, ("open", path, mode, flags)) is expected
    assert not passes({"pandas"}, ("open", path, mode, flags))
    assert not passes({"zoneinfo"}, ("open", path))


@pytest.mark.parametrize(
    ("file", "name", "expected"),
    [
        ("/lib/xgboost/lib/libxgboost.so", "XGBoosterCreate", True),
        ("C:\\lib\\libxgboost.dll", "XGBoosterCreate", True),
        ("/lib/xgboost/lib/libxgboost.so", "system", False),
        ("/lib/lightgbm/lib/lib_lightgbm.so", "LGBM_BoosterFree", False),
        ("/lib/libxgboost.so/libc.so.6", "XGBoosterCreate", False),
        (None, "XGBoosterCreate", False),
    ],
)
def test_of_all_native_functions_only_those_of_its_library_are_called(
    monkeypatch: pytest.MonkeyPatch, file: Any, name: str, expected: bool
) -> None:
    import ctypes

    library = ctypes.CDLL(None)
    monkeypatch.setattr(library, "_name", file)
    looked_up = ("ctypes.dlsym", library, name)
    assert passes({"xgboost", "numpy"}, looked_up) is expected
    assert not passes({"numpy"}, looked_up)
    python = ctypes.pythonapi
    monkeypatch.setattr(python, "_name", file)
    assert not passes({"xgboost"}, ("ctypes.dlsym", python, name))
    assert not passes({"xgboost"}, ("ctypes.dlsym", library))


def test_native_libraries_are_given_bytes_and_no_addresses() -> None:
    given = ("ctypes.cdata/buffer", 4096, 10, 0)
    assert passes({"xgboost"}, given, ("ctypes.cdata", 4096))
    assert not passes({"xgboost"}, ("ctypes.cdata", 4096))
    assert not passes({"xgboost"}, given, ("ctypes.cdata", 8192))
    assert not passes({"xgboost"}, given, ("ctypes.cdata", 4096), ("ctypes.cdata", 4096))
    assert not passes({"xgboost"}, ("ctypes.cdata/buffer",))


# -- legitimate models -----------------------------------------------------------------------------


def run(code: str, *arguments: object, **environment: str) -> str:
    """Run code in a process of its own and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_time_zone_of_the_package_is_read_where_the_system_has_none(tmp_path: Path) -> None:
    pytest.importorskip("tzdata")
    path = tmp_path / "zone.pkl"
    path.write_bytes(pickle.dumps([ZoneInfo("America/Lima"), ZoneInfo("Asia/Tokyo")]))
    code = "import safeload, sys; print(*safeload.load_unsigned(sys.argv[1]))"
    assert run(code, path, PYTHONTZPATH="").split() == ["America/Lima", "Asia/Tokyo"]


def test_a_time_zone_of_pytz_is_read_in_a_first_load(tmp_path: Path) -> None:
    pytz = pytest.importorskip("pytz")
    path = tmp_path / "zone.pkl"
    path.write_bytes(pickle.dumps([pytz.timezone("America/Lima"), pytz.utc]))
    code = "import safeload, sys; print(*safeload.load_unsigned(sys.argv[1]))"
    assert run(code, path).split() == ["America/Lima", "UTC"]


# The first load of a process finds nothing warm: each of these needs something that is imported or
# opened when it is first used.
COLD: dict[str, Callable[[Path], object]] = {
    "bytes of protocol 0": lambda path: path.write_bytes(pickle.dumps(b"\xff", 0)),
    "an array of protocol 2": lambda path: path.write_bytes(pickle.dumps(np.ones(3), 2)),
    "a distribution": lambda path: joblib.dump(stats.norm(0, 1), path),
    "a time zone": lambda path: path.write_bytes(pickle.dumps(ZoneInfo("Europe/Paris"))),
    "a skops archive": lambda path: skops.io.dump(StandardScaler().fit([[1.0], [2.0]]), path),
}


@pytest.mark.parametrize("what", COLD)
def test_the_first_load_of_a_process_passes(tmp_path: Path, what: str) -> None:
    COLD[what](tmp_path / "model")
    run("import safeload, sys; safeload.load_unsigned(sys.argv[1])", tmp_path / "model")


def test_a_warning_is_shown_when_the_seal_is_lifted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = []

    def show(message: Any, *_: Any) -> None:
        (tmp_path / "log").write_text(str(message))
        shown.append(str(message))

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        monkeypatch.setattr(warnings, "showwarning", show)
        assert load_gadget(tmp_path / "a.pkl", "warn", "of another release") == "loaded"
    assert shown == ["of another release"]


def test_a_warning_that_is_an_error_is_one(tmp_path: Path) -> None:
    with pytest.raises(LoadError) as caught:
        load_gadget(tmp_path / "a.pkl", "warn", "of another release")
    assert caught.value.code == "load-failed"


# -- the rest of the program ----------------------------------------------------------------------


def test_other_threads_are_not_disturbed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work_of_another_thread.py").write_text("DONE = True")
    monkeypatch.syspath_prepend(tmp_path)
    done: list[object] = []

    def work() -> None:
        assert gadgets.started.wait(60)
        try:
            import work_of_another_thread  # type: ignore[import-not-found]

            done.append(work_of_another_thread.DONE)
            (tmp_path / "file").write_text("x")
            done.append((tmp_path / "file").read_text())
            ran = subprocess.run(["/bin/echo", "y"], capture_output=True, text=True, check=True)
            done.append(ran.stdout.strip())
            inner = threading.Thread(target=done.append, args=["z"])
            inner.start()
            inner.join()
            done.append(eval("1 + 1"))
        finally:
            gadgets.finished.set()

    gadgets.started.clear()
    gadgets.finished.clear()
    worker = threading.Thread(target=work)
    worker.start()
    assert load_gadget(tmp_path / "a.pkl", "wait") == "loaded"
    worker.join()
    assert done == [True, "x", "y", "z", 2]


def test_several_threads_load_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(list(range(1000))))
    results: list[object] = []

    def work() -> None:
        for _ in range(20):
            results.append(len(safeload.load_unsigned(path)))
            (tmp_path / f"of-{threading.get_ident()}").touch()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert results == [1000] * 80


class Cycle:
    """Garbage that only the collector finds, and that cleans up after itself."""

    def __init__(self, folder: str) -> None:
        self.itself = self
        self.finalizer = weakref.finalize(self, os.rmdir, folder)


def test_what_the_garbage_collector_finalises_is_not_disturbed(tmp_path: Path) -> None:
    folder = tempfile.mkdtemp(dir=tmp_path)
    gc.disable()
    try:
        Cycle(folder)
        assert load_gadget(tmp_path / "a.pkl", "collect_garbage") == "loaded"
    finally:
        gc.enable()
    assert not Path(folder).exists()


@pytest.mark.guarantee("G18")
def test_after_a_collection_the_seal_holds_again(tmp_path: Path) -> None:
    def collect_and_act() -> None:
        gc.collect()
        (tmp_path / "canary").mkdir()

    with pytest.raises(LoadError) as caught:
        seal.sealed(collect_and_act)
    assert broken(caught).startswith("os.mkdir")


@pytest.mark.parametrize("how", ["returns", "fails", "is interrupted", "is broken", "exits"])
def test_the_seal_is_lifted_when_the_load(tmp_path: Path, how: str) -> None:
    path = tmp_path / "a.pkl"
    if how == "returns":
        load_gadget(path, "collect_garbage")
    elif how == "is interrupted":
        with pytest.raises(KeyboardInterrupt):
            load_gadget(path, "interrupt")
    elif how == "exits":
        leave = Name("sys", "exit")
        # The program of whoever loads does not end with it.
        with pytest.raises(LoadError):
            load(path, call(leave), leave)
    else:
        with pytest.raises(LoadError):
            load_gadget(path, "warn" if how == "fails" else "leave", str(tmp_path / "x"))
    (tmp_path / "file").touch()


def test_no_hook_is_added_before_the_first_load(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps([1]))
    code = (
        "import sys\n"
        "added = []\n"
        "sys.addaudithook(lambda event, _: event == 'sys.addaudithook' and added.append(event))\n"
        "import safeload\n"
        "safeload.audit(sys.argv[1])\n"
        "print(len(added))\n"
        "for _ in range(3): safeload.load_unsigned(sys.argv[1])\n"
        "print(len(added))"
    )
    assert run(code, path).splitlines() == ["0", "1"]


@pytest.mark.guarantee("G18")
@pytest.mark.parametrize("error", ["RuntimeError", "ValueError"])
def test_without_the_hook_nothing_loads(tmp_path: Path, error: str) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps([1]))
    code = (
        "import sys, safeload\n"
        "def alone(event, args):\n"
        f"    if event == 'sys.addaudithook': raise {error}('no other hooks')\n"
        "sys.addaudithook(alone)\n"
        "try: safeload.load_unsigned(sys.argv[1])\n"
        "except safeload.LoadError as error: print(error.code)"
    )
    assert run(code, path).strip() == "no-seal"


# -- what the seal is not -------------------------------------------------------------------------

UNSEEN: dict[str, tuple[Name, Callable[[Path], tuple[Any, ...]], tuple[Name, ...]]] = {
    # Registered now, called at the end of the process.
    "later": (Name("atexit", "register"), lambda canary: (SYSTEM, touch(canary)), (SYSTEM,)),
    # Native code that starts a process without saying so.
    "native": (
        Name("multiprocessing.util", "spawnv_passfds"),
        lambda canary: (b"/bin/touch", [b"touch", os.fsencode(canary)], []),
        (),
    ),
}


@pytest.mark.parametrize("what", UNSEEN)
def test_an_audit_hook_is_no_sandbox(tmp_path: Path, what: str) -> None:
    """As SECURITY.md says. The default policy refuses both of these names."""
    function, args, others = UNSEEN[what]
    canary, path = tmp_path / "canary", tmp_path / "a.pkl"
    path.write_bytes(call(function, *args(canary)))
    allowed = [(name.module, name.name) for name in (function, *others)]
    code = (
        "import os, safeload, sys\n"
        "from safeload.policy.policy import Entry, Policy\n"
        "from safeload.scan.program import Use\n"
        f"extra = dict.fromkeys({allowed!r}, Entry(frozenset(Use), None, ''))\n"
        "policy = Policy({**Policy.default().entries, **extra}, '0' * 64)\n"
        "child = safeload.load_unsigned(sys.argv[1], policy=policy)\n"
        "if isinstance(child, int): os.waitpid(child, 0)"
    )
    run(code, path)
    assert canary.exists()
    with pytest.raises(safeload.RefusedError):
        safeload.load_unsigned(path)
