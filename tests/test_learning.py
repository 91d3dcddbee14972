"""A team's model in every format: learnt from, saved as a policy, audited and loaded under it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cloudpickle
import joblib
import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import safeload
from safeload.auditing.learning import learn
from safeload.policy.team.learn import Outcome
from safeload.report.proposal import as_toml
from tests.policy.team.models import Clip

DATA = np.arange(40.0).reshape(10, 4) % 7
CLASSES = np.arange(10) % 2


def pickled(protocol: int, model: Any, path: Path) -> None:
    path.write_bytes(pickle.dumps(model, protocol))


FORMATS: dict[str, Callable[[Any, Path], object]] = {
    **{f"pickle {protocol}": partial(pickled, protocol) for protocol in range(6)},
    "joblib": joblib.dump,
    "joblib, compressed": partial(joblib.dump, compress=("xz", 3)),
    "cloudpickle": lambda model, path: path.write_bytes(cloudpickle.dumps(model)),
    "skops": skops.io.dump,
}


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_learnt_from_a_model_is_all_it_takes_to_load_it(tmp_path: Path, form: str) -> None:
    model = make_pipeline(Clip(), LogisticRegression()).fit(DATA, CLASSES)
    path, policy = tmp_path / "model", tmp_path / "policy.toml"
    FORMATS[form](model, path)
    with pytest.raises(safeload.RefusedError):
        safeload.load_unsigned(path)

    proposal = learn(path)
    policy.write_text(as_toml(proposal), encoding="ascii")

    assert [lesson.outcome for lesson in proposal.lessons] == [Outcome.PROPOSED]
    assert {need.name for need in proposal.entries} == {"Bounds", "Clip", "halve"}
    assert safeload.audit(path, policy=policy).exit_code == 0
    loaded = safeload.load_unsigned(path, policy=policy)
    assert (loaded.predict(DATA) == model.predict(DATA)).all()
