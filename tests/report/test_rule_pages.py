"""Every rule has a page, and what the page shows is found under that rule."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from safeload.errors import UsageError
from safeload.limits import Limits
from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.report.rule_pages import page
from safeload.rule_ids import RULE_IDS, effect
from safeload.scan.scan import scan

FOLDER = Path(__file__).parents[2] / "docs" / "rules"
# What no file alone can show: another program, another machine, or many lines.
TOLD = {
    *("SL000", "SL003", "SL008", "SL010", "SL011", "SL012", "SL306", "SL501"),
    "SL901",
}
EFFECTS = {
    "refused": "A finding under this rule refuses the file.",
    "incomplete": "A finding under this rule makes the file incomplete.",
    "none": "A finding under this rule is a note; the verdict stays as it is.",
}
HEADINGS = ["Why", "Example", "What to do"]


def examples(rule: str) -> list[str]:
    """The blocks of Python on a page."""
    return [
        token.content
        for token in MarkdownIt().parse(page(rule))
        if token.type == "fence" and token.info == "python"
    ]


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} - {"README"} == set(RULE_IDS)


@pytest.mark.parametrize("rule", RULE_IDS)
def test_a_page_has_its_parts(rule: str) -> None:
    text = page(rule)
    title, verdict = text.split("\n\n")[:2]

    assert title == f"# {rule}: {RULE_IDS[rule].title}"
    assert verdict == EFFECTS[effect(rule)]
    assert re.findall("^## (.*)$", text, re.MULTILINE) == HEADINGS
    assert all(part.strip() for part in re.split("^## .*$", text, flags=re.MULTILINE))


@pytest.mark.parametrize("rule", RULE_IDS)
def test_the_example_is_found_under_its_rule(rule: str) -> None:
    blocks = examples(rule)

    assert len(blocks) == (rule not in TOLD)
    for block in blocks:
        scope: dict[str, bytes] = {}
        exec(block, scope)
        report = judge(scan(scope["data"], Limits()), Policy.of(None), notes=True).report(
            "", "", 0, ""
        )
        assert rule in {finding.rule for finding in report.findings}


@pytest.mark.parametrize(
    ("rule", "near"),
    [("SL11", "SL11"), ("sl101", "SL101"), ("SL119", "SL11"), ("SL1010", "SL101")],
)
def test_a_rule_that_there_is_not_is_told_the_nearest(rule: str, near: str) -> None:
    with pytest.raises(UsageError) as caught:
        page(rule)

    assert caught.value.code == "rule-unknown"
    assert near in caught.value.hint
