"""Argument rules: what an allowed callable may be given while the file is loaded.

A policy entry names its rule; :data:`RULES` lists them all, each from the module of its library.
The classes that arguments name are judged by the allow-list in their own right.

Trust: all arguments and states are hostile.
Source: the ``__reduce__`` of each callable, in CPython, numpy, scipy and scikit-learn.
"""

from __future__ import annotations

from functools import wraps

from safeload.policy.rules.arrays import ARRAY_RULES
from safeload.policy.rules.boosters import BOOSTER_RULES
from safeload.policy.rules.callbacks import CALLBACK_RULES
from safeload.policy.rules.classes import CLASS_RULES
from safeload.policy.rules.composites import COMPOSITE_RULES
from safeload.policy.rules.functions import FUNCTION_RULES
from safeload.policy.rules.numerics import LIBRARY_RULES
from safeload.policy.rules.operators import OPERATOR_RULES
from safeload.policy.rules.pandas import PANDAS_RULES
from safeload.policy.rules.python import PYTHON_RULES
from safeload.policy.rules.reduction_aliases import ALIAS_RULES
from safeload.policy.rules.reductions import REDUCTION_RULES
from safeload.policy.rules.rule import Rule
from safeload.policy.rules.statistics import STATISTICS_RULES
from safeload.policy.rules.torch import TORCH_RULES
from safeload.scan.bounds.allowance import asked
from safeload.scan.bounds.given import pay_for_parts
from safeload.scan.program import ObjectToken

__all__ = ["RULES", "Rule"]


def _bounded(name: str, rule: Rule) -> Rule:
    """A rule that pays for what it walks, and is asked only where the arguments are a tuple."""

    @wraps(rule)
    def checked(built: ObjectToken) -> str | None:
        if type(built.args) is not tuple:
            return "its arguments are not a tuple"
        pay_for_parts(built, _GIVEN)
        return asked(name, rule, built)

    return checked


# What all rules together are given.
_GIVEN = "given"

RULES: dict[str, Rule] = {
    name: _bounded(name, rule)
    for rules in (
        REDUCTION_RULES, ARRAY_RULES, FUNCTION_RULES, CLASS_RULES, COMPOSITE_RULES, LIBRARY_RULES,
        PANDAS_RULES, PYTHON_RULES, BOOSTER_RULES, OPERATOR_RULES, ALIAS_RULES, STATISTICS_RULES,
        CALLBACK_RULES, TORCH_RULES,
    )
    for name, rule in rules.items()
}  # fmt: skip
