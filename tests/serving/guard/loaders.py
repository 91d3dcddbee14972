"""What programs load models with, and what becomes of files when the guard enforces.

Run as a script in a process of its own, since a guard is never taken off again.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import pickle
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["LOADERS"]


def _opened(load: Callable[[Any], Any]) -> Callable[[str], Any]:
    def from_file(path: str) -> Any:
        with Path(path).open("rb") as file:
            return load(file)

    return from_file


def _named(module: str, name: str, **options: Any) -> Callable[[str], Any]:
    return lambda path: getattr(importlib.import_module(module), name)(path, **options)


def _numpy(path: str) -> Any:
    import numpy as np

    loaded = np.load(path, allow_pickle=True)
    # Archives unpickle a member when it is asked for.
    return [loaded[name] for name in loaded.files] if hasattr(loaded, "files") else loaded


def _skops(path: str) -> Any:
    import skops.io

    return skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))


class OwnInC(pickle.Unpickler):
    """An unpickler that somebody wrote, of the one in C."""


class OwnInPython(pickle._Unpickler):
    """An unpickler that somebody wrote, of the one in Python."""

    def find_class(self, module: str, name: str) -> Any:
        """Look names up in a way of its own."""
        return super().find_class(module, name)


LOADERS: dict[str, Callable[[str], Any]] = {
    "pickle.load": _opened(lambda file: pickle.load(file)),
    "pickle.loads": lambda path: pickle.loads(Path(path).read_bytes()),
    "pickle.Unpickler": _opened(lambda file: pickle.Unpickler(file).load()),
    "pickle._loads": lambda path: pickle._loads(Path(path).read_bytes()),  # type: ignore[attr-defined]
    "joblib.load": _named("joblib", "load"),
    "joblib.load of a file": _opened(lambda file: importlib.import_module("joblib").load(file)),
    "numpy.load": _numpy,
    "pandas.read_pickle": _named("pandas", "read_pickle"),
    "cloudpickle.load": _opened(lambda file: importlib.import_module("cloudpickle").load(file)),
    "skops.load": _skops,
    "an unpickler of one's own, in C": _opened(lambda file: OwnInC(file).load()),
    "an unpickler of one's own, in Python": _opened(lambda file: OwnInPython(file).load()),
}


def _main(folder: str) -> None:
    """Load every file of a folder with every loader, and write down what becomes of it."""
    from safeload.serving import guard

    warnings.simplefilter("ignore")
    log: list[Any] = []
    guard.install(log=log.append)
    outcomes: dict[str, dict[str, str]] = {}
    for path in sorted(Path(folder).glob("*.bin")):
        outcomes[path.stem] = {}
        for name, load in LOADERS.items():
            with contextlib.redirect_stdout(io.StringIO()):
                outcomes[path.stem][name] = _outcome(load, str(path))
    json.dump({"outcomes": outcomes, "records": len(log)}, sys.stdout)


def _outcome(load: Callable[[str], Any], path: str) -> str:
    try:
        load(path)
    except BaseException as error:  # noqa: BLE001  # a payload may raise anything
        return getattr(error, "code", type(error).__name__)
    return "loaded"


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    _main(sys.argv[1])
