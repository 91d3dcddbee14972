"""Callbacks of scikit-learn 1.9: what they write loads, and no socket is touched."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

import safeload
from safeload.errors import LoadError
from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.scan import scan
from tests.builder import Name, Pickle, Value

callback = pytest.importorskip("sklearn.callback")

ROWS = np.arange(40.0).reshape(20, 2)
TARGET = np.arange(20) % 2

MONITOR = Name("sklearn.callback._scoring_monitor", "ScoringMonitor")
HANDLE = Name("sklearn.callback._transport", "ListenerHandle")
BAR = Name("sklearn.callback._progressbar", "ProgressBar")
ADDRESS, KEY = "/tmp/pymp-ab_c/listener-x1y_z", bytes(range(32))


def watched(*callbacks: Any) -> LogisticRegression:
    return LogisticRegression(max_iter=20).set_callbacks(*callbacks).fit(ROWS, TARGET)


def joblib_bytes(value: Any) -> bytes:
    file = io.BytesIO()
    joblib.dump(value, file)
    return file.getvalue()


DUMPS: dict[str, Callable[[Any], bytes]] = {
    **{f"pickle-{n}": partial(pickle.dumps, protocol=n) for n in (2, 4, 5)},
    "joblib": joblib_bytes,
}
CALLBACKS = {
    "a progress bar": lambda: callback.ProgressBar(max_propagation_depth=None),
    "a monitor of a score": lambda: callback.ScoringMonitor(scoring="accuracy"),
    "a monitor of several scores": lambda: callback.ScoringMonitor(scoring=["accuracy", "f1"]),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("form", DUMPS)
@pytest.mark.parametrize("case", CALLBACKS)
def test_a_model_that_was_watched_loads_and_predicts(case: str, form: str, tmp_path: Path) -> None:
    model = watched(CALLBACKS[case]())
    path = tmp_path / "model"
    path.write_bytes(DUMPS[form](model))

    loaded = safeload.load_unsigned(path)

    assert (loaded.predict(ROWS) == model.predict(ROWS)).all()
    (kept,) = loaded._skl_callbacks
    assert type(kept) is type(model._skl_callbacks[0])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_monitor_keeps_its_log_and_goes_on_with_it(tmp_path: Path) -> None:
    model = watched(callback.ScoringMonitor(scoring="accuracy"))
    path = tmp_path / "model"
    path.write_bytes(pickle.dumps(model))

    loaded = safeload.load_unsigned(path)
    (monitor,) = loaded._skl_callbacks
    before = len(monitor._log)
    loaded.fit(ROWS, TARGET)

    assert before == len(model._skl_callbacks[0]._log) > 0
    assert len(monitor._log) == 2 * before
    assert monitor._listener_handle.address != model._skl_callbacks[0]._listener_handle.address
    assert copy.deepcopy(monitor)._scoring == ["accuracy"]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("case", CALLBACKS)
def test_skops_files_with_callbacks_are_accepted(case: str, tmp_path: Path) -> None:
    path = tmp_path / "model.skops"
    skops.io.dump(watched(CALLBACKS[case]()), path)

    assert safeload.audit(path).files[0].findings == ()
    if "monitor" in case:
        # skops calls the class's own __setstate__, which wants a socket.
        with pytest.raises(LoadError):
            safeload.load_unsigned(path)
    else:
        assert safeload.load_unsigned(path).predict(ROWS).shape == (20,)


def handle(address: Value = ADDRESS, key: Value = KEY) -> Callable[[Pickle], Pickle]:
    return lambda p: p.object_(HANDLE, address, key)


def monitor(**changes: Value) -> Callable[[Pickle], Pickle]:
    state: dict[str, Value] = {
        "_scoring": ["accuracy"],
        "_log": [],
        "_estimator_scorers": {},
        "_listener_handle": handle(),
    }
    return lambda p: p.object_(MONITOR, state={**state, **changes})


def bar(**changes: Value) -> Callable[[Pickle], Pickle]:
    state: dict[str, Value] = {"max_propagation_depth": 1, "_listener_handles": {}}
    return lambda p: p.object_(BAR, state={**state, **changes})


def rules(value: Value) -> set[str]:
    data = Pickle().save(value).finish()
    return {finding.rule for finding in judge(scan(data), Policy.default()).findings}


@pytest.mark.parametrize("value", [monitor(), bar(), bar(max_propagation_depth=None)])
def test_the_legitimate_forms(value: Value) -> None:
    assert rules(value) == set()


HOSTILE: dict[str, Value] = {
    "a host and a port": monitor(_listener_handle=handle(("10.0.0.1", 80))),
    "a socket of a service": monitor(_listener_handle=handle("/run/docker.sock")),
    "a socket in another folder": monitor(_listener_handle=handle("/tmp/../run/listener-x")),
    "an abstract socket": monitor(_listener_handle=handle("\0listener-x")),
    "a socket of another machine": monitor(_listener_handle=handle(r"\\host\pipe\pyc-1")),
    "a key of another length": monitor(_listener_handle=handle(key=b"key")),
    "a key that is text": monitor(_listener_handle=handle(key="k" * 32)),
    "no handle": monitor(_listener_handle=None),
    "a tuple for a handle": monitor(_listener_handle=(ADDRESS, KEY)),
    "a handle of another class": monitor(
        _listener_handle=lambda p: p.object_(BAR, state={"_listener_handles": {}})
    ),
    "a log that is not a list": monitor(_log=lambda p: p.object_(BAR, state={})),
    "scorers that are there": monitor(_estimator_scorers={"a": "b"}),
    "another attribute": monitor(setup=None),
    "a monitor without a state": lambda p: p.object_(MONITOR),
    "a bar with a listener": bar(_listener_handles={"a": handle()}),
    "a bar of another depth": bar(max_propagation_depth="deep"),
    "a handle with a state": lambda p: handle()(p).save({}).build(),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_scikit_learn_does_not_write_is_refused(case: str) -> None:
    assert "SL103" in rules(HOSTILE[case])
