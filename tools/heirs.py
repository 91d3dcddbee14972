"""Who inherits a check of native state: classes that derive from one that has it.

A forest of another library hands its state to the same compiled code as the forest of scikit-learn
that it derives from. So the checks of classes, those that reviewed lists name and those of the
bases below, hold for every class on the lists that derives from them.

Trust: the installed libraries are ours; what is found here is reviewed as a diff of the packs.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping

from introspection import Group, resolve

__all__ = ["BASES", "checks_of", "heirs"]

# Classes that no list names, because no model holds an instance of exactly them, or that
# introspection names. By "module:name", the check.
BASES = {
    "sklearn.ensemble._gb:GradientBoostingClassifier": "boosting_of_classes",
    "sklearn.ensemble._gb:GradientBoostingRegressor": "boosting_of_numbers",
    "sklearn.ensemble._hist_gradient_boosting.binning:_BinMapper": "bin_mapper",
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting:BaseHistGradientBoosting": (
        "histogram_boosting"
    ),
    "sklearn.ensemble._hist_gradient_boosting.predictor:TreePredictor": "histogram_tree",
    "sklearn.tree._classes:BaseDecisionTree": "decision_tree",
}
_REASON = "native state, by the class that they derive from"


def checks_of(groups: Iterable[Group]) -> dict[str, str]:
    """The check of each class of some reviewed groups, and of the bases, by ``module:name``."""
    checks = dict(BASES)
    for group in groups:
        if group.native and "construct" in group.uses:
            for module, names in group.names.items():
                checks.update((f"{module}:{name}", group.native) for name in names)
    return checks


def heirs(groups: Iterable[Group], checks: Mapping[str, str]) -> Iterator[Group]:
    """The names of some groups that inherit a check.

    Args:
        groups: All groups of a library.
        checks: What :func:`checks_of` says.

    Yields:
        A group for each check, which allows nothing by itself. Where a class is not installed under
        a name, because another release has it elsewhere, its own name decides.
    """
    listed = list(groups)
    named = checks.keys() - BASES.keys()
    found = {check: Group(_REASON, (), native=check) for check in sorted(set(checks.values()))}
    known: dict[tuple[str, str], str] = {}
    missing = []
    for group in listed:
        if "construct" not in group.uses:
            continue
        for module, names in group.names.items():
            for name in names:
                if f"{module}:{name}" in named:
                    # A reviewed list says so, of its names in other releases, too.
                    known[module.partition(".")[0], name] = checks[f"{module}:{name}"]
                    continue
                try:
                    check = _inherited(resolve(module, name), checks)
                except LookupError:
                    missing.append((module, name))
                    continue
                if check is not None:
                    found[check].add(module, name)
                    known[module.partition(".")[0], name] = check
    for module, name in missing:
        check = known.get((module.partition(".")[0], name))
        if check is not None:
            found[check].add(module, name)
    yield from (group for group in found.values() if group.names)


def _inherited(value: object, checks: Mapping[str, str]) -> str | None:
    if not inspect.isclass(value):
        return None
    for base in inspect.getmro(value):
        check = checks.get(f"{base.__module__}:{base.__qualname__}")
        if check is not None:
            return check
    return None
