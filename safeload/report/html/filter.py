"""The form that chooses which panels are shown; the script brings it to life and into view.

Trust: rules are those that findings name; they become values and texts of options.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from safeload.report.html.markup import Element, tag
from safeload.report.words import WORDS
from safeload.verdict import Verdict

__all__ = ["filters"]

_RULES = 200


def filters(verdicts: Iterable[Verdict], rules: Sequence[tuple[str, int]]) -> Element:
    """Make the form, hidden until there is a script that it works with.

    Args:
        verdicts: One for each panel.
        rules: Each with its number of files.
    """
    found = Counter(verdicts)
    boxes = [
        tag(
            "label",
            tag("input", type="checkbox", name="verdict", value=verdict.value, checked=True),
            f" {word} ({found[verdict]:,})",
        )
        for verdict, word in WORDS.items()
    ]
    options = [tag("option", f"{rule} ({files:,})", value=rule) for rule, files in rules[:_RULES]]
    return tag(
        "form",
        tag("fieldset", tag("legend", "Verdict"), *boxes),
        tag(
            "p",
            tag("label", "Rule", for_="rule"),
            tag("select", tag("option", "any", value=""), *options, id="rule", name="rule"),
        ),
        tag(
            "p",
            tag("label", "Text in path, names, findings or program", for_="text"),
            tag("input", id="text", name="text", type="search", autocomplete="off"),
        ),
        tag(
            "p",
            tag("button", "Filter", type="submit"),
            tag("button", "Reset", type="reset"),
            tag("button", "Open all shown", type="button", id="open"),
            tag("button", "Close all", type="button", id="close"),
            class_="buttons",
        ),
        tag("p", id="shown", role="status"),
        id="filter",
        role="search",
        aria_label="Filter files",
        hidden=True,
    )
