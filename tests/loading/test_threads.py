"""Several threads audit and load models at once, and none fails for it."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
import skops.io
from scipy import stats

import safeload
from tests.legitimate import composites, estimators
from tests.legitimate.forms import FORMS

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def hurried() -> Iterator[None]:
    """Threads take turns all the time, and garbage is collected at every opportunity."""
    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(10)
    yield
    sys.setswitchinterval(interval)
    gc.set_threshold(*threshold)


def in_threads(rounds: int, paths: list[Path], threads: int = 8) -> list[object]:
    """Audit and load files in several threads; returns what went wrong."""
    failures: list[object] = []

    def work(first: int) -> None:
        for number in range(first, first + rounds):
            path = paths[number % len(paths)]
            try:
                assert safeload.audit(path).verdict is safeload.Verdict.ACCEPT
                safeload.load_unsigned(path)
            except BaseException as error:  # noqa: BLE001  # all of them are looked at
                failures.append((path.name, error))

    workers = [threading.Thread(target=work, args=[number]) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return failures


@pytest.mark.usefixtures("hurried")
def test_arrays_of_skops_load_in_several_threads(tmp_path: Path) -> None:
    model = [np.arange(3.0) + number for number in range(10)]
    skops.io.dump([*model, scipy.sparse.csr_matrix(np.eye(3))], tmp_path / "a.skops")
    assert in_threads(30, [tmp_path / "a.skops"]) == []


@pytest.mark.usefixtures("hurried")
def test_models_of_all_forms_load_in_several_threads(tmp_path: Path) -> None:
    made = {
        "forest": estimators.estimator("RandomForestClassifier").model,
        "text": composites.composite("tfidf_and_logistic_regression").model,
        "distribution": stats.norm(0, 1),
    }
    paths = []
    for name, model in made.items():
        for form in ("joblib", "joblib-zlib", "pickle-2", "pickle-5", "skops"):
            if (name, form) != ("distribution", "skops"):
                paths.append(tmp_path / f"{name}.{form}")
                FORMS[form](model, paths[-1])
    assert in_threads(6, paths) == []


@pytest.mark.slow
def test_thousands_of_loads_in_eight_threads_all_succeed(tmp_path: Path) -> None:
    paths = []
    for name in "GridSearchCV KNeighborsClassifier Pipeline SVC SimpleImputer".split():
        for form in ("joblib", "joblib-lzma", "pickle-4", "skops"):
            paths.append(tmp_path / f"{name}.{form}")
            FORMS[form](estimators.estimator(name).model, paths[-1])
    assert in_threads(500, paths) == []
