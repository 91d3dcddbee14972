"""What a load costs: ``safeload.load`` with signature against ``joblib.load``.

Six models are made in a temporary directory and signed. Each measurement runs in a fresh child
process that has imported everything and made its first call; methods take turns, so that a noisy
neighbour disturbs all of them alike, and the shortest of several times counts. Peak memory is what
one load adds to the resident memory of a child that has imported everything.

``safeload`` is told twice, because a process that accepted a file does not judge the same bytes
again: as a process meets a file for the first time (``first``), and as a server loads a model that
it had before (``again``). Reading, hashing and the signature are in both; scan, rules and checks of
native state are in ``first`` alone, which is what the targets are about.

Usage: ``python benchmarks/bench.py [--models NAME…] [--rounds N] [--keep FOLDER]``
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

METHODS = ("joblib", "sha256+joblib", "first", "again")
# Targets, each against a peer in the same run: geometric mean against joblib, and against a digest
# and joblib; memory against joblib; a process that imports safeload against one that imports json,
# one that audits a small file against one that loads it by joblib, and a folder likewise.
GEOMETRIC_MEAN, SAFE, MEMORY, IMPORT, AUDIT, FOLDER = 0.7, 0.9, 1.2, 2.5, 0.5, 1.0
# Targets of single models, each against a peer: those whose digest costs more than all else.
LARGE = [
    ("knn 200 MB", "joblib", 1.6),
    ("knn 200 MB", "sha256+joblib", 0.5),
    ("large forest", "joblib", 0.8),
]
# Models in that folder.
_MODELS = 200
# A child repeats its load until it has taken so many seconds, but at least and at most so often.
_SECONDS, _MIN_RUNS, _MAX_RUNS = 1.0, 3, 50
# Two models that differ by less than the clock does are equal.
_NOISE = 1.02


# -- the models ----------------------------------------------------------------------------------


def small() -> Any:
    """A ColumnTransformer and a linear model, as most projects have it."""
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    random = _random()
    data = pd.DataFrame(
        {
            "age": random.normal(40, 10, 500),
            "income": random.normal(3e4, 1e4, 500),
            "plan": random.choice(["basic", "plus", "pro"], 500),
            "region": random.choice([f"region {number}" for number in range(20)], 500),
        }
    )
    columns = ColumnTransformer(
        [
            ("numbers", StandardScaler(), ["age", "income"]),
            ("categories", OneHotEncoder(handle_unknown="ignore"), ["plan", "region"]),
        ]
    )
    return make_pipeline(columns, LogisticRegression()).fit(data, random.integers(0, 2, 500))


def trees() -> Any:
    """200 shallow trees in an array of objects: every array in them is a pickle of its own."""
    from sklearn.ensemble import GradientBoostingClassifier

    data, target = _table(1_000, 20)
    return GradientBoostingClassifier(n_estimators=200, max_depth=3).fit(data, target)


def forest() -> Any:
    """A forest of fully grown trees, more than 80 MB."""
    from sklearn.ensemble import RandomForestRegressor

    random = _random()
    data = random.normal(size=(20_000, 10)).astype("float32")
    return RandomForestRegressor(60, n_jobs=-1, random_state=0).fit(
        data, random.normal(size=20_000)
    )


def histogram() -> Any:
    """HistGradientBoosting: records and compiled objects."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    data, target = _table(5_000, 20)
    return HistGradientBoostingClassifier(max_iter=200, early_stopping=False).fit(data, target)


def text() -> Any:
    """TF-IDF with 500,000 terms and a linear model: a vocabulary of a million opcodes."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.pipeline import make_pipeline

    terms = [_word(number) for number in range(500_000)]
    documents = [" ".join(terms[start : start + 1_000]) for start in range(0, len(terms), 1_000)]
    target = [number % 2 for number in range(len(documents))]
    return make_pipeline(TfidfVectorizer(), SGDClassifier(max_iter=5, tol=None)).fit(
        documents, target
    )


def neighbours() -> Any:
    """200 MB of data that nearest neighbours keep."""
    from sklearn.neighbors import KNeighborsClassifier

    random = _random()
    return KNeighborsClassifier(algorithm="brute").fit(
        random.normal(size=(250_000, 100)), random.integers(0, 2, 250_000)
    )


def _random() -> Any:
    import numpy as np

    return np.random.default_rng(0)


def _table(rows: int, columns: int) -> tuple[Any, Any]:
    from sklearn.datasets import make_classification

    table: tuple[Any, Any] = make_classification(rows, columns, n_informative=8, random_state=0)
    return table


def _word(number: int) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz"
    word = ""
    for _ in range(5):
        number, place = divmod(number * 7 + 3, 26)
        word += letters[place]
    return f"{word}{number:x}"


MODELS: dict[str, Callable[[], Any]] = {
    "small pipeline": small,
    "200 shallow trees": trees,
    "large forest": forest,
    "hist boosting": histogram,
    "tf-idf 500k terms": text,
    "knn 200 MB": neighbours,
}


# -- one child -----------------------------------------------------------------------------------


def _loader(method: str, path: str, trust: str) -> Callable[[], Any]:
    import joblib

    if method == "joblib":
        return lambda: joblib.load(path)
    if method == "sha256+joblib":

        def hashed() -> Any:
            with Path(path).open("rb") as file:
                hashlib.file_digest(file, "sha256").hexdigest()
            return joblib.load(path)

        return hashed
    import safeload

    return lambda: safeload.load(path, trust=trust)


def _forget() -> None:
    from safeload.loading.accepted import forget

    forget()


def _measure(what: str, method: str, path: str, warm: str, trust: str) -> None:
    """The child: print the shortest of several times, or the peak memory of one load, bytes."""
    # What the model needs is imported by a first load of it or, for memory, of a small one and of
    # the model's own classes by their names.
    for module in json.loads(Path(path + ".modules").read_text()):
        __import__(module)
    _loader(method, warm, trust)()
    load = _loader(method, path, trust)
    before_each = _forget if method == "first" else lambda: None
    if what == "memory":
        before = _resident()
        _reset_peak()
        model = load()
        after = _peak()
        del model
        print(after - before)
        return
    load()
    times: list[float] = []
    while len(times) < _MIN_RUNS or (sum(times) < _SECONDS and len(times) < _MAX_RUNS):
        before_each()
        start = time.perf_counter()
        model = load()
        times.append(time.perf_counter() - start)
        del model
    print(min(times))


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field + ":"))


def _resident() -> int:
    return _status("VmRSS")


def _peak() -> int:
    return _status("VmHWM")


def _reset_peak() -> None:
    # Without it, the peak of the imports would hide a small model.
    Path("/proc/self/clear_refs").write_text("5")


# -- the parent ----------------------------------------------------------------------------------


class Result(NamedTuple):
    """What was measured for one model: bytes of the file, and per method seconds and bytes."""

    size: int
    seconds: dict[str, float]
    memory: dict[str, int]


def _child(*arguments: str) -> float:
    command = [sys.executable, __file__, "--child", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=_environment())
    return float(done.stdout.split()[-1])


def _environment() -> dict[str, str]:
    root = str(Path(__file__).resolve().parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _make(folder: Path, names: list[str]) -> tuple[dict[str, Path], str]:
    import joblib

    from safeload import SigningKey, TrustFile, sign

    key = SigningKey.generate()
    trust = TrustFile.add(folder / "trust.toml", name="bench", key=key.public, models=["*"])
    paths = {}
    for name in names:
        _say(f"fitting: {name}")
        path = folder / f"{name.replace(' ', '-')}.joblib"
        if not path.exists():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                joblib.dump(MODELS[name](), path)
        sign(path, key=key, name="bench", version="1")
        modules = sorted(m for m in sys.modules if m.startswith(("sklearn.", "scipy.")))
        Path(f"{path}.modules").write_text(json.dumps(_importable(modules)))
        paths[name] = path
    return paths, str(trust)


def _importable(modules: list[str]) -> list[str]:
    return [module for module in modules if "._" not in module] or ["sklearn"]


def measure(names: list[str], rounds: int, folder: Path) -> dict[str, Result]:
    """Measure the methods on models.

    Args:
        names: Keys of :data:`MODELS`.
        rounds: Children for each model and method.
        folder: Where models are written.
    """
    paths, trust = _make(folder, ["small pipeline", *[n for n in names if n != "small pipeline"]])
    warm = str(paths["small pipeline"])
    results = {}
    for name in names:
        _say(f"measuring: {name}")
        path = str(paths[name])
        seconds: dict[str, list[float]] = {method: [] for method in METHODS}
        memory: dict[str, list[float]] = {method: [] for method in METHODS}
        for turn in range(rounds):
            # Whoever comes first must not always be the same.
            order = METHODS[turn % len(METHODS) :] + METHODS[: turn % len(METHODS)]
            for method in order:
                seconds[method].append(_child("time", method, path, warm, trust))
                memory[method].append(_child("memory", method, path, warm, trust))
        results[name] = Result(
            Path(path).stat().st_size,
            {method: min(times) for method, times in seconds.items()},
            {method: int(min(peaks)) for method, peaks in memory.items()},
        )
    return results


def _against(code: list[str], peer: list[str], repeats: int = 7) -> float:
    """How long a Python takes against another; they take turns, and the shortest time counts."""
    times: dict[bool, float] = {True: math.inf, False: math.inf}
    for is_peer in [False, True] * repeats:
        start = time.perf_counter()
        command = [sys.executable, *(peer if is_peer else code)]
        subprocess.run(command, check=True, capture_output=True, env=_environment())
        times[is_peer] = min(times[is_peer], time.perf_counter() - start)
    return times[False] / times[True]


def _folder_of(path: Path, folder: Path) -> Path:
    """A folder of models that differ in one byte of a text, so that none is like another."""
    import joblib

    small = joblib.load(path)
    folder.mkdir(exist_ok=True)
    for number in range(_MODELS):
        small.label = f"model {number:06}"
        joblib.dump(small, folder / f"{number}.joblib")
    return folder


def processes(folder: Path) -> None:
    """Print what whole processes cost, and whether each target is met."""
    path = folder / "small-pipeline.joblib"
    many = _folder_of(path, folder / "many")
    load = "import joblib, sys\nfor path in sys.argv[1:]: joblib.load(path)"
    imported = _against(["-c", "import safeload"], ["-c", "import json"])
    _target(f"import safeload against import json: {imported:.2f}", IMPORT, imported)
    audit = ["-m", "safeload", "audit"]
    audited = _against([*audit, str(path)], ["-c", load, str(path)])
    _target(f"audit of a small file against joblib.load: {audited:.2f}", AUDIT, audited)
    audited = _against([*audit, str(many)], ["-c", load, *map(str, many.iterdir())], repeats=3)
    text = f"audit of {_MODELS} small models against joblib.load: {audited:.2f}"
    _target(text, FOLDER, audited)


def report(results: dict[str, Result]) -> None:
    """Print the table and whether each target is met."""
    import joblib
    import numpy as np
    import sklearn

    print(
        f"python {platform.python_version()}, scikit-learn {sklearn.__version__}, "
        f"numpy {np.__version__}, joblib {joblib.__version__}, "
        f"{os.cpu_count()} x {platform.machine()}\n"
    )
    print(
        f"{'':18} {'file':>9} {'joblib':>9} {'sha256+':>9} {'first':>9} {'again':>9}"
        f" {'first':>7} {'again':>7} {'memory':>8}"
    )
    memory = []
    for name, result in results.items():
        plain, _, first, again = (result.seconds[method] for method in METHODS)
        memory.append(_memory_ratio(result))
        times = "".join(f" {result.seconds[method] * 1e3:6.1f} ms" for method in METHODS)
        print(
            f"{name:18} {result.size / 1e6:6.1f} MB{times}"
            f" {first / plain:7.2f} {again / plain:7.2f} {memory[-1]:8.2f}"
            f"   ({result.memory['joblib'] / 1e6:.1f} -> {result.memory['first'] / 1e6:.1f} MB)"
        )
    print()
    for method in ("first", "again"):
        for peer, most in (("joblib", GEOMETRIC_MEAN), ("sha256+joblib", SAFE)):
            ratios = _ratios(results, method, peer)
            mean = math.exp(sum(map(math.log, ratios)) / len(results))
            _target(f"{method}: geometric mean against {peer}: {mean:.2f}", most, mean)
        worst = max(_ratios(results, method, "sha256+joblib"))
        text = f"{method}: slowest against sha256 + joblib.load: {worst:.2f}"
        _target(text, 1.0, worst / _NOISE)
    for name, peer, most in LARGE:
        if name in results:
            ratio = results[name].seconds["first"] / results[name].seconds[peer]
            _target(f"first: {name} against {peer}: {ratio:.2f}", most, ratio)
    _target(f"most memory against joblib.load: {max(memory):.2f}", MEMORY, max(memory))


def _ratios(results: dict[str, Result], method: str, peer: str) -> list[float]:
    return [result.seconds[method] / result.seconds[peer] for result in results.values()]


def _memory_ratio(result: Result) -> float:
    # What a small model takes drowns in pages that any first call touches.
    floor = 4 << 20
    return max(result.memory["first"], floor) / max(result.memory["joblib"], floor)


def _target(text: str, most: float, found: float) -> None:
    print(f"{'met   ' if found <= most else 'MISSED'}  {text} (target {most:g})")


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def main() -> None:
    """Run the benchmark, or, as its child, one measurement."""
    if sys.argv[1:2] == ["--child"]:
        _measure(*sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description="Measure loading against plain joblib.")
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS))
    parser.add_argument("--rounds", type=int, default=3, help="children for each measurement")
    parser.add_argument("--keep", type=Path, help="a folder to keep the models in")
    options = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "trust.toml").unlink(missing_ok=True)
        results = measure(options.models, options.rounds, folder)
        report(results)
        processes(folder)


if __name__ == "__main__":
    main()
