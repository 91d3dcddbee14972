"""Everything works where a system has less than Linux, and says what is weaker there.

The child that is run is a Python on Linux from which what the other system's lacks was taken away
(:mod:`tests.platforms.absent`); docs/platforms.md says what such a test cannot see.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SYSTEMS = [
    pytest.param("win32", marks=pytest.mark.xdist_group("win32")),
    pytest.param("darwin", marks=[pytest.mark.slow, pytest.mark.xdist_group("darwin")]),
]
# What ends otherwise than with 0, because it is to be refused.
REFUSED = {"keygen again": 2, "what was changed": 1, "jobs": 1}

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="takes away what Linux has"),
    pytest.mark.parametrize("system", SYSTEMS),
]


_LIVES: dict[str, dict[str, Any]] = {}


@pytest.fixture
def life(system: str, tmp_path: Path) -> dict[str, Any]:
    """What a child found that is, but for the kernel, a process of another system."""
    if system not in _LIVES:
        _LIVES[system] = _life(system, tmp_path)
    return _LIVES[system]


def _life(system: str, folder: Path) -> dict[str, Any]:
    environment = {name: os.environ[name] for name in os.environ if name.startswith("OPENBLAS")}
    environment |= {
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        # How a user is called on Windows, which has no list of users that Python reads.
        "USERNAME": "alice",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.platforms.life", system],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_what_linux_alone_has_is_gone(system: str, life: dict[str, Any]) -> None:
    assert (
        life["gone"]
        == {
            "win32": ["fork", "memfd_create", "readv"],
            "darwin": ["memfd_create"],
        }[system]
    )


def test_every_module_can_be_imported(life: dict[str, Any]) -> None:
    assert life["imports"] == {}


def test_every_verb_ends_as_it_does_on_linux(life: dict[str, Any]) -> None:
    assert len(life["verbs"]) > 20
    others = {name: end for name, end in life["verbs"].items() if end[0] != REFUSED.get(name, 0)}
    assert others == {}
    # No sentence of an error of ours is about a name that Python has not there.
    assert [text for _, text in life["verbs"].values() if "internal" in text] == []


def test_the_isolated_process_says_that_less_holds_it(system: str, life: dict[str, Any]) -> None:
    lacking = ["memory", "processor", "files", "paths", "system_calls", "processes"]
    if system == "darwin":
        lacking.remove("processor")
    assert life["calls"]["missing"] == lacking
    assert life["calls"]["isolated"] == [1, 1]
    for verb in ("load", "load of a third party's"):
        assert f"not confined on this machine: {', '.join(lacking)}" in life["verbs"][verb][1]


def test_what_nobody_may_write_to_is_not_writable(life: dict[str, Any]) -> None:
    modes = {name: life["calls"][f"mmap_mode {name}"] for name in ("None", "r", "c")}
    # Equal to what was written; writable.
    assert modes == {"None": [True, True], "r": [True, False], "c": [True, True]}


def test_a_pair_is_replaced_and_what_was_left_is_swept(life: dict[str, Any]) -> None:
    assert life["calls"]["replaced"] == "2"
    assert life["calls"]["left"] == []


def test_a_model_that_is_in_use_is_replaced_or_the_old_pair_stays(
    system: str, life: dict[str, Any]
) -> None:
    expected = {"win32": ("unwritable", "2"), "darwin": ("replaced all the same", "3")}
    assert (life["calls"]["in use"], life["calls"]["afterwards"]) == expected[system]
