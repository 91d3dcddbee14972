"""Under the guard, programs go on loading legitimate models with the loaders that they have."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.serving.guard.scripts import outcome_of
from tests.test_legitimate import NAMES, NOT_DUMPED

FEW = [
    "RandomForestClassifier",
    "HistGradientBoostingClassifier",
    "KNeighborsClassifier",
    "MLPClassifier",
    "titanic",
    "tfidf_and_logistic_regression",
    "array_nested_objects",
    "grid_search_of_pipeline",
]


@pytest.mark.parametrize("names", [FEW, pytest.param(NAMES, marks=pytest.mark.slow)], ids=len)
def test_legitimate_models_load_to_the_same(names: list[str], tmp_path: Path) -> None:
    found = outcome_of("tests.serving.guard.zoo", *names, folder=tmp_path)
    known = {f"{name}.{form}" for name, form in NOT_DUMPED}
    wrong = {
        way: why for way, why in found.items() if why is not None and way.split()[0] not in known
    }
    assert wrong == {}
    assert len(found) >= 6 * len(names)
