"""Code pickled by value is refused in one sentence that names it; the report has all the rest."""

from __future__ import annotations

import enum
import io
import json
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import cloudpickle
import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from safeload.auditing.run import AuditReport
from safeload.errors import RefusedError
from safeload.gate import load_unsigned
from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.report.console import print_report
from safeload.report.json import as_document
from safeload.scan.scan import scan
from safeload.verdict import FileReport, Severity
from tests.builder import Name, Pickle


def double(data: Any) -> Any:
    return data * 2


def closure(factor: int) -> Callable[[Any], Any]:
    return lambda data: data * factor


def by_value(value: Any) -> bytes:
    """What cloudpickle writes of names from here in a notebook."""
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    try:
        data: bytes = cloudpickle.dumps(value)
    finally:
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    return data


def local_estimator() -> Any:
    class Centre(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
        def fit(self, data: Any) -> Any:
            return self

    return Centre()


def local_enumeration() -> Any:
    class Colour(enum.Enum):
        RED = 1

    return Colour.RED


def local_named_tuple() -> Any:
    class Bounds(NamedTuple):
        low: float

    return Bounds(1.0)


def in_pipeline(function: Any) -> Any:
    pipeline = make_pipeline(FunctionTransformer(function), LogisticRegression())
    return pipeline.fit(np.arange(8.0).reshape(4, 2), [0, 1, 0, 1])


def dill(*names: str) -> bytes:
    """A function as dill spells it: a code object, then a function of it."""
    code = Name("dill._dill", "_create_code")
    function = Name("dill._dill", "_create_function")
    parts = (b"", 1, 0, 0, 1, 1, 83, b"code", (None,), (), ("x",), "script.py", *names, 1, b"", b"")
    return Pickle(4).call(function, lambda p: p.call(code, *parts), {}, names[-1]).finish()


CASES: dict[str, tuple[Callable[[], bytes], str]] = {
    "a lambda": (lambda: by_value(lambda data: data), "<lambda>"),
    "a function": (lambda: by_value(double), "double"),
    "a closure": (lambda: by_value(closure(2)), "closure.<locals>.<lambda>"),
    "a lambda in a pipeline": (lambda: by_value(in_pipeline(lambda x: x)), "function <lambda>"),
    "a function in a pipeline": (lambda: by_value(in_pipeline(double)), "function double"),
    "a local class": (lambda: by_value(local_estimator()), "class Centre"),
    "a local enumeration": (lambda: by_value(local_enumeration()), "class Colour"),
    "a local named tuple": (lambda: by_value(local_named_tuple()), "class Bounds"),
    "dill": (lambda: dill("double"), "function double"),
    "dill on Python 3.11": (lambda: dill("double", "outer.<locals>.double"), "outer.<locals>"),
    "bare types": (
        lambda: Pickle(4).call(Name("types", "FunctionType"), 1).finish(),
        "",
    ),
    "joblib's copy of cloudpickle": (
        lambda: (
            Pickle(4)
            .call(Name("joblib.externals.cloudpickle.cloudpickle", "_make_function"), 1)
            .finish()
        ),
        "",
    ),
}


def report_on(data: bytes) -> FileReport:
    return judge(scan(data), Policy.default()).report("a.pkl", "0" * 64, len(data), "pickle")


def printed(report: FileReport) -> list[str]:
    text = io.StringIO()
    print_report(AuditReport((report,)), file=text)
    return text.getvalue().splitlines()


@pytest.mark.parametrize("case", CASES)
def test_the_first_finding_says_that_it_is_code_and_which(case: str) -> None:
    build, named = CASES[case]
    first = report_on(build()).findings[0]
    assert (first.rule, first.severity) == ("SL108", Severity.ERROR)
    assert named in first.message
    assert first.offset is not None


@pytest.mark.parametrize("case", CASES)
def test_people_see_one_finding_and_programs_see_all(case: str) -> None:
    report = report_on(CASES[case][0]())
    shown = [line for line in printed(report) if line.startswith("  SL")]
    assert len(shown) == 1
    assert "SL108" in shown[0]
    (file,) = as_document(AuditReport((report,)))["files"]
    assert len(file["findings"]) == len(report.findings) > 1
    refused = [item["name"] for item in file["globals"] if not item["allowed"]]
    messages = json.dumps([finding["message"] for finding in file["findings"]])
    assert all(name in messages for name in refused)


def test_a_class_is_named_without_its_methods() -> None:
    first = report_on(by_value(local_estimator())).findings[0]
    assert "function" not in first.message


def test_many_functions_are_not_all_named() -> None:
    functions = [closure(1), double, by_value, printed, report_on, dill]
    assert " more)" in report_on(by_value(functions)).findings[0].message


def test_what_else_is_wrong_with_the_stream_is_shown_with_it() -> None:
    lines = printed(report_on(by_value(double) + b"more"))
    assert [line.split()[0] for line in lines if line.startswith("  SL")] == ["SL108", "SL202"]


def test_a_gadget_beside_a_lambda_stays_in_sight() -> None:
    data = Pickle(4).mark().call(Name("posix", "system"), "id")
    data.call(Name("cloudpickle.cloudpickle", "_make_function"), 1).tuple_()
    assert any("posix.system" in line for line in printed(report_on(data.finish())))


def test_the_names_in_the_code_are_escaped_and_cut() -> None:
    first = report_on(dill("\x1b[2J" + "x" * 500)).findings[0]
    assert first.message.isprintable()
    assert first.message.isascii()
    assert len(first.message) < 400


def test_a_name_of_a_script_is_told_to_move() -> None:
    data = Pickle(4).object_(Name("__main__", "Centre"), state={"a": 1}).finish()
    (finding,) = report_on(data).findings
    assert finding.rule == "SL109"
    assert "__main__.Centre" in finding.message
    assert "move it to a module" in finding.message


def test_loading_says_the_same_first(tmp_path: Any) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(by_value(in_pipeline(lambda data: data)))
    with pytest.raises(RefusedError) as caught:
        load_unsigned(path)
    assert caught.value.report.findings[0].rule == "SL108"
    assert caught.value.report.findings[0].message in caught.value.message
