"""Every page of the documentation stands in the site; ``make docs-site`` builds it."""

from __future__ import annotations

import re
import runpy

import safeload
from safeload.cli.main import whole_parser
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
        re.findall(
            r"auto(?:function|class|exception):: safeload\.(\w+)(?:\(\))?$", text, re.MULTILINE
        )
    )
    assert there == set(safeload.__all__) - {"__version__"}


def test_the_page_on_the_command_line_has_every_verb_and_option() -> None:
    page = runpy.run_path(str(DOCS / "_ext" / "commands.py"))["commands"]()
    sections = dict(re.findall(r"^##+ (.+)\n((?:(?!##).*\n)*)", page, re.MULTILINE))
    pending, verbs = [whole_parser()], set()
    while pending:
        for action in pending.pop()._actions:
            # Verbs by their names; other choices are a list.
            for verb in action.choices.values() if isinstance(action.choices, dict) else ():
                pending.append(verb)
                verbs.add(verb.prog)
                options = {name for each in verb._actions for name in each.option_strings}
                missing = {name for name in options if name not in sections[verb.prog]}
                assert missing <= {"-h", "--help"}, verb.prog
    assert set(sections) == verbs
    # What is a page of the documentation is a link to it.
    assert "([keys.md](../keys.md))" in sections["safeload sign"]


def test_what_loading_costs_is_what_the_readme_says() -> None:
    costs = r"^\| [^|]+ \| [^|]+B \| .* ms \|$"
    page, readme = (DOCS / "performance.md", ROOT / "README.md")
    rows = re.findall(costs, page.read_text("utf-8"), re.MULTILINE)
    assert rows == re.findall(costs, readme.read_text("utf-8"), re.MULTILINE) != []


def test_a_picture_that_stands_in_a_page_is_one_block_of_html() -> None:
    for picture in DOCS.glob("*.svg"):
        text = picture.read_text("utf-8")
        assert "\n\n" not in text
        # It is drawn in the colour of the text around it, which is light or dark.
        assert "currentColor" in text
        assert not re.search(r"https?://(?!www\.w3\.org/)", text)
