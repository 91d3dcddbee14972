"""The child process of ``callables.py``: calls what it is told to, and says what came of it.

Trust: this does run what it finds, within limits of memory and processor time.
"""

from __future__ import annotations

import datetime as dt
import decimal
import importlib
import json
import mmap
import os
import random
import resource
import signal
import sys
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from safeload.policy.callables.kinds import Signature
from tests.attacks.oddities import chosen, operands, parameter_values, plain_data, texts

__all__ = ["is_plain", "resolved"]

# Seconds of processor time that one call may take; it kills the process, because native code heeds
# no other signal.
_SECONDS = 5.0
_MEMORY = 1 << 30
_GIVEN = 300
# Kinds whose results are given to others: no tuples.
_COMPOSED = frozenset(["elementwise", "array", "reduction", "select"])
# Modules that remember something of their own, such as the folder that they lie in.
_CACHING = frozenset(["pandas.util._exceptions"])
_CALLS_PER_LOOK = 300
# Findings of one callable that are worth saying.
_MOST = 3
# Events that no callable has any business with.
_EVENTS = (
    "code.", "ctypes.", "ftplib", "function.", "http", "imaplib", "open", "os.", "pickle.",
    "poplib", "pty.", "shutil.", "smtplib", "socket.", "sqlite3.", "subprocess", "syslog",
    "tempfile.",
    "telnetlib", "urllib", "webbrowser", "winreg",
)  # fmt: skip
_LIBRARIES = frozenset(
    "imblearn joblib narwhals numpy pandas pyarrow scipy sklearn sktime statsmodels "
    "threadpoolctl".split()
)
_PLAIN = (
    bool, bytes, complex, dt.date, dt.time, dt.timedelta, dt.tzinfo, decimal.Decimal, float, int,
    np.dtype,
    np.generic, pd.Interval, pd.Period, pd.offsets.BaseOffset, str, type(None), type(pd.NA),
    type(pd.NaT),
)  # fmt: skip
_ARRAYS = (
    np.matrix, np.ma.MaskedArray, np.ndarray, pd.DataFrame, pd.Index, pd.Series,
    pd.api.extensions.ExtensionArray,
)  # fmt: skip
_ITEMS = 200
_HERE = Path(__file__).resolve().parent


def resolved(module: str, name: str) -> Any:
    """What a name stands for here, or None: packs name what other releases have as well."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value: Any = importlib.import_module(module)
            for part in name.split("."):
                value = getattr(value, part)
        except (ImportError, AttributeError):
            return None
    return value


def is_plain(value: Any, depth: int = 0) -> bool:
    """Whether a value is data: numbers, texts, arrays, tables, and lists and dicts of these."""
    if depth > 100 or isinstance(value, _PLAIN):
        return True
    if isinstance(value, _ARRAYS) or sparse.issparse(value):
        items = np.asarray(value, object).reshape(-1) if _has_objects(value) else ()
        return all(is_plain(item, depth + 1) for item, _ in zip(items, range(_ITEMS), strict=False))
    if isinstance(value, dict):
        return all(is_plain(item, depth + 1) for pair in value.items() for item in pair)
    if isinstance(value, deque | frozenset | list | set | tuple):
        return all(is_plain(item, depth + 1) for item in value)
    return False


def _has_objects(value: Any) -> bool:
    try:
        dtypes = (
            value.dtypes if isinstance(value, pd.DataFrame) else [getattr(value, "dtype", None)]
        )
    except AssertionError:
        # pandas made a table that it cannot read itself.
        return False
    return any(dtype == np.dtype(object) for dtype in dtypes)


class _Watch:
    """Notes what a call does beside computing."""

    def __init__(self, canary: Path) -> None:
        self._canary = canary
        self._seen: list[str] = []
        self.on = False
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event == "open":
            if not _is_library(args[0]):
                self._seen.append(f"opens {args[0]!r}"[:_GIVEN])
        elif event == "import":
            if not _is_library_name(args[0]):
                self._seen.append(f"imports {args[0]}")
        elif event == "compile":
            if "canary" in str(args[0]):
                self._seen.append("evaluates text")
        elif event.startswith(_EVENTS) and not event.startswith(("os.listdir", "os.scandir")):
            self._seen.append(event)

    def seen(self) -> list[str]:
        """What was noted since the last time."""
        seen, self._seen = self._seen, []
        if self._canary.exists():
            self._canary.unlink()
            seen.append("the canary")
        return sorted(set(seen))


def _is_library(path: Any) -> bool:
    """Whether a file that is read is a library's: a late import, a line of a traceback, a zone."""
    text = os.fsdecode(path) if isinstance(path, str | bytes) else ""
    return text.startswith((sys.prefix, sys.base_prefix, str(_HERE), "/usr/share/zoneinfo"))


def _is_library_name(module: str) -> bool:
    head = module.partition(".")[0]
    return head in _LIBRARIES or head in sys.stdlib_module_names or head in sys.modules


def _globals() -> dict[str, Any]:
    """What a call could change for others: modules' globals, the environment, numpy's settings."""
    state: dict[str, Any] = {
        "os.environ": dict(os.environ), "Path.cwd()": Path.cwd(), "sys.path": list(sys.path),
        "sys.getrecursionlimit()": sys.getrecursionlimit(), "numpy.geterr()": np.geterr(),
        "numpy.get_printoptions()": repr(np.get_printoptions()),
        "decimal": repr(decimal.getcontext().prec),
    }  # fmt: skip
    for name, module in list(sys.modules.items()):
        is_module = isinstance(module, ModuleType) and not name.startswith("tests.")
        if is_module and name not in _CACHING:
            state[name] = {
                key: id(value)
                for key, value in vars(module).items()
                if not key.startswith("__") and not isinstance(value, ModuleType | int | float)
            }
    return state


def _changed(before: dict[str, Any]) -> Iterator[str]:
    after = _globals()
    for name in {name.partition(".")[0] for name in after.keys() - before.keys()}:
        if name not in _LIBRARIES | sys.stdlib_module_names:
            yield f"imports {name}"
    for name, state in before.items():
        if after.get(name) != state:
            keys = state.items() ^ after[name].items() if isinstance(state, dict) else ()
            changed = sorted(
                {key for key, _ in keys if not isinstance(state, dict) or key in state}
            )
            if changed or not isinstance(state, dict):
                yield f"changes {name}: {', '.join(map(str, changed))}"


class _Arguments:
    """Sets of odd arguments for a callable, the same each time for the same seed."""

    def __init__(self, canary: Path) -> None:
        self._plain = plain_data(canary)
        self._texts = texts(canary)
        self._operands = operands()

    def of(
        self, name: str, function: Any, signature: Signature, sets: int, seed: int
    ) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
        """Each of the odd data once, then choices among all, with and without parameters."""
        rng = random.Random(f"{seed}:{name}")
        pool = [*self._plain]
        if signature.kinds & {"text", "tokens"}:
            pool += self._texts * 4
        scalars = [*self._operands, *self._plain] if len(signature.data) > 1 else pool
        values = {key: parameter_values(each) for key, each in signature.parameters.items()}
        count = max(len(signature.data), 0)
        first = [*pool] if count == 1 else []
        rng.shuffle(first)
        for number in range(sets):
            if count == 1:
                data: tuple[Any, ...] = (
                    first[number] if number < len(first) else chosen(rng, pool),
                )
            elif isinstance(function, np.ufunc) and number % 4:
                data = tuple(chosen(rng, self._operands) for _ in range(count))
            elif number % 2:
                same = chosen(rng, pool)
                data = tuple(
                    same if rng.random() < 0.8 else chosen(rng, scalars) for _ in range(count)
                )
            else:
                data = tuple(chosen(rng, scalars) for _ in range(count))
            set_ = [key for key in values if rng.random() < 0.5] if number % 3 else []
            yield data, {key: chosen(rng, values[key]) for key in set_}


def _owners() -> dict[str, Any]:
    """Objects whose methods a model keeps, by the name of the class."""
    from scipy import interpolate, stats
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    x, y = np.arange(8.0), np.arange(8.0) ** 2
    table, target = np.arange(40.0).reshape(20, 2), np.arange(20) % 2
    regressor = HistGradientBoostingRegressor(max_iter=2).fit(table, target)
    return {
        "interp1d": interpolate.interp1d(x, y),
        "Rbf": interpolate.Rbf(x, y),
        "gaussian_kde": stats.gaussian_kde(y),
        "HistGradientBoostingClassifier": HistGradientBoostingClassifier(max_iter=2).fit(
            table, target
        ),
        "HistGradientBoostingRegressor": regressor,
        "BaseHistGradientBoosting": regressor,
        "rv_discrete": stats.binom,
        "rv_sample": stats.rv_discrete(values=([1, 2], [0.5, 0.5])),
        **{
            type(each).__name__: each
            for each in vars(stats).values()
            if isinstance(each, stats.rv_discrete)
        },
    }


class _Caller:
    """Calls callables and says what it found."""

    def __init__(self, folder: Path, sets: int, seed: int) -> None:
        canary = folder / "canary"
        # What is written there is still there when the process has died.
        with (folder / "call").open("w+b") as file:
            file.truncate(_GIVEN)
            self._call = mmap.mmap(file.fileno(), _GIVEN)
        self._watch = _Watch(canary)
        self._arguments = _Arguments(canary)
        self._owners = _owners()
        self._sets, self._seed = sets, seed
        self._peak = _peak()
        self._before = _globals()

    def each(self, name: str, function: Any, signature: Signature) -> None:
        """Call a callable with all its sets of arguments."""
        _say("begin", name)
        if "own" in signature.kinds:
            owner = self._owners.get(name.partition(":")[2].partition(".")[0])
            function = getattr(owner, name.rpartition(".")[2]) if owner is not None else function
        calls, found = 0, 0
        for data, given in self._arguments.of(name, function, signature, self._sets, self._seed):
            calls += 1
            for harm in self._during(function, data, given, signature):
                found += 1
                if found <= _MOST:
                    _say("found", name, _shown(data, given), harm)
        _say("end", name, calls)

    def look(self, names: Sequence[str]) -> None:
        """Say what is another one since the last look, when these were called."""
        for change in _changed(self._before):
            _say("found", names[-1], f"one of the calls of {', '.join(names)}"[:_GIVEN], change)
        self._before = _globals()

    def _during(
        self, function: Any, data: tuple[Any, ...], given: dict[str, Any], signature: Signature
    ) -> Iterator[str]:
        text = _shown(data, given).encode("utf-8", "replace")[:_GIVEN]
        self._call[:] = text.ljust(_GIVEN, b"\0")
        signal.setitimer(signal.ITIMER_PROF, _SECONDS)
        self._watch.on = True
        try:
            result = function(*data, **given)
        except MemoryError:
            result = None
            yield "asks for more memory than a gibibyte"
        except BaseException:  # noqa: BLE001  # it may raise what it likes
            result = None
        finally:
            self._watch.on = False
            signal.setitimer(signal.ITIMER_PROF, 0)
        yield from self._watch.seen()
        peak = _peak()
        if peak > self._peak + _MEMORY // 2:
            yield f"takes {(peak - self._peak) >> 20} MiB"
        self._peak = peak
        if not is_plain(result):
            yield f"gives {type(result).__module__}.{type(result).__qualname__}"
        elif (
            isinstance(result, tuple) and signature.kinds & _COMPOSED and not _is_part(result, data)
        ):
            yield "gives a tuple"


def _peak() -> int:
    """The most memory that this process has had, bytes."""
    # The kernel's other count begins with that of the process which started this one.
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024


def _is_part(result: Any, data: tuple[Any, ...]) -> bool:
    """Whether a tuple is one that the data had in it, as its least or first item."""
    return any(_holds(part, result) for part in data) or result == ()


def _holds(part: Any, result: Any) -> bool:
    if part is result:
        return True
    if isinstance(part, pd.DataFrame):
        part = part.columns
    if isinstance(part, pd.MultiIndex):
        return result in part
    if isinstance(part, np.ndarray) and part.dtype == object:
        part = list(part.reshape(-1))
    return isinstance(part, list) and any(item is result for item in part)


def _shown(data: tuple[Any, ...], given: dict[str, Any]) -> str:
    parts = [_short(each) for each in data] + [
        f"{key}={_short(each)}" for key, each in given.items()
    ]
    return ", ".join(parts)[:_GIVEN]


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  # some texts have no repr that can be written
        text = object.__repr__(value)
    text = " ".join(text.encode("ascii", "backslashreplace").decode().split())
    kind = type(value).__name__
    return f"<{kind} {text[:60]}>" if len(text) > 60 else text


def _say(*line: Any) -> None:
    os.write(_OUT, (json.dumps(line) + "\n").encode())


# What callables print is nobody's business.
_OUT = os.dup(1)


def _table(module: str) -> dict[str, tuple[Any, Signature]]:
    if module:
        table: dict[str, tuple[Any, Signature]] = importlib.import_module(module).CALLABLES
        return table
    from tests.attacks.callables import kept

    return {name: (resolved(*name.split(":")), each) for name, each in kept().items()}


def _main(folder: str, sets: str, seed: str, callables: str) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    # It imports what it needs for a seed that is a text when it meets the first one.
    random.seed("")
    table = _table(callables)
    names = json.load(sys.stdin)
    os.chdir(folder)
    caller = _Caller(Path(folder), int(sets), int(seed))
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + _MEMORY, used + _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # To look takes as long as some hundred calls.
    count = 1 if callables else max(1, _CALLS_PER_LOOK // int(sets))
    for first in range(0, len(names), count):
        called = names[first : first + count]
        for name in called:
            caller.each(name, *table[name])
        caller.look(called)


if __name__ == "__main__":
    _main(*sys.argv[1:])
