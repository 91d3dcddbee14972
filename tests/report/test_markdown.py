"""Markdown for a pull request: one comment, in which nothing of a file is more than text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from safeload.auditing.run import AuditReport
from safeload.errors import printable
from safeload.report.markdown import as_markdown
from safeload.report.rule_pages import url_of
from tests.report.reports import EMPTY, EVIL, HOSTILE, ORDINARY, SUPPRESSED, file_of, large, refused

# As GitHub reads it: tables, strikethrough and HTML.
READER = MarkdownIt("gfm-like", {"linkify": False})


class Page(HTMLParser):
    """What a browser would make of it: tags, links, and text within and outside of code."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.code: list[str] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(READER.render(markdown))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        assert {name for name, _ in attrs} <= {"href"}
        if tag == "code":
            self.code.append("")
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "code" in self._open:
            self.code[-1] += data
        else:
            self.text.append(data)


def test_refused_files_come_first_in_the_table_and_accepted_ones_are_counted() -> None:
    text = as_markdown(ORDINARY)
    verdicts = re.findall("<tr><td><strong>(.*?)</strong>", text)

    assert verdicts == ["refused", "refused", "incomplete"]
    assert "4 files: 1 accepted, 2 refused, 1 incomplete. Skipped, not models: 1." in text
    page = Page(text)
    assert page.tags.count("tr") == 4
    assert page.tags.count("details") == 3


def test_what_was_found_is_told_with_a_link_to_its_rule() -> None:
    page = Page(as_markdown(AuditReport((refused(),))))

    assert set(page.links) == {url_of(rule) for rule in ("SL101", "SL103", "SL002")}
    assert "posix.system is not on the allow-list (used: call)." in page.code
    assert any("(30 times)" in text for text in page.text)


def test_nothing_that_is_accepted_needs_a_table() -> None:
    page = Page(as_markdown(AuditReport((file_of("a.pkl"),))))

    assert "table" not in page.tags
    assert "safeload audit: accepted" in page.text


def test_an_audit_of_nothing_says_so() -> None:
    assert "safeload audit: no model" in Page(as_markdown(EMPTY)).text


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_text_within_code_and_nothing_else(name: str) -> None:
    evil = AuditReport((EVIL.files[list(HOSTILE).index(name)],))
    page = Page(as_markdown(evil))

    assert page.tags.count("table") == 1
    assert page.tags.count("tr") == 2
    assert page.tags.count("td") == 3
    assert set(page.tags) <= {
        *("h2", "p", "table", "tr", "th", "td", "strong"),
        *("code", "a", "details", "summary", "ul", "li"),
    }
    assert set(page.links) == {url_of("SL101")}
    assert page.code[0] == printable(HOSTILE[name], limit=200)
    assert HOSTILE[name] not in "".join(page.text)


@pytest.mark.parametrize("files", [0, 1, 150, 3_000, 30_000])
def test_it_fits_into_one_comment_and_says_what_does_not(files: int) -> None:
    report = large(files)
    text = as_markdown(AuditReport((*report.files, *EVIL.files * (files > 1))))

    assert len(text) <= 65_536
    assert text.count("<details>") == text.count("</details>")
    if files >= 3_000:
        assert "more files" in text
        assert len(text) > 50_000
    Page(text)


def test_what_somebody_accepted_is_told_with_who_and_why() -> None:
    page = Page(as_markdown(SUPPRESSED))

    assert "ann@example.org: [ours](x) {0}" in page.code
    assert any("accepted in the baseline" in text for text in page.text)
    assert any("Not looked at: 7" in text for text in page.text)
