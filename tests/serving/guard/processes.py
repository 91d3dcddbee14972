"""A program whose processes talk to each other, and which is handed a hostile file in each."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.svm import SVC

EVIL = Path("evil.joblib").absolute()
CANARY = Path("canary").absolute()


class Payload:
    """A class of the program's own, which no allow-list knows."""

    def __init__(self, value: Any = None) -> None:
        self.value = value


class Evil:
    """Creates the canary when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(CANARY),)


def work(payload: Payload) -> Payload:
    """What the processes do: they send each other functions and objects of the program's own."""
    return Payload(np.sum(payload.value))


def attacked(_: Any) -> str:
    """What becomes of a hostile file in the process that this runs in."""
    try:
        joblib.load(EVIL)
    except Exception as error:  # noqa: BLE001  # told of in the result
        return str(getattr(error, "code", type(error).__name__))
    return "loaded"


def _main() -> None:
    warnings.simplefilter("ignore")
    EVIL.write_bytes(pickle.dumps(Evil()))
    payloads = [Payload(np.arange(3)), Payload(np.ones(300_000))]
    found: dict[str, Any] = {}

    def tried(name: str, sums: list[Payload], attacks: list[str]) -> None:
        found[name] = [[float(each.value) for each in sums], attacks]

    for backend in ("loky", "threading", "multiprocessing"):
        parallel = joblib.Parallel(n_jobs=2, backend=backend)
        tried(
            f"joblib {backend}",
            parallel(joblib.delayed(work)(each) for each in payloads),
            parallel(joblib.delayed(attacked)(each) for each in range(2)),
        )
    for method in multiprocessing.get_all_start_methods():
        context = multiprocessing.get_context(method)
        with context.Pool(2) as pool:
            tried(f"pool {method}", pool.map(work, payloads), pool.map(attacked, range(2)))
        with ProcessPoolExecutor(1, mp_context=context) as executor:
            sums = list(executor.map(work, payloads))
            tried(f"executor {method}", sums, list(executor.map(attacked, range(1))))
    queue: multiprocessing.Queue[Payload] = multiprocessing.Queue()
    process = multiprocessing.Process(target=queue.put, args=(Payload(1.0),))
    process.start()
    found["queue"] = queue.get().value
    process.join()
    with multiprocessing.Manager() as manager:
        shared = manager.dict(one=Payload(2.0))
        found["manager"] = shared["one"].value
    memory = joblib.Memory("cache", verbose=0)
    cached = memory.cache(work)
    cached(payloads[0])
    found["memory"] = [
        bool(cached.check_call_in_cache(payloads[0])),
        bool(cached(payloads[0]).value == 3),
    ]
    x, y = load_iris(return_X_y=True)
    search = GridSearchCV(SVC(), {"C": [1, 10]}, n_jobs=2, cv=2).fit(x, y)
    found["search"] = bool(search.best_score_ > 0.9)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    _main()
