"""What does a rule mean, at length? A page for each, which ships with safeload and has a URL.

Trust: the pages are part of safeload.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib.resources.abc import Traversable
from pathlib import Path

from safeload.errors import UsageError
from safeload.rule_ids import RULE_IDS
from safeload.shipped import shipped

__all__ = ["HOME", "page", "url_of"]

# Where the project lives, as pyproject.toml has it.
HOME = "https://github.com/safeload/safeload"

_PAGES = f"{HOME}/blob/main/docs/rules"


def url_of(rule: str) -> str:
    """Where a rule's page is on the web.

    Args:
        rule: Identifier such as ``"SL101"``; for one that has no page, the list of rules.
    """
    return f"{_PAGES}/{rule}.md" if rule in RULE_IDS else f"{_PAGES}/README.md"


def page(rule: str) -> str:
    """A rule's page.

    Args:
        rule: Identifier such as ``"SL101"``.

    Returns:
        Markdown.

    Raises:
        UsageError: There is no such rule (``rule-unknown``).
    """
    if rule not in RULE_IDS:
        near = get_close_matches(rule.upper(), RULE_IDS, n=3, cutoff=0.5)
        raise UsageError(
            f"There is no rule {rule!r}.",
            code="rule-unknown",
            hint=f"Did you mean {' or '.join(near)}?" if near else "Rules are named like SL101.",
        )
    return (_folder() / f"{rule}.md").read_text("utf-8")


def _folder() -> Traversable:
    installed = shipped("safeload", "rules")
    # In a checkout they lie with the other documents; a wheel has them beside the modules.
    return installed if installed.is_dir() else Path(__file__).parents[2] / "docs" / "rules"
