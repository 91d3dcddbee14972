"""How many files have which verdict, and which rules decide: bars, with the same in words.

Trust: numbers, and rules that are known here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from safeload.report.html.markup import Element, rule_link, tag
from safeload.report.words import WORDS, count, counts
from safeload.rule_ids import RULE_IDS, effect
from safeload.verdict import Verdict

__all__ = ["bar", "legend", "table_of_rules"]

# The bar's own units; a verdict of one file among thousands is still to be seen.
_WIDTH, _HEIGHT, _LEAST = 1000, 40, 8
# From what is to be looked at first.
_ORDER = (Verdict.REFUSE, Verdict.INCOMPLETE, Verdict.ACCEPT)
# Rules that are shown before somebody asks for the others.
_FIRST = 6


def bar(verdicts: Iterable[Verdict]) -> Element:
    """Draw a bar with a part for each verdict.

    Args:
        verdicts: One for each file.
    """
    found = Counter(verdicts)
    title = f"{count(found.total(), 'file')}: {counts(found.elements())}"
    parts, left = [], 0
    room = _WIDTH - _LEAST * len(found)
    for verdict in _ORDER:
        if found[verdict]:
            width = _LEAST + room * found[verdict] // found.total()
            parts.append(
                tag("rect", class_=verdict.value, x=left, y=0, width=width, height=_HEIGHT)
            )
            left += width
    return tag(
        "svg", tag("title", title, id="chart-title"), *parts,
        class_="chart", role="img", aria_labelledby="chart-title",
        viewBox=f"0 0 {max(left, 1)} {_HEIGHT}", preserveAspectRatio="none",
    )  # fmt: skip


def legend(verdicts: Iterable[Verdict]) -> Element:
    """The same as numbers.

    Args:
        verdicts: One for each file.
    """
    found = Counter(verdicts)
    return tag(
        "ul",
        *(
            tag("li", tag("b", f"{found[verdict]:,}"), f" {WORDS[verdict]}", class_=verdict.value)
            for verdict in _ORDER
        ),
        class_="legend",
    )


def table_of_rules(rules: Sequence[tuple[str, int]]) -> list[Element]:
    """Tabulate what was found: the rules of most files at once, the others on request.

    Args:
        rules: Each with its number of files, most files first.
    """
    known = [(rule, files) for rule, files in rules if rule in RULE_IDS]
    if not known:
        return []
    most = known[0][1]
    first = _table("Most frequent findings", known[:_FIRST], most)
    others = known[_FIRST:]
    if not others:
        return [first]
    title = tag("summary", f"{count(len(others), 'more rule')} with findings")
    return [first, tag("details", title, _table("Other findings", others, most))]


def _table(caption: str, rules: Sequence[tuple[str, int]], most: int) -> Element:
    heads = [
        tag("th", head, scope="col", class_=kind)
        for head, kind in (
            ("Rule", None), ("What was found", None), ("Leads to", None), ("Files", "number"),
        )
    ]  # fmt: skip
    return tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *heads, tag("td", class_="share"))),
        tag("tbody", *(_row(rule, files, most) for rule, files in rules)),
    )


def _row(rule: str, files: int, most: int) -> Element:
    led_to = effect(rule)
    share = tag("rect", class_=led_to, width=max(1, 100 * files // most), height=10)
    return tag(
        "tr",
        tag("th", rule_link(rule), scope="row"),
        tag("td", RULE_IDS[rule].title),
        tag("td", led_to, class_="effect"),
        tag("td", f"{files:,}", class_="number"),
        tag(
            "td",
            tag("svg", share, viewBox="0 0 100 10", preserveAspectRatio="none", aria_hidden="true"),
            class_="share",
        ),
    )
