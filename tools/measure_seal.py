"""Which functions of Python's own act without an audit event, so that the seal does not see them?

Every callable of the modules that are written in C, and the methods of the types that hold files,
memory or sockets, is called under the seal, with arguments that suit it, in a process of its own
that is given up afterwards. That process is traced: its system calls are noted, and the state of
the interpreter is compared. What was refused before anything was done is stopped. What did
something is blind, and so is what ended the process or did not come back. Of the functions that are
written in Python, those are listed that name a blind one in their code.

    python tools/measure_seal.py [--python PYTHON ...]

writes ``safeload/policy/team/seal_sight.toml`` and ``docs/seal.md``, for all those interpreters
together. What no arguments were found for is counted, and passes for what does nothing. Linux on
x86-64 only; ``strace`` is not needed.

Trust: runs everything that Python has, with harmless arguments, in a folder of its own; as an
ordinary user, or as root in a container.
"""

from __future__ import annotations

import argparse
import contextlib
import dis
import importlib
import inspect
import itertools
import json
import os
import pkgutil
import re
import select
import signal
import subprocess
import sys
import tempfile
import threading
import types
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from seal_arguments import ARGUMENTS, Place, candidates, state
from seal_tracing import be_traced, followed, judged, system_calls

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "safeload" / "policy" / "team" / "seal_sight.toml"
PAGE = ROOT / "docs" / "seal.md"
# Seconds after which a callable does not come back.
_SECONDS = 2.0

# Python's own tests, and what asks for a screen or opens a browser.
_LEFT_OUT = re.compile(
    r"_?test.*|_xx.*|xx.*|_ctypes_test|antigravity|idlelib.*|lib2to3.*|this|tkinter.*|_tkinter"
    r"|turtle.*|ensurepip.*|.*\.__main__|pip|venv.*|pydoc_data.*|distutils.*|.*\.tests?(\..*)?"
    r"|readline|_curses.*|curses.*|_suggestions|_sysconfig|config-.*"
)
# Which part of a type's methods does something beside computing.
_HOLDERS = (
    "_io.FileIO", "_io.BufferedReader", "_io.BufferedWriter", "_io.BufferedRandom",
    "_io.TextIOWrapper", "mmap.mmap", "_socket.socket", "select.epoll", "select.poll",
    "_multiprocessing.SemLock", "posix.DirEntry", "array.array", "_thread.lock", "_thread.RLock",
)  # fmt: skip
_ATTRIBUTES = frozenset(["LOAD_ATTR", "LOAD_METHOD"])
# What they change shows in nothing that is looked at, or takes arguments that do nothing harmless.
_BY_HAND = {
    "_codecs.register": "has something called for every encoding that is not known",
    "_codecs.unregister": "has something called for every encoding that is not known",
    "_thread.interrupt_main": "sends a signal",
    "calendar.setfirstweekday": "changes how libraries work",
    "hashlib.file_digest": "reads from an open file or socket",
    "posix.register_at_fork": "has something called at every fork",
    "random.seed": "changes how libraries work",
    "random.setstate": "changes how libraries work",
    "uuid.getnode": "changes where the process is",
    "zoneinfo.reset_tzpath": "changes how libraries work",
}
# They wait for a person.
_ENDS = frozenset(["builtins.breakpoint", "builtins.input"])


def callables() -> Iterator[tuple[str, Any, str | None]]:
    """Every callable to try: its name, itself, and for a method the name of its type."""
    for module in _modules(compiled=True):
        for name, value in sorted(vars(module).items()):
            if not callable(value) or not _own(value, module) or name.startswith("__"):
                continue
            if not (inspect.isclass(value) and issubclass(value, BaseException)):
                # Some say that they have another name, as _io of Python 3.11 does.
                yield f"{module.__spec__.name}.{name}", value, None
    yield "builtins.__import__", __import__, None
    yield "builtins.open", open, None
    for holder in _HOLDERS:
        module_name, _, name = holder.rpartition(".")
        kind = _type_of(module_name, name)
        for method in sorted(set(dir(kind)) - set(dir(object))):
            if callable(getattr(kind, method, None)) and method != "__class_getitem__":
                yield f"{holder}.{method}", method, holder


def _type_of(module: str, name: str) -> type:
    if (module, name) in {("_thread", "lock"), ("_thread", "RLock")}:
        return type(threading.Lock()) if name == "lock" else type(threading.RLock())
    found = getattr(importlib.import_module(module), name)
    return found if isinstance(found, type) else type(select.poll())


def _own(value: Any, module: types.ModuleType) -> bool:
    home = getattr(value, "__module__", None)
    return home is None or home.lstrip("_") == module.__name__.lstrip("_")


def _modules(*, compiled: bool) -> Iterator[types.ModuleType]:
    names = set(sys.builtin_module_names) | set(sys.stdlib_module_names)
    with warnings.catch_warnings(), open(os.devnull, "w") as nowhere:  # noqa: PTH123
        warnings.simplefilter("ignore")
        for name in sorted(names):
            if _LEFT_OUT.fullmatch(name):
                continue
            try:
                with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
                    module = importlib.import_module(name)
            except BaseException:  # noqa: BLE001, S112  # not built here, or for another system
                continue
            file = getattr(module, "__file__", None) or ""
            if compiled != file.endswith(".py"):
                yield module
            for part in pkgutil.iter_modules(getattr(module, "__path__", [])):
                within = f"{name}.{part.name}"
                if not compiled and not _LEFT_OUT.fullmatch(within):
                    with contextlib.suppress(BaseException):
                        yield importlib.import_module(within)


def _tried(name: str, value: Any, holder: str | None, outcome: int, folder: str) -> None:
    """In the child: call, and write what came of it."""
    from safeload.errors import LoadError
    from safeload.loading import seal

    place = Place(folder)
    if holder is not None:
        value = getattr(place.holder(holder), value)
    suitable = list(itertools.islice(candidates(name, value, place), 24))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nowhere, number)
    said: dict[str, Any] = {"called": False, "event": None, "changed": []}
    event: str | None = None
    before = state(place)
    be_traced()
    signal.setitimer(signal.ITIMER_REAL, _SECONDS)

    def work() -> None:
        for arguments in suitable:
            try:
                value(*arguments)
            except TypeError:
                continue
            except Exception:  # noqa: BLE001  # a failing system call is one all the same
                said["called"] = True
                if name in ARGUMENTS:
                    return
                continue
            said["called"] = True
            return

    os.getppid()
    try:
        seal.sealed(work)
    except LoadError as error:
        if error.code == "seal-broken":
            event = error.message.split(" event ")[1].split(",")[0].split(" ")[0]
    except BaseException:  # noqa: BLE001, S110
        pass
    os.getppid()
    signal.setitimer(signal.ITIMER_REAL, 0)
    said["event"] = event
    with contextlib.suppress(BaseException):
        after = state(place)
        said["changed"] = [what for what in before if before[what] != after[what]]
    os.write(outcome, json.dumps(said).encode())
    os._exit(0)


def measured(name: str, value: Any, holder: str | None, numbers: dict[int, str]) -> dict[str, Any]:
    """Call one callable in a process of its own.

    Returns:
        The event that stopped it or None, the system calls that it made, what it changed in the
        interpreter, whether any arguments suited it, and how its process ended.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        receiving, sending = os.pipe()
        child = os.fork()
        if not child:
            os.setsid()
            os.close(receiving)
            try:
                _tried(name, value, holder, os.dup2(sending, 200), folder)
            finally:
                os._exit(3)
        os.close(sending)
        calls, end = followed(child, numbers)
        with open(receiving, "rb") as answer:  # noqa: PTH123
            said = json.loads(answer.read() or "null")
    return {**(said or {"called": True, "event": None, "changed": []}), "calls": calls, "end": end}


def measure(names: Iterable[str] | None = None) -> dict[str, Any]:
    """Measure this interpreter.

    Args:
        names: Only these.

    Returns:
        By name: what it is judged to be. Under ``"untried"``, what no arguments were found for.
    """
    from safeload.loading import seal

    seal.prepare()
    numbers, wanted = system_calls(), None if names is None else set(names)
    result: dict[str, Any] = {"acts": {}, "asks": {}, "stopped": {}, "untried": []}
    for name, value, holder in list(callables()):
        if (wanted is not None and name not in wanted) or name in _ENDS:
            continue
        found = measured(name, value, holder, numbers)
        told = judged(found)
        if told is not None:
            result[told[0]][name] = told[1]
        elif not found["called"]:
            result["untried"].append(name)
    return result


def leading(blind: dict[str, str]) -> dict[str, str]:
    """Functions and classes of the standard library whose code names a function that is blind."""
    by_identity = {}
    for name in blind:
        module, _, attribute = name.rpartition(".")
        with contextlib.suppress(ImportError, AttributeError):
            by_identity[id(getattr(importlib.import_module(module), attribute))] = name
    found = {}
    for module in _modules(compiled=False):
        for name, value in sorted(vars(module).items()):
            if getattr(value, "__module__", None) != module.__name__ or name.startswith("__"):
                continue
            reached = sorted({end for code in _codes(value) for end in _named(code, by_identity)})
            if reached:
                found[f"{module.__name__}.{name}"] = ", ".join(reached[:3])
    return found


def _led(found: dict[str, Any]) -> dict[str, str]:
    """What :func:`leading` finds, but for what an event was seen to stop, or was seen to act."""
    leads, numbers = leading(found["acts"]), system_calls()
    for name in list(leads):
        module, _, attribute = name.rpartition(".")
        value = getattr(importlib.import_module(module), attribute)
        told = judged(measured(name, value, None, numbers))
        if told is not None and told[0] != "asks":
            found[told[0]][name] = told[1]
            del leads[name]
    return leads


def _codes(value: Any) -> Iterator[types.FunctionType]:
    with contextlib.suppress(ValueError):
        value = inspect.unwrap(value)
    if isinstance(value, types.FunctionType):
        yield value
    elif inspect.isclass(value):
        for part in vars(value).values():
            part = getattr(part, "__func__", getattr(part, "fget", part))
            if isinstance(part, types.FunctionType):
                yield part


def _named(function: types.FunctionType, blind: dict[int, str]) -> Iterator[str]:
    waiting = [function.__code__]
    while waiting:
        code = waiting.pop()
        waiting += [part for part in code.co_consts if isinstance(part, types.CodeType)]
        owner: Any = None
        for step in dis.get_instructions(code):
            if step.opname in {"LOAD_GLOBAL", "LOAD_NAME"}:
                owner = function.__globals__.get(step.argval)
            elif step.opname in _ATTRIBUTES and isinstance(owner, types.ModuleType):
                owner = getattr(owner, step.argval, None)
            elif step.opname not in {"CACHE", "PUSH_NULL"}:
                owner = None
            if owner is not None and id(owner) in blind:
                yield blind[id(owner)]


def _one(names: list[str]) -> None:
    found = measure(names or None)
    found["leads"] = {} if names else _led(found)
    found["release"] = f"{sys.version_info[0]}.{sys.version_info[1]}"
    sys.stdout.write(json.dumps(found) + "\n")


def joined(found: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """What was measured with several releases; what one of them is blind for counts as blind."""
    whole: dict[str, dict[str, str]] = {"acts": {}, "asks": {}, "stopped": {}, "leads": {}}
    for part in whole:
        for one in found:
            for name, does in one[part].items():
                whole[part].setdefault(name, does)
    whole["acts"].update(_BY_HAND)
    gravest = ("acts", "leads", "asks", "stopped")
    for graver, part in itertools.combinations(gravest, 2):
        for name in whole[graver]:
            whole[part].pop(name, None)
    return {part: dict(sorted(names.items())) for part, names in whole.items()}


_ABOUT = """\
# What the seal sees of Python's own functions, measured by tools/measure_seal.py with Python
# {releases}, as {user}.
#
# acts: does something without an audit event; asks: tells how things are, without one; stopped: is
# refused, with that event, before anything is done; leads: is written in Python and names one that
# acts. Everything else that was tried computes and no more; {untried} callables were not tried, as
# no arguments were found for them. Those whose doing leaves no trace are there by hand.
"""


def written(whole: dict[str, dict[str, str]], about: str) -> str:
    """The table as TOML."""
    parts = [about]
    for part, names in whole.items():
        lines = [f"{json.dumps(name)} = {json.dumps(does)}" for name, does in names.items()]
        parts.append("\n".join([f"[{part}]", *lines, ""]))
    return "\n".join(parts)


def page(whole: dict[str, dict[str, str]], releases: str) -> str:
    """The table as a page of the documentation."""
    head = (ROOT / "tools" / "seal_page.md").read_text("utf-8").replace("RELEASES", releases)
    by_doing: dict[str, list[str]] = {}
    for name, does in whole["acts"].items():
        by_doing.setdefault(does, []).append(f"`{name}`")
    rows = [f"| {does} | {' '.join(names)} |" for does, names in sorted(by_doing.items())]
    stopped: dict[str, list[str]] = {}
    for name, event in whole["stopped"].items():
        stopped.setdefault(event, []).append(f"`{name}`")
    events = [f"| `{event}` | {' '.join(names)} |" for event, names in sorted(stopped.items())]
    leads = [f"| `{name}` | {ends} |" for name, ends in whole["leads"].items()]
    return head.format(
        acts="\n".join(rows),
        asks=" ".join(f"`{name}`" for name in whole["asks"]),
        stopped="\n".join(events),
        leads="\n".join(leads),
    )


def main() -> None:
    """Measure with each interpreter and write the table and the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--python", action="append", default=[], metavar="PYTHON")
    parser.add_argument("--one", action="store_true", help="print what this one finds, as JSON")
    parser.add_argument("names", nargs="*", metavar="NAME", help="with --one: only these")
    options = parser.parse_args()
    if options.one:
        _one(options.names)
        return
    found = []
    for python in options.python or [sys.executable]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [python, "-W", "ignore", __file__, "--one"]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)  # noqa: S603
        found.append(json.loads(done.stdout.splitlines()[-1]))
    whole = joined(found)
    releases = " and ".join(one["release"] for one in found)
    about = _ABOUT.format(
        releases=releases,
        user="root" if os.getuid() == 0 else "an ordinary user",
        untried=max(len(one["untried"]) for one in found),
    )
    TABLE.write_text(written(whole, about), "utf-8")
    PAGE.write_text(page(whole, releases), "utf-8")


if __name__ == "__main__":
    main()
