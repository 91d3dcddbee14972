"""Every page of the documentation stands in the site; ``make docs-site`` builds it."""

from __future__ import annotations

import re

import pytest

import safeload
from safeload.loading import environment
from safeload.loading.environment import drift
from tests.documents import ROOT

DOCS = ROOT / "docs"
# What the site adds itself.
BELOW = {"rules/README"}


def pages() -> set[str]:
    """Every page, as a list of contents names it."""
    found = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md")}
    return {page for page in found if not page.startswith(("_generated", "rules/SL"))}


def listed(page: str) -> set[str]:
    """The pages that a page lists."""
    text = (DOCS / f"{page}.md").read_text("utf-8")
    blocks = re.findall(r"^```\{toctree\}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    named = [line.strip() for line in lines if line.strip() and not line.startswith(":")]
    return {re.sub(r"^.*<(.*)>$", r"\1", name) for name in named}


def test_every_page_is_listed_once() -> None:
    below = {page: listed(page) for page in pages()}
    everywhere = [page for names in below.values() for page in names]
    assert len(everywhere) == len(set(everywhere))
    inside = {page for page in everywhere if not page.startswith("_generated/")}
    assert inside | {"index"} == pages()


def test_the_pages_that_the_site_makes_are_listed() -> None:
    text = (DOCS / "_ext" / "repository.py").read_text("utf-8")
    made = {*re.findall(r"\{_GENERATED\}/([\w-]+)\.md", text), "command-line"}
    listed_there = {page for each in pages() for page in listed(each)}
    assert {f"_generated/{name}" for name in made} == {
        page for page in listed_there if page.startswith("_generated/")
    }


def test_the_page_on_python_has_every_name() -> None:
    text = (DOCS / "api.md").read_text("utf-8")
    there = set(
        re.findall(r"auto(?:function|class|exception):: safeload\.(\w+)$", text, re.MULTILINE)
    )
    assert there == set(safeload.__all__) - {"__version__"}


def test_the_page_on_upgrading_quotes_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "_version", {"scikit-learn": "1.9.1"}.get)
    said = drift("scikit-learn", ["1.8.0"], signed=True)
    assert f"version-mismatch: {said}\n" in (DOCS / "upgrading.md").read_text("utf-8")
