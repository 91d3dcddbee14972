"""What safeload changes in a process is what docs/calling.md says, and no more."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

import safeload
from safeload import warned
from tests.builder import Pickle
from tests.documents import ROOT
from tests.process_wide import changes

PACKAGE = Path(safeload.__file__).parent
# What looks like a change and is one of an object that was made there.
OWN_OBJECTS = {
    ("cli/parser.py", "setattr(...)"): "the namespace that argparse fills",
    ("loading/callbacks.py", "vars(...)"): "the monitor that was just made",
    ("loading/standins.py", "vars(...)"): "the array that was just made",
    ("report/decompiled.py", "setattr(...)"): "a copy of a node of a syntax tree",
    ("serving/guard/refusal.py", "vars(...)"): "the error that was just made",
}


def documented() -> set[tuple[str, str]]:
    """Each change in the tables: in which file, and of what."""
    text = (ROOT / "docs" / "calling.md").read_text("utf-8")
    section = text.partition("## What safeload changes in your process\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1:3] for line in section.splitlines() if line.startswith("| `")]
    return {
        (file, what)
        for whats, files in rows
        for what in re.findall("`([^`]+)`", whats)
        for file in re.findall("`([^`]+)`", files)
    }


def test_the_tables_name_every_change_that_the_source_makes() -> None:
    found = {
        (path.relative_to(PACKAGE).as_posix(), what)
        for path in PACKAGE.rglob("*.py")
        for what in changes(path.read_text("utf-8"))
    }
    assert OWN_OBJECTS.keys() <= found
    assert found - OWN_OBJECTS.keys() == documented()


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("import warnings\nwarnings.showwarning = print", {"warnings.showwarning"}),
        ("import a.b as c\nc.d, e = 1, 2", {"a.b.d"}),
        ("import a.b\na.b.c += 1", {"a.b.c"}),
        ("import a\ndel a.b", {"a.b"}),
        ("from a import b\nwith open(c) as b.d: ...", {"a.b.d"}),
        ("import os\nos.environ['A'] = '1'", {"os.environ"}),
        ("from os import environ as e\ne['A'] = '1'", {"os.environ"}),
        ("import sys\nsys.path.insert(0, '')", {"sys.path"}),
        ("from sys import path\npath.append('')", {"sys.path"}),
        ("import gc\ncalled: list = gc.callbacks\ncalled.append(print)", {"gc.callbacks"}),
        ("import gc\ncalled = gc.callbacks\ndel called[0]", {"gc.callbacks"}),
        ("import _thread\nvars(_thread)['start'] = print", {"vars(_thread)"}),
        ("import a\nnames = vars(a)\nnames.update(b=1)", {"vars(a)"}),
        ("import a\na.__dict__['b'] = 1", {"vars(a)"}),
        ("def f(module):\n    names = vars(module)\n    names['a'] = 1", {"vars(...)"}),
        ("import a\nsetattr(a, 'b', 1)", {"setattr(a)"}),
        ("from signal import signal as s\ns(2, print)", {"signal.signal"}),
        ("import sys\nsys.addaudithook(print)", {"sys.addaudithook"}),
        (
            "import a\nb = a.c\nb.d()\nself.e = a.f(1)\nsetattr(self, 'g', 1)\nh = {}\nh[1] = 1",
            set(),
        ),
    ],
)
def test_changes_are_found_however_they_are_written(source: str, what: set[str]) -> None:
    assert changes(source) == what


def test_a_load_gives_back_what_it_takes_for_a_while(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(Pickle(4).save([1]).finish())
    # What is imported for the first time may change filters.
    safeload.load_unsigned(path)
    before = warnings._showwarnmsg, list(gc.callbacks), list(warnings.filters)  # type: ignore[attr-defined]

    assert safeload.load_unsigned(path) == [1]

    after = warnings._showwarnmsg, list(gc.callbacks), list(warnings.filters)  # type: ignore[attr-defined]
    assert after == before


def test_importing_it_changes_nothing_that_others_see() -> None:
    seen = (
        "import sys, warnings, gc, os, signal, _thread, threading\n"
        "def look():\n"
        "    return (warnings._showwarnmsg, _thread.start_new_thread, list(gc.callbacks),\n"
        "            list(warnings.filters), sys.meta_path[:], sys.path[:], dict(os.environ),\n"
        "            signal.getsignal(signal.SIGINT), sys.excepthook, threading.excepthook)\n"
        "before = look()\n"
        "import safeload\n"
        "assert look() == before, (look(), before)\n"
    )
    done = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_warnings_are_silenced_by_one_thread_at_a_time() -> None:
    before = list(warnings.filters)
    taken: list[bool] = []

    with warned.silenced():
        other = threading.Thread(
            target=lambda: taken.append(warned._SILENCING.acquire(blocking=False))
        )
        other.start()
        other.join()

    assert taken == [False]
    assert list(warnings.filters) == before


def test_only_the_warnings_that_are_named_are_silenced() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with warned.silenced(FutureWarning):
            warnings.warn("to come", FutureWarning, stacklevel=1)
            warnings.warn("to see", UserWarning, stacklevel=1)
    assert [warning.category for warning in caught] == [UserWarning]
