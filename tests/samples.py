"""The malicious samples: read from their directories, built, and let loose in a child process.

A sample is a directory under ``malicious_samples`` with a ``make.py``, whose ``build`` returns the
file's bytes for a canary path, and a ``case.toml`` that says what is wrong with it and what the
scan must conclude.

Run as a script in a child process, this module loads files without any protection; see
:func:`let_loose`.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import pickle
import runpy
import signal
import subprocess
import sys
import time
import tomllib
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["LOADERS", "ROOT", "Sample", "let_loose", "samples"]

ROOT = Path(__file__).parent.parent / "malicious_samples"

# A child that hangs is ended after so many seconds; a canary that a thread or a process of its own
# creates is waited for.
_TIMEOUT = 20
_PATIENCE = 3.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One malicious sample, as its ``case.toml`` describes it.

    Attributes:
        name: Name of its directory.
        title: What is wrong, in a sentence without its full stop.
        technique: Which family of attacks it belongs to.
        source: Advisory, issue or paper it follows, or ``"own"``.
        format: What the file passes for.
        expect: ``"refuse"``, ``"incomplete"``, or ``"accept"`` for what only the load can stop.
        rule: A rule that must be among the findings; empty where there are none.
        control: Whether an unprotected load is known to do harm.
        loader: Which load that is, a key of :data:`LOADERS`; empty without control.
        then: Method to call on what was loaded, for payloads that fire later.
        stops: Which error ``load_unsigned`` ends in: ``"LoadError"`` for native state that the scan
            cannot judge and the check of the live object must.
        effect: What the unprotected load does: creates the ``"canary"``, or ends in a ``"crash"``.
        gone_in: Python releases (of one minor version each) since which the control is dead.
    """

    name: str
    title: str
    technique: str
    source: str
    format: str
    expect: str
    rule: str
    control: bool
    loader: str = ""
    then: str = ""
    effect: str = "canary"
    stops: str = "RefusedError"
    gone_in: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, directory: Path) -> Sample:
        """Read a sample's ``case.toml``; unknown and missing keys are errors."""
        return cls(directory.name, **tomllib.loads((directory / "case.toml").read_text("utf-8")))

    def build(self, canary: str) -> bytes:
        """Run the recipe.

        Args:
            canary: Path that the payload would create.
        """
        recipe: Callable[[str], bytes] = _recipe(ROOT / self.name / "make.py")
        return recipe(canary)

    def is_live_here(self) -> bool:
        """Whether the control is expected to fire on this Python and platform."""
        here = sys.version_info[:3]
        since = [tuple(map(int, release.split("."))) for release in self.gone_in]
        later = any(
            here >= fixed and (here[:2] == fixed[:2] or fixed == max(since)) for fixed in since
        )
        return self.control and os.name == "posix" and not later


def samples() -> list[Sample]:
    """All samples, by name."""
    return [Sample.read(path.parent) for path in sorted(ROOT.glob("*/case.toml"))]


def _recipe(path: Path) -> Any:
    return runpy.run_path(str(path))["build"]


def _load_skops(path: str) -> Any:
    import skops.io

    # Approving whatever the file asks for, as many a tutorial does.
    return skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))


def _load_joblib(path: str) -> Any:
    import joblib

    return joblib.load(path)


def _load_pickle(path: str) -> Any:
    with open(path, "rb") as file:  # noqa: PTH123  # the unpickler reads it in pieces
        return pickle.load(file)


LOADERS: dict[str, Callable[[str], Any]] = {
    "pickle.load": _load_pickle,
    "pickle.loads": lambda path: pickle.loads(Path(path).read_bytes()),
    "pickle._loads": lambda path: pickle._loads(Path(path).read_bytes()),  # type: ignore[attr-defined]
    "joblib.load": _load_joblib,
    "skops.load": _load_skops,
}


def let_loose(directory: Path, chosen: Iterable[Sample]) -> dict[str, str]:
    """Load samples without protection, each in a child process of its own.

    Args:
        directory: Where the files lie as ``NAME.bin``; the canaries are ``NAME.canary``.
        chosen: Samples with a loader.

    Returns:
        By name, what went wrong for those that had not their effect.
    """
    jobs = [(sample.name, sample.loader, sample.then, sample.effect) for sample in chosen]
    command = [sys.executable, "-m", "tests.samples", str(directory)]
    subprocess.run(
        command, input=json.dumps(jobs), text=True, check=True, cwd=ROOT.parent, timeout=300
    )
    errors: dict[str, str] = json.loads((directory / "errors.json").read_text())
    return errors


def _main(directory: str) -> None:
    """Fork once a sample, because importing scikit-learn once a sample would take minutes."""
    warnings.simplefilter("ignore")
    for name in ("joblib", "pandas", "scipy.stats", "skops.io", "sklearn.pipeline"):
        importlib.import_module(name)
    os.chdir(directory)
    errors: dict[str, str] = {}
    children: list[tuple[str, str, int]] = []
    for name, loader, then, effect in json.load(sys.stdin):
        child = os.fork()
        if child == 0:
            _run(name, loader, then)
        children.append((name, effect, child))
        if len(children) >= (os.cpu_count() or 1):
            _wait(*children.pop(0), errors)
    for waiting in children:
        _wait(*waiting, errors)
    Path("errors.json").write_text(json.dumps(errors))


def _wait(name: str, effect: str, child: int, errors: dict[str, str]) -> None:
    _, status = os.waitpid(child, 0)
    crashed = os.WIFSIGNALED(status) and os.WTERMSIG(status) != signal.SIGALRM
    if not (crashed if effect == "crash" else Path(f"{name}.canary").exists()):
        report = Path(f"{name}.error")
        errors[name] = report.read_text() if report.exists() else f"no {effect}, and no error"


def _run(name: str, loader: str, then: str) -> None:
    """Be the child: load, call, wait for the canary, and leave by the shortest way."""
    import resource  # which Windows has not

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(_TIMEOUT)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    try:
        loaded = LOADERS[loader](f"{name}.bin")
        if then:
            import numpy as np

            getattr(loaded, then)(np.ones((1, 1)))
    except BaseException as error:  # noqa: BLE001  # a payload may raise anything, SystemExit too
        Path(f"{name}.error").write_text(f"{type(error).__name__}: {error}"[:500])
    _leave(name)


def _leave(name: str) -> None:
    # What is registered to run at the end belongs to the payload.
    atexit._run_exitfuncs()
    deadline = time.monotonic() + _PATIENCE
    while not Path(f"{name}.canary").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os._exit(0)


if __name__ == "__main__":
    _main(sys.argv[1])
