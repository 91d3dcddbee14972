"""Ways past a guard, each tried in one process; what becomes of them is printed as JSON."""

from __future__ import annotations

import _pickle
import io
import json
import os
import pickle
import shelve
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from pickle import loads as taken_before
from typing import Any

import cloudpickle
import joblib
import numpy as np
import pandas as pd
import skops.io
from joblib import load as joblib_taken_before

from safeload.serving import guard
from tests.builder import Name, Pickle

CANARY = "canary"
EVIL = Pickle(4).call(Name("posix", "mkdir"), CANARY).finish()


class Keeps:
    """Keeps loaders as attributes, as ``multiprocessing`` does."""

    loads = pickle.loads
    joblib_load = staticmethod(joblib.load)


class Renames(pickle.Unpickler):
    """Gives names of its own choice to the unpickler."""

    def find_class(self, module: str, name: str) -> Any:
        """Rename."""
        return super().find_class("posix", "mkdir")


class Persistent(pickle.Unpickler):
    """Has objects from elsewhere."""

    def persistent_load(self, pid: Any) -> Any:
        """Unpickle them."""
        return pickle.loads(EVIL)


class Runs:
    """A class of the program's own whose state is a pickle."""

    def __getstate__(self) -> bytes:
        return EVIL

    def __setstate__(self, state: Any) -> None:
        pickle.loads(state)


class Lies(bytes):
    """Bytes that are others when they are asked for again."""

    def __bytes__(self) -> bytes:
        return EVIL


class TwoFaced(io.BytesIO):
    """A file that holds something harmless first, and something else after it was put back."""

    def seek(self, *args: Any) -> int:
        """Change what is there."""
        super().seek(0)
        self.write(EVIL)
        return super().seek(*args)


def _swapped() -> Any:
    """Bytes that another thread writes to while they are judged."""
    harmless = pickle.dumps({"a": 1})
    data = bytearray(harmless.ljust(len(EVIL), b"\0"))
    ended = threading.Event()

    def swap() -> None:
        while not ended.is_set():
            data[:] = EVIL
            data[:] = harmless.ljust(len(EVIL), b"\0")

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        for _ in range(300):
            try:
                pickle.loads(data)
            except Exception:  # noqa: BLE001  # half of them
                continue
    finally:
        ended.set()
        thread.join()
    raise LookupError


def _with_attribute() -> Any:
    unpickler = pickle.Unpickler(io.BytesIO(EVIL))
    vars(unpickler)["persistent_load"] = print
    return unpickler.load()


def _shelf() -> Any:
    with shelve.open("shelf") as shelf:
        shelf.dict[b"a"] = EVIL  # type: ignore[attr-defined]
        return shelf["a"]


def _from_exempted_place() -> Any:
    """A function of the same name as an exempted one, in a module of the same name."""
    names = {"__name__": "multiprocessing.connection", "pickle": pickle}
    text = "class _ConnectionBase:\n def recv(self, data):\n  return pickle.loads(data)\n"
    exec(text, names)
    return names["_ConnectionBase"]().recv(EVIL)  # type: ignore[operator]


def _within_exempted_load() -> Any:
    """What is unpickled by an exempted function unpickles something itself."""
    import multiprocessing

    one, other = multiprocessing.Pipe()
    one.send(Runs())
    return other.recv()


def _by_file() -> Any:
    with Path(_file("d.joblib")).open("rb") as file:
        return joblib.load(file)


def _array() -> Any:
    np.save("a.npy", np.array([None, {}], dtype=object))
    data = Path("a.npy").read_bytes()
    Path("a.npy").write_bytes(data[:128] + EVIL)
    return np.load("a.npy", allow_pickle=True)


def _file(name: str) -> str:
    Path(name).write_bytes(EVIL)
    return name


def _naming(module: str, name: str, *args: Any) -> Callable[[], Any]:
    """A pickle that calls something of the guard's own."""
    return lambda: pickle.loads(Pickle(4).call(Name(module, name), *args).finish())


ATTACKS: dict[str, Callable[[], Any]] = {
    "pickle.loads": lambda: pickle.loads(EVIL),
    "pickle.load": lambda: pickle.load(io.BytesIO(EVIL)),
    "pickle.Unpickler": lambda: pickle.Unpickler(io.BytesIO(EVIL)).load(),
    "pickle._loads": lambda: pickle._loads(EVIL),  # type: ignore[attr-defined]
    "the module in C": lambda: _pickle.loads(EVIL),
    "a name taken before": lambda: taken_before(EVIL),
    "a name of joblib taken before": lambda: joblib_taken_before(_file("a.joblib")),
    "an attribute of a class": lambda: Keeps.loads(EVIL),
    "an attribute of an instance": lambda: Keeps().loads(EVIL),  # type: ignore[misc,call-arg,arg-type]
    "a static method": lambda: Keeps.joblib_load(_file("b.joblib")),
    "joblib": lambda: joblib.load(_file("c.joblib")),
    "joblib with an open file": _by_file,
    "cloudpickle": lambda: cloudpickle.loads(EVIL),
    "pandas": lambda: pd.read_pickle(_file("e.pkl")),
    "numpy": lambda: np.load(_file("f.pkl"), allow_pickle=True),
    "an array of objects": _array,
    "skops": lambda: skops.io.load(_file("g.skops")),
    "skops by bytes": lambda: skops.io.loads(EVIL),
    "a shelf": _shelf,
    "an unpickler that renames": lambda: Renames(io.BytesIO(EVIL)).load(),
    "an unpickler with objects from elsewhere": lambda: Persistent(
        io.BytesIO(b"\x80\x04NQ.")
    ).load(),
    "an unpickler with an attribute": _with_attribute,
    "bytes that lie": lambda: pickle.loads(Lies(EVIL)),
    "bytes that somebody writes to": _swapped,
    "a file that changes when it is put back": lambda: pickle.load(TwoFaced(EVIL)),
    "a function that passes for an exempted one": _from_exempted_place,
    "a load within an exempted one": _within_exempted_load,
    "the original, by its name": _naming("safeload.serving.guard.exemptions", "through"),
    "the original, by an attribute": _naming("_pickle", "loads.__wrapped__", EVIL),
    "the installation": _naming("safeload.serving.guard", "install", "report"),
    "a loader that is exempted": _naming("joblib.numpy_pickle", "load", "a.joblib"),
}


def _main() -> None:
    warnings.simplefilter("ignore")
    guard.install()
    found: dict[str, str] = {}
    for name, attack in ATTACKS.items():
        try:
            attack()
        except BaseException as error:  # noqa: BLE001  # told of in the result
            cause = error.__cause__
            found[name] = str(getattr(error, "code", getattr(cause, "code", type(error))))
        else:
            found[name] = "loaded"
        if os.path.exists(CANARY):  # noqa: PTH110
            found[name] = "harm"
            os.rmdir(CANARY)  # noqa: PTH106
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    _main()
