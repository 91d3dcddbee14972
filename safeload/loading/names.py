"""Globals become objects, before anything is unpickled.

Everything that a program may ask for is imported here, by the names that were judged; the unpickler
is handed these objects and imports nothing. (skops resolves names by itself, from the same list.)

Trust: only names that the policy allowed arrive here; importing a library runs its code.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import ModuleType
from typing import Any

from safeload.errors import LoadError, printable
from safeload.forks import IMPORTING
from safeload.loading.callbacks import MONITOR, monitor_class
from safeload.loading.standins import STAND_INS
from safeload.scan.program import Program
from safeload.unruly import UNRULY, described

__all__ = ["resolve"]

_MOVED = {
    # What scikit-learn 1.5 to 1.8 call their compiled losses; no library has a module of that name.
    "_loss": "sklearn._loss._loss",
    # Of scipy before 1.8.
    **{
        f"scipy.sparse.{form}": f"scipy.sparse._{form}"
        for form in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")
    },
}
# Which releases wrote the names of a module that no release of today has.
_WROTE = {
    "sklearn.externals.joblib.numpy_pickle": "scikit-learn before 0.21, with its own joblib",
}


def resolve(programs: Iterable[Program]) -> Mapping[tuple[str, str], Any]:
    """Import every global of accepted programs.

    Args:
        programs: Accepted programs; a global that only ``getattr`` reaches needs no import.

    Returns:
        The objects by module and qualified name as the file spells them.

    Raises:
        LoadError: A library is not installed, or its release has no such name.
    """
    objects: dict[tuple[str, str], Any] = {}
    with IMPORTING:
        for program in programs:
            for use in program.globals:
                if use.raw is not None:
                    objects[use.raw] = _object(use.module, use.name)
            for raw, module, name in program.aliases:
                objects[raw] = _object(module, name)
    return objects


@lru_cache(maxsize=4096)
def _object(module: str, name: str) -> Any:
    if module == "joblib.numpy_pickle" and name.endswith("ArrayWrapper"):
        # Stands for an array in a stream, whatever release wrote it; nothing of it is called.
        from safeload.loading.arrays import Wrapper

        return Wrapper
    if (module, name) in STAND_INS:
        return STAND_INS[module, name]
    found: Any = _import(module)
    if (module, name) == MONITOR and hasattr(found, name):
        return monitor_class()
    for part in name.split("."):
        found = _part(found, part)
        if found is None:
            library = module.split(".")[0]
            raise LoadError(
                f"{_installed(library)} has no {printable(f'{module}.{name}')}.",
                code="missing-name",
                hint=f"The model was written by another release of {library}; install that one.",
            )
    if isinstance(found, ModuleType):
        raise LoadError(
            f"{printable(f'{module}.{name}')} is a module, not a type or function.",
            code="missing-name",
        )
    return found


def _part(owner: Any, name: str) -> Any:
    """An attribute, or None; modules and classes may have a ``__getattr__`` of their own."""
    try:
        return getattr(owner, name, None)
    except UNRULY as error:
        raise LoadError(
            f"{printable(name)} cannot be looked up: {described(error)}",
            code="library-failed",
        ) from error


def _home(module: str) -> str:
    """Where the installed releases have what a module of another release had.

    Read through the old name, a library may warn; and a name that no library has any more would be
    looked for beside the model.
    """
    if module.startswith("numpy.core."):
        return "numpy._core." + module.removeprefix("numpy.core.")
    return _MOVED.get(module, module)


def _installed(library: str) -> str:
    """A library, with its release if it says which it is."""
    release = getattr(sys.modules.get(library), "__version__", None)
    said = f" {printable(release, limit=30)}" if isinstance(release, str) else ""
    return f"The installed {library}{said}"


def _import(module: str) -> ModuleType:
    module = _home(module)
    try:
        # Not from sys.modules, where it stands before another thread has imported all of it.
        return importlib.import_module(module)
    except ImportError as error:
        library = module.split(".")[0]
        if library in sys.modules:
            known = _WROTE.get(module)
            said = f" The file was written by {known}." if known else ""
            raise LoadError(
                f"{_installed(library)} has no module {printable(module)}.{said}",
                code="missing-name",
                hint=f"The model was written by another release of {library}; install that one.",
            ) from error
        raise LoadError(
            f"The model needs {library}, which cannot be imported.",
            code="library-missing",
            hint=f"Install {library} and try again.",
        ) from error
    except UNRULY as error:  # whatever a library's own code raises
        library = module.split(".")[0]
        raise LoadError(
            f"{library} fails to be imported: {described(error)}",
            code="library-failed",
            hint=f"See whether Python imports {printable(module)} by itself; a library that has to "
            "write files then cannot be used in an isolated process.",
        ) from error
