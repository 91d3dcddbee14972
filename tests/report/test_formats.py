"""What all formats for programs have in common: the same in, the same out, and nothing hostile."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from safeload.auditing.excluding import Excluded
from safeload.auditing.run import AuditReport
from safeload.errors import UsageError
from safeload.report.formats import FORMATS, format_of, render
from safeload.report.rule_pages import HOME, url_of
from safeload.rule_ids import about
from safeload.verdict import Finding, Weight
from tests.report.reports import EMPTY, EVIL, INVOCATION, ORDINARY, SUPPRESSED, file_of, large

ROOT = Path(__file__).parents[2]
# What is not written for a terminal or a browser.
FOR_PROGRAMS = ["json", "sarif", "gitlab", "junit", "markdown"]
REPORTS = {"ordinary": ORDINARY, "accepted": SUPPRESSED, "empty": EMPTY, "hostile": EVIL}


@pytest.mark.parametrize("name", FOR_PROGRAMS)
@pytest.mark.parametrize("what", REPORTS)
def test_a_report_is_printable_ascii_and_the_same_each_time(name: str, what: str) -> None:
    text = render(REPORTS[what], name, INVOCATION)

    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    assert text.endswith("\n")
    assert render(REPORTS[what], name, INVOCATION) == text


@pytest.mark.parametrize("name", FOR_PROGRAMS)
def test_a_report_says_nothing_of_the_machine(name: str) -> None:
    elsewhere = replace(INVOCATION, root=Path("/home/somebody/else"))

    assert render(ORDINARY, name, INVOCATION) == render(ORDINARY, name, elsewhere)


@pytest.mark.parametrize("name", FOR_PROGRAMS)
def test_thirty_thousand_files_are_written(name: str) -> None:
    text = render(large(), name, INVOCATION)

    assert "15,000" in text or text.count("model 29999.pkl") or text.count("model%2029999.pkl")


@pytest.mark.parametrize("name", FORMATS)
def test_a_name_that_is_nearly_right_is_told_the_right_one(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        format_of(name + "x")

    assert caught.value.code == "format-unknown"
    assert name in caught.value.hint


def test_links_to_rules_lead_where_the_project_says_it_lives() -> None:
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"]

    assert urls["Homepage"] == HOME
    assert url_of("SL101") == f"{urls['Rules']}/SL101.md"
    assert url_of("SL999") == f"{urls['Rules']}/README.md"


ATTACK = Finding("SL101", "posix.system runs a shell command.", "", 9, Weight.ATTACK)
UNKNOWN = Finding("SL101", "acme.Model is not on the allow-list.", "", 2)


@pytest.mark.parametrize("name", FORMATS)
def test_an_attack_and_an_unknown_name_are_told_apart(name: str) -> None:
    text = render(AuditReport((file_of("a.pkl", ATTACK, UNKNOWN),)), name, INVOCATION)

    assert about("SL101", Weight.ATTACK).remedy.partition(",")[0] in text
    assert "policy learn" in text
    assert text.index("runs a shell command") < text.index("acme")


def test_one_rule_in_one_file_is_two_results_where_one_is_an_attack() -> None:
    report = AuditReport((file_of("a.pkl", ATTACK, UNKNOWN),))
    (run,) = json.loads(render(report, "sarif", INVOCATION))["runs"]
    results = run["results"]
    assert [result["ruleIndex"] for result in results] == [0, 0]
    assert [result.get("rank") for result in results] == [100.0, None]
    assert len({result["partialFingerprints"]["safeload/v1"] for result in results}) == 2

    found = json.loads(render(report, "gitlab", INVOCATION))["vulnerabilities"]
    assert [each["severity"] for each in found] == ["Critical", "High"]
    assert len({each["id"] for each in found}) == 2


@pytest.mark.parametrize("name", FORMATS)
def test_what_was_excluded_is_counted(name: str) -> None:
    text = render(replace(EMPTY, excluded=Excluded(("old",), 1_234)), name, INVOCATION)

    assert "1,234" in text or "1234" in text
