"""In enforce, hostile files are refused wherever they are loaded, and programs go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.serving.guard.scripts import outcome_of, run

REFUSED = {"refused", "unguarded", "incomplete"}


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What becomes of each way past the guard."""
    folder = tmp_path_factory.mktemp("attacks")
    found: dict[str, str] = outcome_of("tests.serving.guard.attacks", folder=folder)
    return found


@pytest.mark.guarantee("G27")
def test_no_way_past_the_guard_does_harm(attacked: dict[str, str]) -> None:
    assert {name: end for name, end in attacked.items() if end not in REFUSED} == {
        # Half of what is read is harmless, and what is judged is what is loaded.
        "bytes that somebody writes to": "<class 'LookupError'>",
    }


@pytest.mark.guarantee("G27")
def test_processes_of_a_program_go_on_and_are_guarded(tmp_path: Path) -> None:
    found: dict[str, Any] = outcome_of(
        "safeload.serving.guard", "--", "-m", "tests.serving.guard.processes", folder=tmp_path
    )
    assert not (tmp_path / "canary").exists()
    alone = {name: found.pop(name) for name in ("queue", "manager", "memory", "search")}
    assert alone == {"queue": 1.0, "manager": 2.0, "memory": [True, True], "search": True}
    for name, (sums, attacks) in found.items():
        assert sums == [3.0, 300_000.0], name
        assert set(attacks) == {"refused"}, name
    assert {"joblib loky", "pool fork", "pool spawn", "executor spawn"} <= set(found)


BEGIN = "import pickle\nfrom safeload.serving import guard\n"


def test_it_is_installed_once(tmp_path: Path) -> None:
    again = "guard.install()\nguard.install('enforce')\n"
    assert run("-c", BEGIN + again, folder=tmp_path) == ""
    other = "guard.install('report')\n"
    assert "with other settings" in run("-c", BEGIN + again + other, folder=tmp_path, code=1)


def test_a_program_may_install_it_wherever_it_is_imported(tmp_path: Path) -> None:
    # A process that is started anew imports the program again, and finds the guard there.
    (tmp_path / "program.py").write_text(
        "import multiprocessing, os, pickle\n"
        "from safeload.serving import guard\n"
        "def log(record): pass\n"
        "guard.install(log=log)\n"
        "class Evil:\n"
        "    def __reduce__(self): return os.mkdir, ('canary',)\n"
        "def attacked(data):\n"
        "    try: pickle.loads(data)\n"
        "    except Exception as error: return error.code\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.apply(attacked, (pickle.dumps(Evil()),)))\n"
    )
    assert run("program.py", folder=tmp_path) == "refused\n"
    assert not (tmp_path / "canary").exists()


def test_a_hook_that_keeps_others_out_is_told_of(tmp_path: Path) -> None:
    hook = (
        "import sys\n"
        "def keep(event, args):\n"
        "    if event == 'sys.addaudithook': raise RuntimeError\n"
        "sys.addaudithook(keep)\n"
        "guard.install()\n"
    )
    assert "keeps others out" in run("-c", BEGIN + hook, folder=tmp_path, code=1)


def test_programs_that_read_to_the_end_find_it(tmp_path: Path) -> None:
    program = (
        "import io\n"
        "guard.install()\n"
        "file = io.BytesIO(pickle.dumps({'a': 1}) + pickle.dumps(range(3)))\n"
        "read = []\n"
        "try:\n"
        "    while True: read.append(pickle.load(file))\n"
        "except EOFError:\n"
        "    print(read)\n"
        "print(b'pickle' in pickle.dumps(pickle.loads))\n"
    )
    assert run("-c", BEGIN + program, folder=tmp_path) == "[{'a': 1}, range(0, 3)]\nTrue\n"


CAUGHT = """
import io
import joblib
guard.install()
def tried(load):
    try: return load()
    except FileNotFoundError: return "not there"
    except IsADirectoryError: return "a folder"
    except pickle.UnpicklingError as error: return error.code
    except Exception as error: return error.code
print(tried(lambda: joblib.load("none")), tried(lambda: joblib.load(".")))
print(tried(lambda: pickle.loads(b"damaged")), tried(lambda: joblib.load(io.BytesIO(b"damaged"))))
print(tried(lambda: pickle._loads(b"cos\\nsystem\\n.")))
one = [1]
def streams(*written):
    file = io.BytesIO()
    pickler = pickle.Pickler(file)
    for each in written: pickler.dump(each)
    file.seek(0)
    unpickler = pickle.Unpickler(file)
    return [tried(unpickler.load) for _ in written]
print(streams([1], (2,)), streams(one, [one]))
"""


def test_programs_meet_the_errors_that_they_know(tmp_path: Path) -> None:
    said = run("-W", "ignore", "-c", BEGIN + CAUGHT, folder=tmp_path)
    assert said.splitlines() == [
        "not there a folder",
        "incomplete incomplete",
        "unguarded",
        "[[1], (2,)] [[1], 'memo-shared']",
    ]


def test_a_program_exempts_functions_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "import pickle\n"
        "class Mine: pass\n"
        "def read(data): return pickle.loads(data)\n"
        "def read_too(data): return pickle.loads(data)\n"
    )
    program = (
        "import own\n"
        "guard.install(exempt=['own:read'])\n"
        "data = pickle.dumps(own.Mine())\n"
        "print(type(own.read(data)).__name__)\n"
        "own.read_too(data)\n"
    )
    said = run("-c", BEGIN + program, folder=tmp_path, code=1)
    assert said.startswith("Mine\n")
    assert "GuardedError" in said


def test_what_is_imported_later_is_guarded(tmp_path: Path) -> None:
    program = (
        "guard.install()\n"
        "import joblib, skops.io\n"
        "from joblib import load\n"
        "print(load is joblib.load, joblib.load.__module__, joblib.numpy_pickle.__loader__)\n"
        "open('a', 'wb').write(b'cposix\\nmkdir\\n(S\"canary\"\\ntR.')\n"
        "load('a')\n"
    )
    said = run("-c", BEGIN + program, folder=tmp_path, code=1)
    assert said.startswith("True joblib.numpy_pickle <_frozen_importlib_external.SourceFileLoader")
    assert "GuardedError" in said
    assert not (tmp_path / "canary").exists()
