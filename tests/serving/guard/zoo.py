"""Load legitimate models under the guard, each with the loaders that its users would take."""

from __future__ import annotations

import contextlib
import json
import pickle
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any


def _loads(path: Path) -> Any:
    return pickle.loads(path.read_bytes())


def _load(path: Path) -> Any:
    with path.open("rb") as file:
        return pickle.load(file)


def _main(names: list[str]) -> None:
    import joblib
    import pandas as pd
    import skops.io

    from safeload.serving import guard
    from tests.legitimate import composites, estimators
    from tests.legitimate.forms import FORMS, plainly_loaded
    from tests.legitimate.sameness import difference

    warnings.simplefilter("ignore")
    loaders: dict[str, list[Callable[[Path], Any]]] = {
        "joblib": [lambda path: joblib.load(path)],
        "joblib-zlib": [lambda path: joblib.load(path)],
        "pickle-2": [_load],
        "pickle-5": [_load, _loads, lambda path: pd.read_pickle(path)],
        "skops": [lambda path: skops.io.load(path)],
    }
    # Before the guard is there: what a load gives differs from what was dumped, too.
    references: dict[tuple[Path, str], Any] = {}
    for name in names:
        of = estimators.estimator if name in estimators.names() else composites.composite
        for form in loaders:
            path = Path(f"{name}.{form}")
            # What a library cannot dump, nobody loads.
            with contextlib.suppress(Exception):
                FORMS[form](of(name).model, path)
                references[path, form] = plainly_loaded(form, path)
    guard.install()
    found: dict[str, str | None] = {}
    for (path, form), reference in references.items():
        for number, load in enumerate(loaders[form]):
            try:
                found[f"{path} {number}"] = difference(load(path), reference)
            except Exception as error:  # noqa: BLE001  # told of below
                found[f"{path} {number}"] = str(error)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    _main(sys.argv[1:])
