"""Where there is no room, or no right to write, everything stays as it was."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.writing.scenarios import ONE_THREAD, SCENARIOS

ROOT = Path(__file__).parent.parent.parent
posix = pytest.mark.skipif(os.name != "posix", reason="users, modes and limits of POSIX")

# One process prepares and looks, as the owner of the folder; a child of it is to write there.
CODE = """
import os, resource, sys
from pathlib import Path
from safeload.errors import SafeloadError
from tests.writing.scenarios import SCENARIOS, leftovers

folder, scenario, limit = Path(sys.argv[1]), SCENARIOS[sys.argv[2]], int(sys.argv[3])
warm = folder / "warm"
warm.mkdir()
scenario.prepare(warm)
scenario.run(warm)
here = folder / "here"
here.mkdir()
scenario.prepare(here)
before = {str(path): path.read_bytes() for path in here.rglob("*") if path.is_file()}
child = os.fork()
if not child:
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    else:
        for path in (here, *(p for p in here.rglob("*") if p.is_dir())):
            path.chmod(0o555)
        if os.geteuid() == 0:
            os.setgroups([]); os.setgid(65534); os.setuid(65534)
    try:
        scenario.run(here)
    except (SafeloadError, AssertionError):
        os._exit(0)
    os._exit(1)
_, status = os.waitpid(child, 0)
assert status == 0, status
assert scenario.look(here) == "old"
assert leftovers(here) == []
assert {str(path): path.read_bytes() for path in here.rglob("*") if path.is_file()} == before
"""


def stays(folder: Path, name: str, limit: int) -> None:
    folder.chmod(0o755)
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CODE, str(folder), name, str(limit)],
        cwd=ROOT,
        env={**os.environ, **ONE_THREAD},
        check=True,
    )


# Below the size of anything; of a model, but not of its bundle; of a private key and a lock file.
@posix
@pytest.mark.parametrize("limit", [1, 100, 1_200])
@pytest.mark.parametrize("name", ["dump over a pair", "sign again"])
def test_where_there_is_no_room_for_a_file_everything_stays(
    folder: Path, name: str, limit: int
) -> None:
    stays(folder, name, limit)


@posix
@pytest.mark.parametrize("name", SCENARIOS)
def test_where_one_may_not_write_everything_stays(folder: Path, name: str) -> None:
    stays(folder, name, 0)
