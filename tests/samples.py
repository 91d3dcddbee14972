"""The malicious samples: read from their directories, built, and let loose in a child process.

A sample is a directory ``malicious_samples/FAMILY/NAME`` with a ``make.py``, whose ``build``
returns the file's bytes for a canary path, and a ``case.toml`` that says what is wrong with it and
what the scan must conclude.

Run as a script in a child process, this module loads files without any protection; see
:func:`let_loose` and :func:`judge`.
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
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

from packaging.requirements import Requirement

from tests.actions import ACTIONS

__all__ = [
    "ACTIONS",
    "CONTAINERS",
    "LOADERS",
    "ROOT",
    "Sample",
    "judge",
    "let_loose",
    "samples",
    "samples_made_here",
]

ROOT = Path(__file__).parent.parent / "malicious_samples"

# A child that hangs is ended after so many seconds of processor time, sooner where that is what it
# is there for; a canary that a thread or a process of its own creates is waited for.
_TIMEOUT = 60
_HANG = 3
_CANARY_SECONDS = 60.0
# What a child may allocate, bytes.
_MEMORY = 8 << 30


@dataclass(frozen=True, slots=True)
class Sample:
    """One malicious sample, as its ``case.toml`` describes it.

    Attributes:
        directory: Where it lies: ``FAMILY/NAME`` below :data:`ROOT`.
        title: What is wrong, in a sentence without its full stop.
        technique: Which family of attacks it belongs to.
        source: Advisory, issue or paper it follows, or ``"own"``.
        format: What the file passes for.
        expect: ``"refuse"`` or ``"incomplete"``.
        rule: A rule that must be among the findings.
        control: Whether an unprotected load is known to do harm.
        loader: Which load that is, a key of :data:`LOADERS`; empty without control.
        then: What is done with what was loaded, a key of :data:`ACTIONS`, for payloads that fire
            later.
        effect: What the unprotected load does: creates the ``"canary"``, ends in a ``"crash"``, or
            does not end (``"hang"``).
        attribute: What the finding names, for native state that is not sound.
        not_in: Containers that the model of the recipe cannot be written in, keys of
            :data:`CONTAINERS`.
        gone_in: Python releases (of one minor version each) since which the control is dead.
        gone_with: Releases of libraries whose control is dead, as requirements: ``"scipy>=1.18"``.
        needs: Packages that the recipe imports and that few environments have.
        packs: Packs that are off by default and are on when it is judged, so that it is refused for
            what is wrong with it and for nothing else.
    """

    directory: Path
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
    attribute: str = ""
    not_in: list[str] = field(default_factory=list)
    gone_in: list[str] = field(default_factory=list)
    gone_with: list[str] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)
    packs: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, directory: Path) -> Sample:
        """Read a sample's ``case.toml``; unknown and missing keys are errors."""
        return cls(directory, **tomllib.loads((directory / "case.toml").read_text("utf-8")))

    def build(self, canary: str) -> bytes:
        """Run the recipe.

        Args:
            canary: Path that the payload would create.
        """
        built: bytes = self._recipe["build"](canary)
        return built

    def model(self) -> Any:
        """The object that the file holds; recipes of native state have one.

        It must not be used: native code would follow it.
        """
        return self._recipe["model"]()

    @property
    def has_model(self) -> bool:
        """Whether it is made of a model, which other containers can hold as well."""
        return "\ndef model(" in (self.directory / "make.py").read_text("utf-8")

    @property
    def name(self) -> str:
        """Name of its directory, which no other sample has."""
        return self.directory.name

    @property
    def _recipe(self) -> dict[str, Any]:
        return runpy.run_path(str(self.directory / "make.py"))

    def is_live_here(self) -> bool:
        """Whether the control is expected to fire on this Python, platform and libraries."""
        here = sys.version_info[:3]
        since = [tuple(map(int, release.split("."))) for release in self.gone_in]
        later = any(
            here >= fixed and (here[:2] == fixed[:2] or fixed == max(since)) for fixed in since
        )
        gone = any(map(_is_installed, self.gone_with))
        return self.control and os.name == "posix" and not later and not gone


def _is_installed(requirement: str) -> bool:
    wanted = Requirement(requirement)
    return wanted.specifier.contains(version(wanted.name))


def samples() -> list[Sample]:
    """All samples, by name."""
    found = sorted(ROOT.glob("*/*/case.toml"), key=lambda path: path.parent.name)
    return [Sample.read(path.parent) for path in found]


def samples_made_here() -> list[Sample]:
    """All samples but those whose recipes need what is not installed, by name."""
    return [sample for sample in samples() if all(map(find_spec, sample.needs))]


def _load_skops(path: str) -> Any:
    import skops.io

    # Approving whatever the file asks for, as many a tutorial does.
    return skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))


def _pickled(protocol: int) -> Callable[[Any, Path], object]:
    return lambda model, path: path.write_bytes(pickle.dumps(model, protocol))


def _dump_joblib(model: Any, path: Path, compress: Any = 0) -> None:
    import joblib

    joblib.dump(model, path, compress=compress)


def _dump_skops(model: Any, path: Path) -> None:
    import skops.io

    skops.io.dump(model, path)


# What the model of a recipe is written in, to see that each is judged alike.
CONTAINERS: dict[str, Callable[[Any, Path], object]] = {
    "joblib": _dump_joblib,
    "joblib-zlib": partial(_dump_joblib, compress=("zlib", 1)),
    "skops": _dump_skops,
    **{f"pickle-{protocol}": _pickled(protocol) for protocol in (0, 2, 4, 5)},
}


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
    results = _in_children(directory, "loose", chosen)
    errors = {}
    for sample in chosen:
        result = results[sample.name]
        canary = (directory / f"{sample.name}.canary").exists()
        expected = {"crash": result == "crash", "hang": result == "timeout"}
        if not expected.get(sample.effect, canary):
            errors[sample.name] = str(result)
    return errors


def judge(directory: Path, chosen: Iterable[Sample]) -> dict[str, dict[str, Any]]:
    """Scan and load samples with safeload, each in a child process of its own.

    Args:
        directory: Where the files lie as ``NAME.bin``; the canaries are ``NAME.canary``.
        chosen: The samples.

    Returns:
        By name: ``verdict``, ``rules``, and ``stopped``, the error that the load ended in. For a
        child that died, ``verdict`` says how.
    """
    died = {"rules": [], "stopped": ""}
    return {
        name: result if isinstance(result, dict) else {"verdict": result, **died}
        for name, result in _in_children(directory, "judge", chosen).items()
    }


def _in_children(directory: Path, task: str, chosen: Iterable[Sample]) -> dict[str, Any]:
    """What each child left behind; ``"crash"``, ``"timeout"`` or its error if nothing."""
    jobs = [
        (sample.name, sample.loader, sample.then, sample.effect, sample.packs) for sample in chosen
    ]
    command = [sys.executable, "-m", "tests.samples", task, str(directory)]
    subprocess.run(command, input=json.dumps(jobs), text=True, check=True, cwd=ROOT.parent)
    results: dict[str, Any] = json.loads((directory / f"{task}.json").read_text())
    return results


def _main(task: str, directory: str) -> None:
    """Fork once a sample, because importing scikit-learn once a sample would take minutes."""
    warnings.simplefilter("ignore")
    for name in ("joblib", "pandas", "scipy.stats", "skops.io", "sklearn.pipeline", "safeload"):
        importlib.import_module(name)
    os.chdir(directory)
    if task == "judge":
        # Reads the policy and imports the checks once for all children.
        soundness = importlib.import_module("safeload.soundness")
        for check in soundness.CHECKS:
            soundness.check_named(check)
        Path("legitimate.bin").write_bytes(pickle.dumps([1, 2]))
        _run_judge("legitimate", "", "", "", [])
    run = {"loose": _run_loose, "judge": _run_judge}[task]
    results: dict[str, Any] = {}
    children: list[tuple[str, int]] = []
    for name, loader, then, effect, packs in json.load(sys.stdin):
        child = os.fork()
        if child == 0:
            hangs = task == "loose" and effect == "hang"
            chosen = partial(run, name, loader, then, effect, packs)
            _be_child(name, chosen, _HANG if hangs else _TIMEOUT)
        children.append((name, child))
        if len(children) >= (os.cpu_count() or 1):
            _wait(*children.pop(0), results)
    for waiting in children:
        _wait(*waiting, results)
    Path(f"{task}.json").write_text(json.dumps(results))


def _wait(name: str, child: int, results: dict[str, Any]) -> None:
    _, status = os.waitpid(child, 0)
    report = Path(f"{name}.json")
    if os.WIFSIGNALED(status):
        results[name] = "timeout" if os.WTERMSIG(status) == signal.SIGXCPU else "crash"
    else:
        results[name] = json.loads(report.read_text()) if report.exists() else "no report"


def _be_child(name: str, run: Callable[[], Any], seconds: int) -> NoReturn:
    """Run for so much processor time, leave the result in a file, and end by the shortest way."""
    import resource  # which Windows has not

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    result: Any
    try:
        result = run()
    except BaseException as error:  # noqa: BLE001  # a payload may raise anything, SystemExit too
        result = f"{type(error).__name__}: {error}"[:500]
    Path(f"{name}.json").write_text(json.dumps(result))
    os._exit(0)


def _run_judge(name: str, loader: str, then: str, effect: str, packs: list[str]) -> dict[str, Any]:
    import safeload

    del loader, then, effect
    path = f"{name}.bin"
    report = safeload.audit(path, packs=packs).files[0]
    try:
        safeload.load_unsigned(path, packs=packs)
        stopped = "nothing"
    except safeload.SafeloadError as error:
        stopped = type(error).__name__
    rules = [finding.rule for finding in report.findings]
    return {"verdict": str(report.verdict), "rules": rules, "stopped": stopped}


def _run_loose(name: str, loader: str, then: str, effect: str, packs: list[str]) -> str:
    del packs
    try:
        loaded = LOADERS[loader](f"{name}.bin")
        if then:
            ACTIONS[then](loaded)
        outcome = "nothing happened"
    except BaseException as error:  # noqa: BLE001  # as above
        outcome = f"{type(error).__name__}: {error}"[:500]
    if effect != "canary":
        return outcome
    # What is registered to run at the end belongs to the payload, and so do threads.
    atexit._run_exitfuncs()
    deadline = time.monotonic() + _CANARY_SECONDS
    while not Path(f"{name}.canary").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return outcome


if __name__ == "__main__":
    _main(*sys.argv[1:])
