"""What isolation costs: a model in its confined process against one in a plain process pool.

The peer is a ``ProcessPoolExecutor`` of the standard library, with one fresh process that loads the
model by joblib and predicts; questions and answers are pickled there. Both take turns, in one run,
and the shortest of several times counts: from nothing to the first prediction, one prediction of
one row, and one of a megabyte of rows. What the caller imports is imported before.

Usage: ``python benchmarks/isolation.py [--rounds N]``
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

# Targets against the peer: start, one row, a megabyte of rows.
TARGETS = {"start and first prediction": 1.5, "one row": 3.0, "1 MB of rows": 2.0}
_COLUMNS = 20
_ROWS = 2**20 // 8 // _COLUMNS
_CALLS = 50

_model: Any = None


def _load(path: str) -> None:
    """Load the model, in the process of the pool."""
    global _model  # what a pool's initialiser leaves behind has no other place
    import joblib

    _model = joblib.load(path)


def _predict(rows: Any) -> Any:
    return _model.predict(rows)


def _in_a_pool(path: str) -> tuple[Callable[[Any], Any], Callable[[], None]]:
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(1, mp_context=context, initializer=_load, initargs=(path,))
    return (lambda rows: pool.submit(_predict, rows).result()), pool.shutdown


def _isolated(path: str) -> tuple[Callable[[Any], Any], Callable[[], None]]:
    import safeload

    model = safeload.load_unsigned(path, isolated=True)
    return model.predict, model.close


METHODS = {"isolated": _isolated, "pool": _in_a_pool}


def measure(path: str, rounds: int) -> dict[str, dict[str, float]]:
    """The shortest times, in seconds, by what was measured and by method."""
    import numpy as np

    rows = np.random.default_rng(0).normal(size=(_ROWS, _COLUMNS))
    best = {what: dict.fromkeys(METHODS, math.inf) for what in TARGETS}

    def note(what: str, method: str, begun: float) -> None:
        best[what][method] = min(best[what][method], time.perf_counter() - begun)

    for _ in range(rounds):
        for method, start in METHODS.items():
            begun = time.perf_counter()
            predict, end = start(path)
            predict(rows[:1])
            note("start and first prediction", method, begun)
            for what, given in (("one row", rows[:1]), ("1 MB of rows", rows)):
                for _ in range(_CALLS):
                    begun = time.perf_counter()
                    predict(given)
                    note(what, method, begun)
            end()
    return best


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description="Measure isolated models against a process pool.")
    parser.add_argument("--rounds", type=int, default=5, help="processes of each kind")
    options = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    import joblib
    from sklearn.datasets import make_classification
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "model.joblib"))
        data = make_classification(500, _COLUMNS, random_state=0)
        joblib.dump(make_pipeline(StandardScaler(), LogisticRegression()).fit(*data), path)
        for what, seconds in measure(path, options.rounds).items():
            ratio = seconds["isolated"] / seconds["pool"]
            met = "met   " if ratio <= TARGETS[what] else "MISSED"
            times = ", ".join(f"{method} {time * 1e3:.2f} ms" for method, time in seconds.items())
            print(f"{met}  isolated, {what}: {ratio:.2f} (target {TARGETS[what]:g}; {times})")


if __name__ == "__main__":
    main()
