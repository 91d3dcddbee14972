"""An isolated model starts wherever a program runs, and says what does not hold it there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from safeload.errors import LoadError, UsageError
from safeload.isolation import process as module
from safeload.isolation.descriptors import _GONE
from safeload.isolation.system_calls import _ARCHITECTURES
from safeload.limits import Isolation
from tests.isolation.test_model import load
from tests.isolation.third_parties import ThirdParty

# Starts a process for a model, and tells a file what does not hold it.
PROGRAM = """
import json, sys
from pathlib import Path
BEFORE
from safeload.isolation.process import Process
from safeload.limits import Isolation
process = Process(Isolation())
Path(sys.argv[1], "told").write_text(json.dumps(process.confinement.missing))
process.end()
"""
# Has the kernel end this process when it makes some calls, as systemd does by default.
FILTERED = """
import ctypes, struct
steps = [(0x20, 0, 0, 0)]
for number in NUMBERS:
    steps += [(0x15, 0, 1, number), (0x06, 0, 0, 0x8000_0000)]
steps += [(0x06, 0, 0, 0x7FFF_0000)]
class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_char_p)]
filter = Filter(len(steps), b"".join(struct.pack("=HBBI", *step) for step in steps))
library = ctypes.CDLL(None)
assert library.prctl(38, 1, 0, 0, 0) == 0
assert library.prctl(22, 2, ctypes.byref(filter), 0, 0) == 0
"""
# By table: mount, umount2, pivot_root, mount_setattr; and so on.
CALLS = {
    "tree": {"x86_64": [165, 166, 155, 442], "generic": [40, 39, 41, 442]},
    "unshare": {"x86_64": [272], "generic": [97]},
    "name": {"x86_64": [170], "generic": [161]},
    "capabilities": {"x86_64": [126], "generic": [91]},
    "landlock": {"x86_64": [444, 445, 446], "generic": [444, 445, 446]},
}
LOSES: dict[str, set[str]] = {
    "tree": {"paths"},
    "unshare": {"paths", "processes"},
    "name": set(),
    "capabilities": {"paths", "processes"},
    "landlock": {"files"},
}


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What does not hold on this machine anyway."""
    return set(told(tmp_path_factory.mktemp("usual")))


def told(folder: Path, before: str = "", closed: tuple[int, ...] = ()) -> Any:
    """What a program tells of the process that it starts."""
    redirected = " ".join(f"{number}>&-" for number in closed)
    code = PROGRAM.replace("BEFORE", before)
    subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {redirected}', "", sys.executable, "-c", code, str(folder)],
        check=True,
        cwd=Path(__file__).parents[2],
    )
    return json.loads((folder / "told").read_text())


@pytest.mark.parametrize("closed", [(0,), (1,), (0, 1), (0, 2), (1, 2), (0, 1, 2)])
def test_it_starts_where_standard_input_and_output_are_closed(
    tmp_path: Path, usual: set[str], closed: tuple[int, ...]
) -> None:
    assert set(told(tmp_path, closed=closed)) == usual


@pytest.mark.guarantee("G20")
@pytest.mark.parametrize("what", CALLS)
def test_it_starts_where_a_filter_ends_who_makes_a_call(
    tmp_path: Path, usual: set[str], what: str
) -> None:
    if os.uname().machine not in _ARCHITECTURES:
        pytest.skip("the numbers are not known")
    numbers = CALLS[what][_ARCHITECTURES[os.uname().machine][1]]
    before = FILTERED.replace("NUMBERS", str(numbers))
    assert set(told(tmp_path, before)) == usual | LOSES[what]


def test_where_there_are_no_processes_left_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    fails = (
        "import os\n"
        "def fork(): raise BlockingIOError(11, 'Resource temporarily unavailable')\n"
        "os.fork = fork\n"
    )
    monkeypatch.setattr(module, "_PROGRAM", fails + module._PROGRAM)
    with pytest.raises(LoadError) as caught:
        module.Process(Isolation())
    assert caught.value.code == "isolated-unavailable"
    assert "temporarily unavailable" in caught.value.message


@pytest.mark.parametrize("on_load", ["abort", "segfault"])
def test_how_it_ended_is_known_where_the_caller_blocks_signals(
    tmp_path: Path, on_load: str
) -> None:
    code = (
        "import signal, sys\n"
        "from pathlib import Path\n"
        "from tests.isolation.third_parties import ThirdParty\n"
        "from tests.isolation.test_model import load\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\n"
        "try: load(Path(sys.argv[1]), ThirdParty(sys.argv[2]))\n"
        "except Exception as error: print(error.code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.joblib"), on_load],
        stdout=subprocess.PIPE,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout == b"isolated-crashed\n"


def test_pipes_that_the_program_has_closed_are_left_alone(tmp_path: Path) -> None:
    with load(tmp_path / "a.joblib", ThirdParty()) as isolated:
        held = isolated._process._held
        descriptors = [pipe.fileno() for pipe in held._pipes]
        for descriptor in descriptors:
            os.close(descriptor)
        with pytest.raises(UsageError) as caught:
            isolated.predict(["1"])
        assert caught.value.code == "isolated-closed"
        file = os.open(tmp_path / "log", os.O_RDWR | os.O_CREAT)
        for descriptor in {*descriptors} - {file}:
            os.dup2(file, descriptor)
        with pytest.raises(UsageError) as caught:
            isolated.predict(["1"])
        assert caught.value.code == "isolated-closed"
    assert (tmp_path / "log").stat().st_size == 0
    # They are the program's own.
    for descriptor in {*descriptors, file}:
        os.close(descriptor)
    for pipe in _GONE:
        with suppress(OSError):
            pipe.close()
    assert held.process.returncode is not None


def test_a_program_that_has_its_python_built_in_does_not_start_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(LoadError) as caught:
        module.Process(Isolation(seconds=5))
    assert caught.value.code == "isolated-unavailable"


@pytest.mark.guarantee("G20")
def test_without_temporary_files_it_is_in_no_folder_of_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(**_: Any) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(tempfile, "mkdtemp", none)
    monkeypatch.chdir(tmp_path)
    with load(tmp_path / "a.joblib", ThirdParty()) as isolated:
        assert isolated.predict(["__import__('os').getcwd()"]) == ["/"]
