"""Which files may the process of a model read? Those that Python imports from, and little else.

Trust: it is asked before anything hostile arrives. The import path is the caller's, who may have
put there what nobody imports from: that is left out, and stops nothing.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.machinery import all_suffixes
from pathlib import Path

__all__ = ["granted", "import_path", "is_root", "kind"]

# What Python and its libraries read besides the folders they are installed in.
_SYSTEM = (
    "/dev/null",
    "/dev/urandom",
    "/dev/zero",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/gnu/store",
    "/lib",
    "/lib64",
    "/nix/store",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
    "/sys/fs/cgroup/cpu.max",
    "/sys/fs/cgroup/cpu/cpu.cfs_period_us",
    "/sys/fs/cgroup/cpu/cpu.cfs_quota_us",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/share/zoneinfo",
)
# Of the kernel's files about processes, those about the machine.
_MACHINE = ("/proc/cpuinfo", "/proc/meminfo", "/proc/sys/vm/overcommit_memory")


def import_path() -> list[str]:
    """Where this process imports from, as another one may be told.

    Python passes over what is not a text. The working directory, which an empty entry stands for,
    may be a third party's.
    """
    return [entry for entry in sys.path if _is_absolute(entry)]


def granted() -> list[str]:
    """The files and folders that the process of a model may read: absolute, and there by now."""
    folders = [*import_path(), f"{sys.prefix}/lib", f"{sys.base_prefix}/lib"]
    folders += os.environ.get("LD_LIBRARY_PATH", "").split(":")
    for name, module in list(sys.modules.items()):
        # Where packages lie that setuptools has installed as editable.
        if name.startswith("__editable__"):
            folders += getattr(module, "MAPPING", {}).values()
    folders = [_or_archive(Path(folder)) for folder in folders if _is_absolute(folder)]
    # A script that lies in the root, as in a container, imports from there; it grants no more.
    folders = [
        path for folder in folders for path in (_modules(folder) if is_root(folder) else [folder])
    ]
    linked = [path for folder in folders for path in _linked(folder)]
    wanted = filter(_is_lasting, dict.fromkeys([*folders, *linked, *_SYSTEM]))
    return [*wanted, *filter(kind, _MACHINE)]


def is_root(path: str) -> bool:
    """Whether everything lies below a path."""
    return os.path.realpath(path) == "/"


def kind(path: str | Path) -> int:
    """What is there, as ``stat.S_IFMT`` says it; 0 where nothing is, or nobody may ask."""
    try:
        return stat.S_IFMT(Path(path).stat().st_mode)
    except OSError:
        return 0


def _is_absolute(entry: object) -> bool:
    """Whether it is text that the system takes for an absolute path."""
    try:
        encoded = os.fsencode(entry) if isinstance(entry, str) else b""
    except UnicodeEncodeError:
        return False
    return b"\0" not in encoded and Path(os.fsdecode(encoded)).is_absolute()


def _or_archive(path: Path) -> str:
    """A path, or the archive that it leads into."""
    for file in (path, *path.parents):
        if kind(file):
            return str(file if kind(file) == stat.S_IFREG else path)
    return str(path)


def _modules(folder: str) -> list[str]:
    """The modules and packages in a folder."""
    try:
        paths = sorted(Path(folder).iterdir())
    except OSError:
        return []
    suffixes = tuple(all_suffixes())
    return [str(p) for p in paths if p.name.endswith(suffixes) or kind(p / "__init__.py")]


def _linked(folder: str) -> Iterator[str]:
    """The packages that are links in a folder, as some installers make them."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink() and entry.name.isidentifier():
                target = Path(folder, Path(entry.path).readlink())
                if kind(target / "__init__.py"):
                    yield str(target)


def _is_lasting(path: str) -> bool:
    """Whether a path leads to the same place for every process.

    What is in ``/proc`` does not, and tells of the whole machine; nothing is imported from there.
    """
    real = os.path.realpath(path)
    return bool(kind(real)) and not any(f"{p}/".startswith("/proc/") for p in (path, real))
