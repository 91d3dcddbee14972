"""A search for harm among the names that the packs allow.

Three sweeps, each in a child process under an audit hook:

- ``calls``: every name that a file may call, or that a model may be handed to call later, is called
  with what a hostile file could give it: paths, commands, code, names of modules, addresses, names
  of attributes, numbers, arrays, and mixtures of these.
- ``models``: every fitted estimator gets each of its attributes replaced by such a value, or by an
  allowed function, and is then shown, compared, asked for its parameters and used.
- ``names``: every text that a fitted estimator keeps, in it or in what it holds, becomes a name
  that nothing has. What then asks for an attribute, a module or a file of that name would take any
  name from a file.

Harm is what a canary shows (a file created, a module imported, code run) and what Python audits:
files opened for writing, processes, sockets.

Usage: ``python -m tests.attacks.search calls|models|names SHARD SHARDS FOLDER`` prints one JSON
line for each finding: how it was reached, and what happened.

Trust: this does run what it finds; payloads do no more than create the canary.
"""

from __future__ import annotations

import contextlib
import copy
import importlib
import io
import itertools
import json
import os
import pickle
import resource
import signal
import struct
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from safeload.policy.judge import judge
from safeload.policy.packs import opt_in_packs
from safeload.policy.policy import Policy
from safeload.scan.program import Use
from safeload.scan.scan import scan
from tests.builder import Name, Pickle

__all__ = ["calls", "models", "names"]

# Seconds that one call may take: what loops for ever is another test's matter.
_SECONDS_PER_CASE = 2.0
_MEMORY = 4 << 30
# What no allowed name has any business with. "open" counts for writing only.
_EVENTS = (
    "ctypes", "ftplib", "http", "imaplib", "nntplib", "os.chmod", "os.chown", "os.exec",
    "os.fork", "os.kill", "os.link", "os.mkdir", "os.putenv", "os.remove", "os.rename", "os.rmdir",
    "os.spawn", "os.startfile", "os.symlink", "os.system", "os.truncate", "os.unsetenv", "poplib",
    "pty", "shutil", "smtplib", "socket", "sqlite3", "subprocess", "syslog", "telnetlib",
    "tempfile", "urllib", "webbrowser", "winreg",
)  # fmt: skip

Found = tuple[str, str]

# A name that nothing has.
_NAME = "canary_name"


class _Watch:
    """Notes the harm that is done while it is on."""

    def __init__(self, canary: Path) -> None:
        self._canary = canary
        self._on = False
        self._seen: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._on:
            return
        if event == "open":
            path, mode = args[0], args[1]
            if self._is_ours(path) or (isinstance(mode, str) and set(mode) & set("wax+")):
                self._seen.append(f"open {path!r} {mode!r}")
        elif event == "import":
            if self._is_ours(args[0]):
                self._seen.append(f"import {args[0]}")
        elif event.startswith(_EVENTS):
            self._seen.append(event)

    def _is_ours(self, value: Any) -> bool:
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        return isinstance(value, str) and (str(self._canary) in value or "canary" in value)

    def during(self, work: Callable[[], object]) -> list[str]:
        """Do something, and say what harm came of it."""
        self._seen = []
        self._on = True
        try:
            signal.setitimer(signal.ITIMER_REAL, _SECONDS_PER_CASE)
            try:
                with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
                    warnings.simplefilter("ignore")
                    work()
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except BaseException as error:  # noqa: BLE001  # hostile values raise all there is
            self._seen += _asked_for(error)
        self._on = False
        if self._canary.exists():
            self._canary.unlink()
            self._seen.append("canary")
        return sorted(set(self._seen))


def _asked_for(error: BaseException) -> Iterator[str]:
    """Where an error says that something was asked for by the name that nothing has."""
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in chain:
        chain.append(following)
        following = following.__cause__ or following.__context__
    for each in chain:
        if isinstance(each, AttributeError | NameError | ImportError) and each.name == _NAME:
            yield f"{type(each).__name__} of the name"


def _values(canary: Path) -> list[Any]:
    """What a file could give for an argument or attribute."""
    code = f"open({str(canary)!r}, 'w').close()"
    return [
        str(canary),
        canary,
        code,
        f"__import__('os').system('touch {canary}')",
        f"touch {canary}",
        f"file://{canary}",
        "http://127.0.0.1:9/canary",
        "canary_module",
        "canary_module.attribute",
        "__class__.__init__.__globals__",
        b"cposix\nsystem\n(S'touch " + str(canary).encode() + b"'\ntR.",
        np.array([str(canary)]),
        np.array([code], object),
        {"file": str(canary), "cmd": code, "callback": np.sum},
        [str(canary), code],
        np.arange(6.0).reshape(3, 2),
        3,
    ]


def _callables() -> Iterator[tuple[Name, bool, Any]]:
    """Names, whether a model may be handed them to call with anything, and what they stand for."""
    for (module, name), entry in sorted(Policy.default(packs=opt_in_packs()).entries.items()):
        if not entry.uses & {Use.CALL, Use.REFERENCE}:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                value: Any = importlib.import_module(module)
                for part in name.split("."):
                    value = getattr(value, part)
            except (ImportError, AttributeError):
                continue
        if callable(value):
            yield Name(module, name), Use.REFERENCE in entry.uses, value


def calls(canary: Path, shard: int, shards: int) -> Iterator[Found]:
    """Call every callable with one and with two values.

    What may only be called while loading is called with what its rule lets pass.
    """
    watch, values = _Watch(canary), _values(canary)
    arguments = [(), *((value,) for value in values), *itertools.permutations(values[:11], 2)]
    for name, anyhow, function in itertools.islice(_callables(), shard, None, shards):
        for given in arguments:
            if anyhow or _is_accepted(name, given):
                for harm in watch.during(lambda f=function, g=given: _show(f(*g))):  # type: ignore[misc]
                    yield f"{name.module}.{name.name}{given!r}"[:300], harm


def _is_accepted(name: Name, given: tuple[Any, ...]) -> bool:
    """Whether a file may call a name with these values."""
    try:
        stream = Pickle(4).call(name, *given).finish()
    except (TypeError, ValueError, struct.error):
        # Values that no writer has an opcode for; they come as calls of their own.
        return False
    return not judge(scan(bytearray(stream)), Policy.default(packs=opt_in_packs())).findings


def models(canary: Path, shard: int, shards: int) -> Iterator[Found]:
    """Replace each attribute of each fitted estimator, and use it."""
    from tests.legitimate import estimators
    from tests.legitimate.estimators import outputs

    watch = _Watch(canary)
    functions = [np.sum, np.log, len, str.lower, np.add.reduce, *(_functions())]
    for name in itertools.islice(estimators.names(), shard, None, shards):
        legitimate = estimators.estimator(name)
        for attribute in vars(legitimate.model):
            for value in [*_values(canary), *functions]:
                with contextlib.suppress(Exception):
                    model = copy.copy(legitimate.model)
                    vars(model)[attribute] = value
                    data = legitimate.data
                    for harm in watch.during(lambda m=model, d=data: _use(m, d, outputs)):  # type: ignore[misc]
                        yield f"{name}.{attribute} = {value!r}"[:300], harm


def names(canary: Path, shard: int, shards: int) -> Iterator[Found]:
    """Replace each text of each fitted estimator, and of what it holds, by a name; and use it."""
    from tests.legitimate import estimators

    watch = _Watch(canary)
    for name in itertools.islice(estimators.names(), shard, None, shards):
        legitimate = estimators.estimator(name)
        for place, value in _texts(legitimate.model):
            model = copy.deepcopy(legitimate.model)
            owner = model
            for step in place[:-1]:
                owner = vars(owner)[step] if isinstance(step, str) else owner[step]
            vars(owner)[place[-1]] = value
            for method in ("__repr__", "get_params", *estimators.METHODS):
                given = () if method in ("__repr__", "get_params") else (legitimate.data,)
                asked = watch.during(lambda m=model, n=method, g=given: getattr(m, n)(*g))  # type: ignore[misc]
                by_name = [harm for harm in asked if _NAME in harm or harm.endswith("of the name")]
                if by_name and _is_accepted_model(model):
                    yield f"{name}.{'.'.join(map(str, place))}.{method}"[:300], by_name[0]


_Place = tuple[Any, ...]


def _texts(model: Any, place: _Place = ()) -> Iterator[tuple[_Place, Any]]:
    """Where a model, or a model that it holds, keeps text or nothing; and a name in its form."""
    for key, value in vars(model).items():
        if value is None or isinstance(value, str):
            yield (*place, key), _NAME
        elif isinstance(value, list | tuple) and value and all(isinstance(v, str) for v in value):
            yield (*place, key), type(value)([_NAME] * len(value))
        elif not place and isinstance(value, list):
            for index, held in enumerate(value[:2]):
                if hasattr(held, "get_params"):
                    yield from _texts(held, (key, index))
        elif not place and type(getattr(value, "__dict__", None)) is dict:
            yield from _texts(value, (key,))


def _is_accepted_model(model: Any) -> bool:
    try:
        stream = pickle.dumps(model)
    except Exception:  # noqa: BLE001  # what cannot be written cannot be in a file
        return False
    return not judge(scan(bytearray(stream)), Policy.default(packs=opt_in_packs())).findings


def _functions() -> list[Any]:
    from sklearn.metrics import mean_squared_error, pairwise
    from sklearn.preprocessing import scale

    return [mean_squared_error, pairwise.rbf_kernel, scale]


def _show(value: Any) -> None:
    repr(value)
    str(value)


def _use(model: Any, data: Any, outputs: Callable[[Any, Any], object]) -> None:
    for act in (repr, hash, lambda m: m.get_params(), lambda m: outputs(m, data), bool):
        with contextlib.suppress(Exception):
            act(model)


def _main(sweep: str, shard: str, shards: str, folder: str) -> None:
    home = Path(folder)
    (home / "canary_module.py").write_text(f"open({str(home / 'canary')!r}, 'w').close()\n")
    sys.path.insert(0, folder)
    os.chdir(folder)
    signal.signal(signal.SIGALRM, _interrupt)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    sweeps = {"calls": calls, "models": models, "names": names}
    for how, harm in sweeps[sweep](home / "canary", int(shard), int(shards)):
        sys.stderr.write(json.dumps([how, harm]) + "\n")


def _interrupt(*_: Any) -> None:
    raise TimeoutError


if __name__ == "__main__":
    _main(*sys.argv[1:])
