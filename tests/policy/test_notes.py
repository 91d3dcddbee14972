"""Signs are noted that decide nothing, and legitimate models have none of them."""

from __future__ import annotations

import base64
import pickle
from collections.abc import Mapping
from typing import Any

import joblib
import numpy as np
import pytest
from scipy import stats
from sklearn.feature_extraction.text import TfidfVectorizer

import safeload
from safeload.limits import Limits
from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.scan import scan
from safeload.verdict import Finding, Severity, Verdict, verdict_of
from tests.builder import Name, Pickle

EVIL = Pickle(4).call(Name("posix", "system"), "id").finish()


def notes(data: bytes, limits: Limits | None = None) -> list[Finding]:
    findings = judge(scan(data, limits), Policy.of(None), notes=True).findings
    return [finding for finding in findings if finding.severity is Severity.NOTE]


def rules(value: Any) -> set[str]:
    data = value if isinstance(value, bytes) else pickle.dumps(value, 4)
    return {finding.rule for finding in notes(data)}


NOTED: Mapping[str, tuple[Any, str]] = {
    "a pickle in bytes": ({"a": [EVIL]}, "SL904"),
    "a pickle in a bytearray": ({"a": bytearray(EVIL)}, "SL904"),
    "a pickle in base64": ({"a": base64.b64encode(EVIL).decode()}, "SL904"),
    "a pickle in base64 for addresses": ({"a": base64.urlsafe_b64encode(EVIL * 3)}, "SL904"),
    "a pickle of protocol 0 in a text": ({"a": "cposix\nsystem\n(S'id'\ntR."}, "SL904"),
    "an import": ({"a": "import os\nos.getcwd()"}, "SL905"),
    "a call of exec": ({"a": "x = exec('1 + 1')"}, "SL905"),
    "an import of a name": ({"a": "from shutil import rmtree"}, "SL905"),
    "an import by a call": ({"a": "x = __import__ ('os')"}, "SL905"),
    "a call of the system": ({"a": "and os.popen (command)"}, "SL905"),
    "a process": ({"a": "subprocess.run(command)"}, "SL905"),
    "a function": ({"a": "def predict(self): pass"}, "SL905"),
    "a lambda": ({"a": "lambda x, y: x + y"}, "SL905"),
    "a script": ({"a": b"#!/bin/sh\necho hello\n"}, "SL905"),
    "an address": ({"a": ["see https://evil.example/payload"]}, "SL906"),
}


@pytest.mark.parametrize("case", NOTED)
def test_a_sign_is_noted_and_decides_nothing(case: str) -> None:
    value, rule = NOTED[case]
    data = pickle.dumps(value, 4)

    assert rules(value) == {rule}
    assert verdict_of(notes(data)) is Verdict.ACCEPT
    assert judge(scan(data), Policy.of(None)).findings == ()


def test_the_names_of_a_pickle_within_are_told() -> None:
    (note,) = notes(pickle.dumps([EVIL], 4))

    assert "posix.system" in note.message


@pytest.mark.parametrize("module", ["skleam", "nunpy", "pandsa", "jobllib", "torhc"])
def test_a_name_that_is_nearly_a_known_one_is_noted(module: str) -> None:
    assert "SL907" in rules(Pickle(4).call(Name(f"{module}.a", "b"), "id").finish())


@pytest.mark.parametrize("module", ["sklearn", "numba", "tables", "pickle", "acme"])
def test_a_name_of_its_own_is_not(module: str) -> None:
    assert "SL907" not in rules(Pickle(4).call(Name(f"{module}.a", "b"), "id").finish())


def test_a_call_for_nothing_is_noted() -> None:
    call = Pickle(4).call(Name("acme", "run"), "id").finish()[:-1]

    assert "SL908" in rules(call + b"0N.")
    assert "SL908" not in rules(call + b".")


LEGITIMATE: Mapping[str, Any] = {
    "prose": {"doc": "Import the data, then evaluate (see the paper); compile a list of results."},
    "words as keys": dict.fromkeys(["import os", "https://a.example/b", "exec(x)"], 1),
    "a distribution": stats.norm(0, 1),
    "a vocabulary": TfidfVectorizer(ngram_range=(1, 2)).fit(["import os", "lambda x: exec('a')"]),
    "bytes": {"raw": bytes(range(256)) * 4, "key": base64.b64encode(bytes(30)).decode()},
    "texts": np.array(["from Paris", "to London", "import tax"] * 3, object),
}


@pytest.mark.parametrize("case", LEGITIMATE)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_what_is_legitimate_has_no_notes(case: str, protocol: int) -> None:
    assert notes(pickle.dumps(LEGITIMATE[case], protocol)) == []


def test_looking_is_bounded_and_says_so() -> None:
    assert rules([[number] for number in range(150_000)]) == {"SL909"}
    assert len(notes(pickle.dumps([f"https://a.example/{n}" for n in range(90)], 4))) == 20


def test_notes_can_be_left_out(tmp_path: Any) -> None:
    path = tmp_path / "model.joblib"
    joblib.dump({"a": "https://evil.example/payload"}, path)

    (with_notes,) = safeload.audit(path).files
    (without,) = safeload.audit(path, notes=False).files

    assert [finding.rule for finding in with_notes.findings] == ["SL906"]
    assert without.findings == ()
    assert with_notes.verdict == without.verdict == "accept"
