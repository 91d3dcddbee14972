"""What an audit costs: ``safeload audit`` against hayward, one job against two, a second run.

All files are made here, of scikit-learn, in one temporary folder. Whole processes are measured,
as a user starts them: one after the other, in turns, so that a noisy neighbour disturbs all of them
alike; the shortest of several times counts. It is processor time, but for what several jobs save.
hayward lives in an environment of its own (``make bench-audit`` makes it). Peak memory is what one
audit adds to the resident memory of a process that has imported everything, against what
``joblib.load`` adds.

Usage: ``python benchmarks/audit.py --hayward FILE [--rounds N] [--models N] [--keep FOLDER]``
"""

from __future__ import annotations

import argparse
import math
import os
import pickle
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from bench import MODELS

# Targets: how many times as fast as hayward for small models and for large ones, two jobs as one,
# a second run as the first; how much more time twice the work takes; memory against the file's size
# for arrays, and against joblib.load for anything.
SMALL, LARGE, JOBS, CACHED, LINEAR, ARRAYS, MEMORY = 1.5, 10.0, 1.7, 20.0, 2.4, 1.1, 1.0
LARGE_MODELS = {"vocabulary": "tf-idf 500k terms", "forest": "large forest", "arrays": "knn 200 MB"}
# What one audit adds to a process at least, bytes: pages that any first call touches.
_FLOOR = 4 << 20


# -- the files -------------------------------------------------------------------------------------


def small_models(folder: Path, count: int) -> Path:
    """Small models of many kinds, each in one of five forms, in twenty folders."""
    if folder.exists():
        return folder
    import joblib
    import numpy as np
    import skops.io
    from sklearn import ensemble, linear_model, naive_bayes, neighbors, svm, tree
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    random = np.random.default_rng(0)
    rows, target = random.normal(size=(60, 6)), random.integers(0, 3, 60)
    kinds: list[Callable[[], Any]] = [
        linear_model.LogisticRegression,
        lambda: make_pipeline(StandardScaler(), linear_model.Ridge()),
        lambda: make_pipeline(MinMaxScaler(), PCA(2), linear_model.LogisticRegression()),
        lambda: tree.DecisionTreeClassifier(max_depth=4),
        lambda: ensemble.RandomForestClassifier(5, max_depth=4),
        lambda: ensemble.ExtraTreesRegressor(5, max_depth=3),
        lambda: ensemble.GradientBoostingClassifier(n_estimators=5),
        lambda: ensemble.HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=5),
        lambda: ensemble.AdaBoostClassifier(n_estimators=4),
        linear_model.SGDClassifier,
        svm.SVC,
        neighbors.KNeighborsClassifier,
        naive_bayes.GaussianNB,
        lambda: KMeans(3, n_init=1),
    ]
    for number in range(count):
        model = kinds[number % len(kinds)]().fit(rows + random.normal(0, 0.01, rows.shape), target)
        path = folder / f"team {number % 20}" / f"{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        form = number % 5
        if form == 0:
            path.with_suffix(".pkl").write_bytes(pickle.dumps(model, protocol=2 + number % 4))
        elif form == 4:
            skops.io.dump(model, path.with_suffix(".skops"))
        else:
            compress = {1: 0, 2: 3, 3: ("gzip", 3)}[form]
            joblib.dump(model, path.with_suffix(".joblib"), compress=compress)
    return folder


def large_models(folder: Path) -> dict[str, Path]:
    """The large models of the benchmark of loading, one in a folder each."""
    import joblib

    made = {}
    for name, model in LARGE_MODELS.items():
        made[name] = folder / name
        if not (made[name] / "model.joblib").exists():
            _say(f"fitting: {name}")
            made[name].mkdir(parents=True, exist_ok=True)
            joblib.dump(MODELS[model](), made[name] / "model.joblib")
    return made


def vocabulary(folder: Path, terms: int) -> Path:
    """A vocabulary of so many terms, as a text model has it."""
    import joblib

    path = folder / f"{terms}" / "vocabulary.joblib"
    if not path.exists():
        path.parent.mkdir(parents=True)
        joblib.dump({f"term{number:07}": number for number in range(terms)}, path)
    return path.parent


# -- measuring -------------------------------------------------------------------------------------


def _audit(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "safeload", "audit", *map(str, arguments)]


def _alone(path: Path) -> list[str]:
    return _audit(path, "--jobs", 1, "--no-cache")


class Times(NamedTuple):
    """The shortest of several runs: processor time of the process and its children, and all time.

    The one is what neighbours on a shared machine do not add to, the other what a user waits for.
    """

    processor: float = math.inf
    waiting: float = math.inf


def times_of(commands: dict[str, list[str]], rounds: int) -> dict[str, Times]:
    """How long each of some commands takes, which take turns.

    Args:
        commands: By name.
        rounds: How often each is run.
    """
    times = dict.fromkeys(commands, Times())
    for _ in range(rounds):
        for name, command in commands.items():
            before, start = _processor(), time.perf_counter()
            done = subprocess.run(command, capture_output=True, check=False, env=_environment())
            took = Times(_processor() - before, time.perf_counter() - start)
            times[name] = Times(*map(min, times[name], took))
            if done.returncode not in (0, 1):
                raise SystemExit(f"{name} failed:\n{done.stderr.decode()}")
    return times


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


_MEASURE = """
import json, sys
from pathlib import Path
import joblib, numpy, scipy.sparse, sklearn.ensemble, sklearn.pipeline, sklearn.neighbors
import safeload
what, warm, path = sys.argv[1:]
act = joblib.load if what == "joblib" else safeload.audit
act(warm)
status = lambda field: next(
    int(line.split()[1]) * 1024
    for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field + ":"))
before = status("VmRSS")
Path("/proc/self/clear_refs").write_text("5")
kept = act(path)
print(status("VmHWM") - before)
"""


def memory_of(what: str, warm: Path, path: Path) -> int:
    """What a process needs at most, beyond what it has, for one file; bytes.

    Args:
        what: ``"joblib"`` for loading it, ``"safeload"`` for auditing it.
        warm: A small file that is done with before.
        path: The file.
    """
    command = [sys.executable, "-c", _MEASURE, what, str(warm), str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=_environment())
    return max(int(done.stdout), _FLOOR)


def _environment() -> dict[str, str]:
    root = str(Path(__file__).resolve().parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    # Compiled once, as an installed package is; hayward is one.
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": os.pathsep.join(paths)}


# -- one table each --------------------------------------------------------------------------------


def against_hayward(trees: dict[str, Path], hayward: str, rounds: int) -> None:
    """Print how fast one process is, against hayward's."""
    print(f"{'processor time':14} {'files':>6} {'bytes':>9} {'hayward':>9} {'safeload':>9}  ratio")
    for name, tree in trees.items():
        _say(f"measuring: {name}")
        found = times_of(
            {"hayward": [hayward, "scan", str(tree)], "safeload": _alone(tree)}, rounds
        )
        files = [path for path in tree.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        theirs, ours = found["hayward"].processor, found["safeload"].processor
        print(
            f"{name:14} {len(files):6} {size / 1e6:6.1f} MB {theirs:7.2f} s "
            f"{ours:7.2f} s {theirs / ours:6.2f}"
        )
        least = SMALL if name == "small" else LARGE
        _target(f"{name}: times as fast as hayward", least, theirs / ours)
    print()


def in_jobs(many: Path, rounds: int) -> None:
    """Print what a second process saves, which is told by the time that a user waits."""
    _say("measuring: jobs")
    found = times_of({"one": _alone(many), "two": _audit(many, "--jobs", 2, "--no-cache")}, rounds)
    one, two = found["one"].waiting, found["two"].waiting
    print(f"many small: one job {one:.2f} s, two jobs {two:.2f} s")
    _target("two jobs: times as fast as one", JOBS, one / two)
    print()


def again(trees: dict[str, Path], folder: Path, rounds: int) -> None:
    """Print what a second run saves."""
    cache = folder / "cache" / "audit.sqlite"
    for name, tree in trees.items():
        _say(f"measuring a second run: {name}")
        first = second = rehash = math.inf
        for _ in range(rounds):
            shutil.rmtree(cache.parent, ignore_errors=True)
            run = _audit(tree, "--jobs", 1, "--cache", cache)
            first = min(first, times_of({"": run}, 1)[""].processor)
            second = min(second, times_of({"": run}, 1)[""].processor)
            rehash = min(rehash, times_of({"": [*run, "--rehash"]}, 1)[""].processor)
        print(f"{name}: first {first:.2f} s, second {second:.2f} s, with --rehash {rehash:.2f} s")
        _target(f"{name}: second run, times as fast as the first", CACHED, first / second)
    print()


def linear(tree: Path, folder: Path, rounds: int) -> None:
    """Print how time grows with files and with bytes."""
    _say("measuring: growth")
    parts = sorted(path for path in tree.iterdir() if path.is_dir())
    empty = folder / "empty"
    empty.mkdir(exist_ok=True)
    commands = {
        "start": _alone(empty),
        "half": _audit(*parts[: len(parts) // 2], "--jobs", 1, "--no-cache"),
        "whole": _audit(*parts, "--jobs", 1, "--no-cache"),
    }
    for terms in (500_000, 1_000_000):
        commands[f"{terms}"] = _alone(vocabulary(folder / "terms", terms))
    times = {name: each.processor for name, each in times_of(commands, rounds).items()}
    for what, less, more in (("files", "half", "whole"), ("bytes", "500000", "1000000")):
        growth = (times[more] - times["start"]) / (times[less] - times["start"])
        _most(f"twice the {what}: times the time", LINEAR, growth)
    print()


def memory(models: dict[str, Path], folder: Path, warm: Path) -> None:
    """Print what an audit needs at most, against the file and against loading it."""
    files = {name: path / "model.joblib" for name, path in models.items()}
    files["5M terms"] = vocabulary(folder / "terms", 5_000_000) / "vocabulary.joblib"
    print(
        f"{'peak memory':14} {'file':>9} {'joblib':>10} {'safeload':>10} {'of file':>8} of joblib"
    )
    for name, path in files.items():
        _say(f"measuring memory: {name}")
        loaded, audited = memory_of("joblib", warm, path), memory_of("safeload", warm, path)
        size = path.stat().st_size
        print(
            f"{name:14} {size / 1e6:6.1f} MB {loaded / 1e6:7.1f} MB {audited / 1e6:7.1f} MB "
            f"{audited / size:8.2f} {audited / loaded:9.2f}"
        )
        if name == "arrays":
            _most("arrays: memory against the file", ARRAYS, audited / size)
        _most(f"{name}: memory against joblib.load", MEMORY, audited / loaded)


def _target(text: str, least: float, found: float) -> None:
    print(f"  {'met   ' if found >= least else 'MISSED'} {text}: {found:.2f} (target {least:g})")


def _most(text: str, most: float, found: float) -> None:
    print(f"  {'met   ' if found <= most else 'MISSED'} {text}: {found:.2f} (at most {most:g})")


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description="Measure audits against hayward.")
    parser.add_argument("--hayward", required=True, help="the command, in its own environment")
    parser.add_argument("--models", type=int, default=1_000, help="small models (default: 1000)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each command is run")
    parser.add_argument("--keep", type=Path, help="a folder to keep the files in")
    options = parser.parse_args()
    versions = subprocess.run([options.hayward, "--version"], capture_output=True, text=True,
                              check=True)  # fmt: skip
    print(f"python {platform.python_version()}, {versions.stdout.strip()}, "
          f"{os.cpu_count()} x {platform.machine()}\n")  # fmt: skip
    with tempfile.TemporaryDirectory() as temporary, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = options.keep or Path(temporary)
        _say("fitting: small")
        tree = small_models(folder / "small", options.models)
        models = large_models(folder)
        against_hayward({"small": tree, **models}, options.hayward, options.rounds)
        _say("fitting: many small ones")
        many = small_models(folder / "many", 4 * options.models)
        in_jobs(many, options.rounds)
        again({"many small": many, **models}, folder, options.rounds)
        linear(tree, folder, options.rounds)
        memory(models, folder, next(path for path in tree.rglob("*.joblib")))


if __name__ == "__main__":
    main()
