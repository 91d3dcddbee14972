"""What keeps pickles in a folder is refused in the company of what fits while it predicts."""

from __future__ import annotations

from typing import Any

import pytest

from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.scan import scan
from tests.builder import Name, Pickle

PIPELINE = Name("sklearn.pipeline", "Pipeline")
ADAPTOR = Name("sktime.transformations.adapt", "TabularToSeriesAdaptor")


def _text(p: Pickle) -> None:
    p.call(Name("numpy", "str_"), "folder")


def _idle(p: Pickle) -> None:
    p.object_(Name("joblib.memory", "Memory"), state={"location": None, "store_backend": None})


def rules(memory: Any, *company: Name) -> list[str]:
    stream = Pickle(4).mark().object_(PIPELINE, state={"steps": [], "memory": memory})
    for name in company:
        stream.object_(name, state={"a": 1})
    found = judge(scan(stream.list_().finish()), Policy.default(packs=["sktime"])).findings
    return [finding.rule for finding in found]


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("memory", ["folder", "", b"folder", 1, _text])
def test_a_folder_of_pickles_is_refused_where_it_would_be_read(memory: Any) -> None:
    assert rules(memory, ADAPTOR) == ["SL103"]


def test_the_memory_of_a_transformer_of_sktime_is_no_folder() -> None:
    differences = Name("sktime.transformations.difference", "Differencer")
    stream = Pickle(4).object_(differences, state={"lags": 1, "memory": "all"})
    assert judge(scan(stream.finish()), Policy.default(packs=["sktime"])).findings == ()


@pytest.mark.parametrize("memory", [None, _idle])
def test_no_folder_is_no_harm(memory: Any) -> None:
    assert rules(memory, ADAPTOR) == []


def test_a_folder_alone_is_no_harm() -> None:
    assert rules("folder") == []
