"""What genuine models ask Python for while they are unpickled: the few events the seal lets pass.

Found by loading every estimator and composite of the tests in every format, each in a process that
had loaded nothing before, and the models of the libraries named below:

- scipy's distributions compile and run a text of their state that defines how arguments are read;
- a time zone is read from the database of time zones;
- statsmodels has patsy evaluate the formula of a model again, one part after the other;
- boosters of xgboost and lightgbm hand their bytes to the native library that they belong to.

The policy has judged what is behind each of these; here they are told from everything else.

Trust: what an event is about is hostile, and is compared as a whole. Nothing here raises an event.
Source: scipy ``stats/_distn_infrastructure.py``; CPython
``zoneinfo/_common.py``; patsy ``eval.py`` (``EvalEnvironment.eval``, ``ast_names``); xgboost and
lightgbm, ``__setstate__`` of their boosters.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
from collections.abc import Collection
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from safeload.forks import IMPORTING
from safeload.policy.rules.formulas import is_factor
from safeload.policy.rules.numerics import is_argument_parser

__all__ = ["EventAllowlist"]

# They read what Python has in memory, and no more.
_HARMLESS = frozenset(
    {
        "array.__new__",  # numbers, from a list or bytes
        "builtins.id",  # array types are told apart by it
        "object.__getattr__",  # a function's signature
        "sys._getframe",  # where a warning comes from
        "sys._getframemodulename",
    }
)
# The library file that a package's boosters call, and how the names of its functions begin.
_NATIVE = {"lightgbm": ("lib_lightgbm.", "LGBM_"), "xgboost": ("libxgboost.", "XGB")}
# No dots: neither ".." nor the Python files beside the zones of a package.
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_Args = tuple[Any, ...]


class EventAllowlist:
    """What one file may ask for.

    Args:
        libraries: Top-level packages that its names come from. Time zones are read only for a file
            that names ``zoneinfo`` or ``pytz``, a native library is called only for one that names
            the package it belongs to, and formulas are evaluated only for statsmodels.
    """

    def __init__(self, libraries: Collection[str] = ()) -> None:
        with IMPORTING:
            self._zones = tuple(
                f"{folder}{os.sep}"
                for name in sorted(_ZONES.keys() & set(libraries))
                for folder in _ZONES[name]()
            )
        self._native = tuple(_NATIVE[name] for name in sorted(_NATIVE.keys() & set(libraries)))
        self._formulas = "statsmodels" in libraries
        self._next: tuple[str, Any] | None = None

    def includes(self, event: str, args: _Args) -> bool:
        """Whether a genuine model raises this event, after those that it was asked about before."""
        # Python raises the second event of a pair right after the first. What comes later than that
        # was caused by something else.
        expected, self._next = self._next, None
        if event in _HARMLESS:
            return True
        if event == "compile":
            return self._compiles(args)
        if event == "exec":
            return expected == ("exec", None)
        if event == "open":
            return bool(self._zones) and self._reads_zone(args)
        if self._native:
            return self._calls_native(event, args, expected)
        return False

    def _compiles(self, args: _Args) -> bool:
        source = args[0] if args else None
        if type(source) is not bytes:
            return False
        text = source.decode("utf-8", "replace")
        # The formula's part is read for its names first, then evaluated.
        if (self._formulas and is_factor(text)) or is_argument_parser(text):
            self._next = ("exec", None)
            return True
        return False

    def _reads_zone(self, args: _Args) -> bool:
        if len(args) != 3 or type(args[0]) is not str or type(args[2]) is not int:
            return False
        path, mode, flags = args
        if mode not in ("r", "rb") or flags & _WRITING:
            return False
        zones = (folder for folder in self._zones if path.startswith(folder))
        return any(_ZONE.fullmatch(path, len(folder)) for folder in zones)

    def _calls_native(self, event: str, args: _Args, expected: tuple[str, Any] | None) -> bool:
        from ctypes import CDLL

        if event == "ctypes.cdata/buffer" and len(args) == 3:
            # ``from_buffer`` looks at bytes that Python holds, and makes an object at that address.
            self._next = ("ctypes.cdata", args[0])
            return True
        if event == "ctypes.cdata" and len(args) == 1:
            # On its own it is ``from_address``, which looks at any.
            return expected == (event, args[0])
        if event != "ctypes.dlsym" or len(args) != 2:
            return False
        library, name = args
        # Exactly that class: another one could answer for a library that it is not.
        file = library._name if type(library) is CDLL else None  # noqa: SLF001  # as ctypes shows it
        if type(file) is not str or type(name) is not str:
            return False
        _, _, file = file.replace("\\", "/").rpartition("/")
        return any(
            file.startswith(known) and name.startswith(prefix) for known, prefix in self._native
        )


def _folders_of_zoneinfo() -> tuple[str, ...]:
    """Where zoneinfo looks for time zones: in the system's folders first, then in ``tzdata``."""
    import zoneinfo

    return (*zoneinfo.TZPATH, *_tzdata())


def _folders_of_pytz() -> tuple[str, ...]:
    """Where pytz looks for time zones: beside itself, or where it is told or packaged to."""
    import zoneinfo

    import pytz

    told = os.environ.get("PYTZ_TZDATADIR")
    return (told or str(Path(pytz.__file__).parent / "zoneinfo"), *zoneinfo.TZPATH)


_ZONES = {"pytz": _folders_of_pytz, "zoneinfo": _folders_of_zoneinfo}


@cache
def _tzdata() -> tuple[str, ...]:
    """The folder of the ``tzdata`` package, after all that reading it imports was imported."""
    try:
        import tzdata.zoneinfo
    except ImportError:
        return ()
    (folder,) = tzdata.zoneinfo.__path__
    # A zone is a resource of a package: Lima, of tzdata.zoneinfo.America.
    for part in pkgutil.walk_packages([folder], "tzdata.zoneinfo."):
        importlib.import_module(part.name)
    with resources.files("tzdata.zoneinfo.Europe").joinpath("Paris").open("rb"):
        return (folder,)
