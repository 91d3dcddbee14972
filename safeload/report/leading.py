"""Which findings about a file does a person need to see?

Trust: the findings come from the scan; what a file says in them was escaped there.
"""

from __future__ import annotations

from collections.abc import Sequence

from safeload.rule_ids import CODE
from safeload.verdict import Finding, Weight

__all__ = ["leading"]


def leading(findings: Sequence[Finding]) -> list[Finding]:
    """The findings to show to people: all, unless the file is code.

    Then what says so comes first but for attacks, and whatever else the policy has to say comes
    down to it.

    Args:
        findings: All findings about a file, in the judge's order.
    """
    attacks = [finding for finding in findings if finding.weight is Weight.ATTACK]
    others = [finding for finding in findings if finding.weight is not Weight.ATTACK]
    if others and others[0].rule == CODE:
        others[1:] = [finding for finding in others[1:] if not _is_policys(finding)]
    return attacks + others


def _is_policys(finding: Finding) -> bool:
    # dill goes on filling dictionaries that it has used.
    return finding.rule.startswith("SL1") or finding.rule == "SL217"
