"""docs/policy.md is executed: what it shows of a team's own classes is what happens."""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from tests.documents import ROOT, blocks_of, session

TEXT = (ROOT / "docs" / "policy.md").read_text("utf-8")
TOOL: dict[str, Any] = runpy.run_path(str(ROOT / "tools" / "security_tables.py"))

FEATURES = """
from sklearn.base import BaseEstimator, TransformerMixin

class DateParts(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.mean_ = X.mean(axis=0)
        return self

    def transform(self, X):
        return X - self.mean_
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A team's package and two of its models, in the current folder's ``models``."""
    package = tmp_path / "code" / "acme"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "features.py").write_text(FEATURES)
    (package / "text.py").write_text("def tokenise(text):\n    return text.split()\n")
    monkeypatch.syspath_prepend(package.parent)
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    here = tmp_path / "here"
    (here / "models").mkdir(parents=True)
    monkeypatch.chdir(here)
    from acme.features import DateParts  # type: ignore[import-not-found]  # written above
    from acme.text import tokenise  # type: ignore[import-not-found]  # written above

    classes = np.arange(10) % 2
    churn = make_pipeline(DateParts(), LogisticRegression())
    joblib.dump(churn.fit(np.arange(40.0).reshape(10, 4) % 7, classes), "models/churn.joblib")
    words = CountVectorizer(tokenizer=tokenise, token_pattern=None)
    tickets = make_pipeline(words, LogisticRegression()).fit(["a b", "c d"] * 5, classes)
    joblib.dump(tickets, "models/tickets.joblib")
    script = tmp_path / "bin" / "safeload"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m safeload "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(script.parent), prepend=":")
    return here


@pytest.mark.skipif(os.name != "posix", reason="shows a POSIX shell")
def test_the_worked_example_does_what_it_shows(place: Path) -> None:
    for language, block in blocks_of(TEXT):
        if language == "console":
            session(block)
        elif language == "toml" and block.startswith("# acme.toml"):
            Path("acme.toml").write_text(block)


def test_the_argument_rules_in_the_document_are_those_of_the_code() -> None:
    assert TOOL["regenerated"](TEXT, TOOL["RULE_TABLES"]) == TEXT, "run 'make docs'"
