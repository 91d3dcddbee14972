"""With a trust file, the guard loads what is signed from files, and judges all else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.serving.guard.scripts import run

PROGRAM = """\
import io, json, pickle, sys
from pathlib import Path
import joblib
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression
import safeload
from safeload.serving import guard

key = safeload.SigningKey.generate()
Path("trust.toml").touch(0o600)
safeload.TrustFile.add("trust.toml", name="alice", key=key.public, models=["*"])
model = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
frame = pd.DataFrame({"a": [1, 2]})
joblib.dump(model, "unsigned.joblib")
joblib.dump(model, "signed.joblib")
Path("signed.pkl").write_bytes(pickle.dumps(model))
Path("plain.pkl").write_bytes(pickle.dumps({"a": 1}))
frame.to_pickle("frame.pkl")
frame.to_pickle("unsigned-frame.pkl")
np.save("array.npy", np.array([None, {}], dtype=object))
np.save("unsigned-array.npy", np.array([None, {}], dtype=object))
for name in ("signed.joblib", "signed.pkl", "frame.pkl", "array.npy"):
    safeload.sign(name, key=key, name="model", version="1")
joblib.dump(model, "changed.joblib")
safeload.sign("changed.joblib", key=key, name="model", version="1")
with open("changed.joblib", "ab") as file:
    file.write(b"more")

guard.install(trust="trust.toml")
tries = {
    "a signed model": lambda: joblib.load("signed.joblib"),
    "a signed model by its file": lambda: joblib.load(open("signed.joblib", "rb")),
    "a signed pickle": lambda: pickle.load(open("signed.pkl", "rb")),
    "a signed frame": lambda: pd.read_pickle("frame.pkl"),
    "a signed array": lambda: np.load("array.npy", allow_pickle=True),
    "an unsigned model": lambda: joblib.load("unsigned.joblib"),
    "an unsigned model by its file": lambda: joblib.load(open("unsigned.joblib", "rb")),
    "an unsigned frame": lambda: pd.read_pickle("unsigned-frame.pkl"),
    "an unsigned array": lambda: np.load("unsigned-array.npy", allow_pickle=True),
    "a changed model": lambda: joblib.load("changed.joblib"),
    "bytes": lambda: pickle.loads(pickle.dumps(range(3))),
    "a file without a name": lambda: pickle.load(io.BytesIO(pickle.dumps(range(3)))),
    "plain values": lambda: pickle.load(open("plain.pkl", "rb")),
}
found = {}
for name, load in tries.items():
    try:
        found[name] = type(load()).__name__
    except safeload.SafeloadError as error:
        found[name] = error.code
json.dump(found, sys.stdout)
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("signed")
    (folder / "program.py").write_text(PROGRAM)
    outcomes: dict[str, str] = json.loads(run("-W", "ignore", "program.py", folder=folder))
    return outcomes


def test_what_is_signed_is_loaded_from_files(found: dict[str, Any]) -> None:
    loaded = {name: kind for name, kind in found.items() if name.startswith("a signed")}
    assert loaded == {
        "a signed model": "LinearRegression",
        "a signed model by its file": "LinearRegression",
        "a signed pickle": "LinearRegression",
        "a signed frame": "DataFrame",
        "a signed array": "ndarray",
    }


def test_what_is_not_signed_is_not_loaded_from_files(found: dict[str, Any]) -> None:
    unsigned = {found[name] for name in found if name.startswith("an unsigned")}
    assert unsigned == {"bundle-missing"}
    assert found["a changed model"] == "digest-mismatch"


def test_what_is_no_file_is_judged_by_the_policy(found: dict[str, Any]) -> None:
    assert found["bytes"] == found["a file without a name"] == "range"
    assert found["plain values"] == "dict"
