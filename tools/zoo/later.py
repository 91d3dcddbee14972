"""What older releases of scikit-learn lack: in its place, functions that say so when called.

The zoo imports all that it may make, and leaves out what a release cannot make, and says so. A name
that a release does not have should leave out what needs it, and nothing else.

Python 3.7 and later, scikit-learn 0.21 and later.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from found import all_estimators

__all__ = ["supply"]

# By module, what releases from 0.21 on came to have.
_LATER = {
    "sklearn.compose": ("make_column_selector",),
    "sklearn.ensemble": (
        "HistGradientBoostingClassifier",
        "HistGradientBoostingRegressor",
        "StackingClassifier",
    ),
    "sklearn.experimental": ("enable_halving_search_cv", "enable_iterative_imputer"),
    "sklearn.impute": ("IterativeImputer", "KNNImputer"),
    "sklearn.model_selection": ("HalvingGridSearchCV",),
    "sklearn.preprocessing": ("SplineTransformer",),
}
# Until 1.0 and until today, what has to be asked for before it is there.
_EXPERIMENTAL = (
    "enable_hist_gradient_boosting",
    "enable_halving_search_cv",
    "enable_iterative_imputer",
)


def _missing(name: str) -> Any:
    def missing(*_: Any, **__: Any) -> Any:
        raise NotImplementedError(f"this release has no {name}")

    return missing


def _module(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ImportError:
        made = sys.modules[name] = ModuleType(name)
        return made


def supply() -> None:
    """Put what is missing in its place; to be called before the zoo's modules are imported."""
    for name in _EXPERIMENTAL:
        try:
            import_module(f"sklearn.experimental.{name}")
        except ImportError:
            continue
    for module, names in _LATER.items():
        found = _module(module)
        for name in names:
            if not hasattr(found, name):
                setattr(found, name, _missing(name))
    stats: Any = import_module("scipy.stats")
    if not hasattr(stats, "loguniform"):
        stats.loguniform = stats.reciprocal
    utils: Any = import_module("sklearn.utils")
    if not hasattr(utils, "all_estimators"):
        utils.all_estimators = all_estimators
