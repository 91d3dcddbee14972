"""What all formats for programs have in common: the same in, the same out, and nothing hostile."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from safeload.errors import UsageError
from safeload.report.formats import FORMATS, format_of, render
from safeload.report.rule_pages import HOME, url_of
from tests.report.reports import EMPTY, EVIL, INVOCATION, ORDINARY, SUPPRESSED, large

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
