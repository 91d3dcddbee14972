"""The real unpicklers, let loose on hostile bytes in a child process that can do no harm.

What a stream asks ``find_class`` for is answered with inert stubs, and noted down at once, so that
it is known even if the child ends. What it makes is described as text, so that two streams can be
compared.

Run as a script, this module is the child: it reads requests from stdin, one JSON object a line,
and answers with lines of JSON.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import select
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["KINDS", "Outcome", "Unpicklers"]

KINDS = ("c", "python", "joblib")

_ROOT = Path(__file__).parents[2]
# Seconds for one stream, and for the child's imports; bytes a child may map beyond what it has
# mapped by then.
_PATIENCE = 30
_START = 120
_MEMORY = 256 << 20
_STEPS = 20_000


@dataclass(frozen=True)
class Outcome:
    """What an unpickler did.

    Attributes:
        asked: Every pair it asked ``find_class`` for.
        value: What it returned, described, or None if it did not.
        error: The type of the exception it ended in, ``"crash"``, or an empty string.
    """

    asked: frozenset[tuple[str, str]]
    value: str | None
    error: str


class Unpicklers:
    """A child process that unpickles whatever it is sent; begun anew when it dies."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._said = b""

    def __call__(self, data: bytes, kind: str) -> Outcome:
        """Unpickle.

        Args:
            data: The stream; for the kind ``"code"`` canonical code, whose arrays are numbered.
            kind: One of :data:`KINDS`, or ``"code"``.
        """
        child = self._start()
        assert child.stdin is not None
        child.stdin.write(json.dumps({"kind": kind, "data": data.hex()}).encode() + b"\n")
        child.stdin.flush()
        asked: set[tuple[str, str]] = set()
        while (line := self._line(child, _PATIENCE)) is not None:
            answer = json.loads(line)
            if "asked" not in answer:
                return Outcome(frozenset(asked), answer["value"], answer["error"])
            module, name = answer["asked"]
            asked.add((module, name))
        self.close()
        return Outcome(frozenset(asked), None, "crash")

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child, self._said = None, b""

    def _start(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "tests.scan.unpicklers"],
                cwd=_ROOT,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            assert self._line(self._child, _START) is not None
        return self._child

    def _line(self, child: subprocess.Popen[bytes], patience: float) -> bytes | None:
        """The next line the child says; None if it is silent for too long, or has ended."""
        assert child.stdout is not None
        while b"\n" not in self._said:
            if not select.select([child.stdout], [], [], patience)[0]:
                return None
            more = os.read(child.stdout.fileno(), 1 << 16)
            if not more:
                return None
            self._said += more
        line, _, self._said = self._said.partition(b"\n")
        return line


# -- the child -----------------------------------------------------------------------------------


class _Tolerant(type):
    """The class of stubs: a stub takes whatever is done to it, and does nothing."""

    def __setitem__(cls, key: Any, value: Any) -> None:
        pass


class _Inert(metaclass=_Tolerant):
    asked = ("", "")

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        self = object.__new__(cls)
        self.__dict__["made"] = [args, kwargs]
        return self

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.__dict__.setdefault("made", []).append("init")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _Inert(self, args, kwargs)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.__dict__.setdefault("made", []).extend(["set", key, value])

    @staticmethod
    def __setstate__(state: Any) -> None:
        pass

    append = extend = add = update = __setstate__


def _child() -> None:
    import resource
    import warnings

    import joblib.numpy_pickle
    import numpy as np

    warnings.simplefilter("ignore")
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + _MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    wrapper = joblib.numpy_pickle.NumpyArrayWrapper

    def reconstructor(cls: Any, base: Any, state: Any) -> Any:
        return wrapper.__new__(wrapper) if cls is wrapper else _Inert(cls, base, state)

    # Without these, joblib would not find its arrays.
    real = {
        ("numpy", "dtype"): np.dtype,
        ("numpy", "ndarray"): np.ndarray,
        ("joblib.numpy_pickle", "NumpyArrayWrapper"): wrapper,
        ("copy_reg", "_reconstructor"): reconstructor,
        ("copyreg", "_reconstructor"): reconstructor,
    }
    _say({"ready": True})
    for line in sys.stdin:
        request = json.loads(line)
        data, kind = bytes.fromhex(request["data"]), request["kind"]
        error, value = "", None
        try:
            value = _describe(_loaded(data, kind, real if kind == "joblib" else {}, joblib))
        except BaseException as problem:  # noqa: BLE001  # whatever hostile bytes lead to
            error = type(problem).__name__
        _say({"value": value, "error": error})


def _loaded(data: bytes, kind: str, real: dict[tuple[str, str], Any], joblib: Any) -> Any:
    arrays = 0

    def find_class(self: Any, module: str, name: str) -> Any:
        _say({"asked": [module, name]})
        stub = _Tolerant(name or "_", (_Inert,), {"asked": (module, name)})
        return real.get((module, name), stub)

    def persistent_load(self: Any, identifier: Any) -> Any:
        nonlocal arrays
        if kind != "code":
            raise pickle.UnpicklingError("persistent identifiers mean nothing here")
        arrays += 1
        return ("array", arrays - 1)

    base = {
        "c": pickle.Unpickler,
        "code": pickle.Unpickler,
        "python": pickle._Unpickler,
        "joblib": joblib.numpy_pickle.NumpyUnpickler,
    }[kind]
    methods = {"find_class": find_class, "persistent_load": persistent_load}
    unpickler = type("Stubbed", (base,), methods)
    stream = io.BytesIO(data)
    if kind == "joblib":
        return unpickler("", stream, ensure_native_byte_order=False).load()
    return unpickler(stream).load()


def _describe(value: Any) -> str:
    """Text that is equal for equal graphs of objects, sharing and cycles included."""
    parts: list[str] = []
    seen: dict[int, int] = {}
    kept = []
    pending = [value]
    while pending and len(parts) < _STEPS:
        item = pending.pop()
        if isinstance(item, type):
            parts.append(f"class {item.__dict__.get('asked', item)}")
            continue
        if item is None or isinstance(item, bool | int | float | str | bytes | bytearray):
            # More digits than this Python refuses to write.
            text = hex(item) if type(item) is int else repr(item)
            parts.append(text)
            continue
        if id(item) in seen:
            parts.append(f"#{seen[id(item)]}")
            continue
        seen[id(item)] = len(seen)
        kept.append(item)
        parts.append(f"{type(item).__name__}:")
        if isinstance(item, dict):
            pending += [part for pair in item.items() for part in pair]
        elif isinstance(item, list | tuple):
            pending += item
        elif isinstance(item, set | frozenset):
            parts.append(",".join(sorted(map(_simple, item))))
        elif isinstance(item, _Inert):
            parts.append(str(type(item).asked))
            pending += item.__dict__.get("made", [])
    return " ".join(parts)


def _simple(item: Any) -> str:
    return repr(item) if isinstance(item, int | float | str | bytes) else type(item).__name__


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _child()
