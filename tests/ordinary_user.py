"""Run a program as an ordinary user, from root: ``python tests/ordinary_user.py PROGRAM ...``.

The interpreter or the project may lie where only root gets, as in ``/root``. In a mount namespace
of the program's own, such a folder is covered by one that anybody may pass, with nothing in it but
what is needed. Nothing is changed outside. An ordinary user runs the program as it is.
"""

from __future__ import annotations

import compileall
import ctypes
import os
import stat
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOBODY = 65_534
# What tools write beside the code, and the user's home.
HOME = ".pytest_cache/home"
WRITTEN = (".hypothesis", ".pytest_cache", HOME)

# <linux/sched.h>, <linux/mount.h>
NEW_MOUNTS, BIND, RECURSIVE, PRIVATE = 0x2_0000, 0x1000, 0x4000, 0x4_0000


def main() -> None:
    """Become the user, and the program."""
    if os.geteuid() == 0:
        uncover([Path(sys.base_prefix).resolve(), Path(sys.prefix).absolute(), ROOT])
        # The user cannot write beside the code, and every process would compile it anew.
        for name in ("safeload", "tests"):
            compileall.compile_dir(ROOT / name, quiet=1)
        for name in WRITTEN:
            (ROOT / name).mkdir(exist_ok=True)
            # What root's own tests have left there, too.
            for path in [ROOT / name, *(ROOT / name).rglob("*")]:
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        os.environ.update(HOME=str(ROOT / HOME), USER="nobody", LOGNAME="nobody")
        # The project is root's, which git lets nobody else read unless it is told to.
        os.environ.update(
            GIT_CONFIG_COUNT="1",
            GIT_CONFIG_KEY_0="safe.directory",
            GIT_CONFIG_VALUE_0=str(ROOT),
        )
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    os.execvp(sys.argv[1], sys.argv[1:])  # what it is for


def uncover(needed: list[Path]) -> None:
    """Have everybody get to some folders, and to nothing else that was closed to them."""
    check(ctypes.CDLL(None, use_errno=True).unshare(NEW_MOUNTS))
    mount("none", "/", RECURSIVE | PRIVATE)
    closed: dict[Path, list[Path]] = defaultdict(list)
    for path in needed:
        for folder in reversed(path.parents):
            if not folder.stat().st_mode & stat.S_IXOTH:
                closed[folder].append(path)
                break
    for folder, paths in closed.items():
        opened = [os.open(path, os.O_PATH) for path in paths]
        mount("tmpfs", str(folder), 0, kind="tmpfs", data="mode=0755")
        for path, descriptor in zip(paths, opened, strict=True):
            path.mkdir(parents=True)
            mount(f"/proc/self/fd/{descriptor}", str(path), BIND | RECURSIVE)
            os.close(descriptor)


def mount(source: str, path: str, flags: int, *, kind: str = "none", data: str = "") -> None:
    """Mount, or raise an ``OSError``."""
    library = ctypes.CDLL(None, use_errno=True)
    arguments = source.encode(), path.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode()
    check(library.mount(*arguments))


def check(result: int) -> None:
    """Raise the error of a call of the C library that failed."""
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    main()
