"""What is said of a name that is not allowed: whether it is an attack, and in which words.

The verdict is the same for all of them. What differs is what a person should do: keep an attack for
whoever investigates it, ask about what no model needs, and add a class of one's own to a policy
file. A name that nothing is known of is said to be unknown, never to be harmless.

Trust: names come from hostile files; they are compared and escaped, never imported.
"""

from __future__ import annotations

from safeload.errors import printable
from safeload.policy.code_by_value import is_code
from safeload.policy.team.gadgets import FROM_A_SCRIPT, SCRIPTS, doubt, gadget, is_covered
from safeload.policy.team.harm import deceit, harm
from safeload.rule_ids import CODE
from safeload.scan.program import GlobalUse, Use
from safeload.verdict import Finding, Weight

__all__ = ["misused", "unlisted"]

# Where torch keeps the classes of modules, optimisers and schedules.
_MODULES_OF_TORCH = ("torch.nn.modules.", "torch.optim.")
_AT_ONCE = frozenset([Use.CALL, Use.CONSTRUCT])


def unlisted(use: GlobalUse, member: str) -> Finding:
    """The finding about a name that is not on the allow-list.

    Args:
        use: The name, and how the file uses it.
        member: The stream that it is in.
    """
    rule, weight, said = _said(use)
    return Finding(rule, f"{printable(use.path)} {said}.", member, use.offset, weight)


def misused(use: GlobalUse, allowed: frozenset[Use], member: str) -> Finding:
    """The finding about an allowed name in uses that are not allowed.

    Args:
        use: The name, and how the file uses it.
        allowed: The uses that are allowed.
        member: The stream that it is in.
    """
    excess = ", ".join(sorted(use.uses - allowed))
    does = harm(use.module, use.name)
    said = f"is used in a way that is not allowed: {excess} (allowed: {', '.join(sorted(allowed))})"
    if does is not None:
        said = f"{does}, and {said}"
    weight = Weight.ORDINARY if does is None else Weight.ATTACK
    return Finding("SL102", f"{printable(use.path)} {said}.", member, use.offset, weight)


def _said(use: GlobalUse) -> tuple[str, Weight, str]:
    """The rule, how much weighs what is known of a name, and what follows it in a sentence."""
    module, name = use.module, use.name
    if is_code(module, name):
        said = "rebuilds a function or class from code within the file"
        return CODE, Weight.ORDINARY, said
    rule = "SL109" if module in SCRIPTS else "SL101"
    lie = deceit(module, name)
    if lie is not None:
        return rule, Weight.ATTACK, lie
    does = harm(module, name)
    if does is not None:
        when = (
            " when the file is loaded" if use.uses & _AT_ONCE else "; the file keeps it for later"
        )
        return rule, Weight.ATTACK, f"{does}{when}"
    if module in SCRIPTS:
        return rule, Weight.ORDINARY, FROM_A_SCRIPT
    if module.startswith(_MODULES_OF_TORCH):
        said = (
            "is a whole object of torch, whose code is found by name when it is loaded; "
            "save its state_dict instead"
        )
        return rule, Weight.ORDINARY, said
    uses = f"is not on the allow-list (used: {', '.join(sorted(use.uses))})"
    reason = gadget(module, name)
    if reason is None and is_covered(module):
        reason = doubt(module, name)
    if reason is not None:
        return rule, Weight.SUSPECT, f"{uses}; it {reason}"
    return rule, Weight.ORDINARY, f"{uses}; if it is yours: `safeload policy learn FILE`"
