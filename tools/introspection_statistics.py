"""What libraries of clustering, statistics and time series define: as ``introspection.py``.

A library is imported only when its own function runs, because few environments have them all.

Trust: the installed libraries are ours; what is found here is reviewed as a diff of the packs.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator
from typing import Any

from introspection import Group, modules, own_classes
from scipy.stats._distn_infrastructure import rv_generic

__all__ = ["mlxtend_groups", "sktime_groups", "statsmodels_groups"]

# Packages and modules of mlxtend whose classes stay out, and why.
MLXTEND_LEFT_OUT = {
    "mlxtend._base": "mix-ins",
    "mlxtend.data": "loaders: files",
    "mlxtend.externals": "libraries of others",
    "mlxtend.file_io": "files",
    "mlxtend.frequent_patterns": "functions, and what lives while they run",
    "mlxtend.image": "models that another library reads from files",
    "mlxtend.plotting": "plots",
    "mlxtend.text": "functions",
    "mlxtend.utils": "progress bars and tests",
}

# Modules of statsmodels whose classes models and their results are made of.
STATSMODELS_PARTS = (
    "statsmodels.base",
    "statsmodels.discrete",
    "statsmodels.distributions.discrete",
    "statsmodels.distributions.empirical_distribution",
    "statsmodels.duration",
    "statsmodels.gam",
    "statsmodels.genmod",
    "statsmodels.miscmodels.ordinal_model",
    "statsmodels.multivariate",
    "statsmodels.nonparametric",
    "statsmodels.othermod",
    "statsmodels.regression",
    "statsmodels.robust",
    "statsmodels.stats.contrast",
    "statsmodels.tsa",
)
STATSMODELS_LEFT_OUT = {
    "statsmodels.nonparametric.kde": "holds lambdas, so that it is not pickled",
    "statsmodels.regression.process_regression": "holds designs of formulas as objects",
    "statsmodels.tsa.arima_model": "does nothing but raise",
    "statsmodels.tsa.exponential_smoothing.ets": "holds a compiled function that trusts arrays",
    "statsmodels.tsa.interp": "the build",
    "statsmodels.tsa.statespace.dynamic_factor_mq": "reviewed by nobody yet",
    "statsmodels.tsa.vector_ar.output": "text for people",
    "statsmodels.tsa.vector_ar.plotting": "plots",
    "statsmodels.tsa.x13": "runs a program",
}


# Parts of sktime whose estimators are taken, as far as they need no more than what every
# environment with sktime has.
SKTIME_PARTS = (
    "sktime.alignment",
    "sktime.classification",
    "sktime.clustering",
    "sktime.dists_kernels",
    "sktime.forecasting",
    "sktime.param_est",
    "sktime.performance_metrics",
    "sktime.regression",
    "sktime.split",
    "sktime.transformations",
)
SKTIME_LEFT_OUT = {
    "sktime.classification.all": "a list",
    "sktime.classification.deep_learning": "models that another library reads from files",
    "sktime.classification.distance_based._proximity_forest": "reviewed by nobody yet",
    "sktime.classification.foundation_models": "models that another library reads from files",
    "sktime.dists_kernels._numba_distances": "functions compiled when they are called",
    "sktime.forecasting.all": "a list",
    "sktime.forecasting.compose._fhplex": "evaluates a parameter",
    "sktime.forecasting.ets": "keeps a compiled function of statsmodels that trusts its arrays",
    "sktime.forecasting.mapa": "calls a method of its data that a text names",
    "sktime.forecasting.squaring_residuals": "takes anything of scipy.stats that a text names",
    "sktime.performance_metrics.all": "a list",
    "sktime.regression.all": "a list",
    "sktime.regression.deep_learning": "models that another library reads from files",
    "sktime.transformations.all": "a list",
    "sktime.transformations.binning": "calls a method of its data that a text names",
    "sktime.transformations.compose._logger": "writes to a log",
}
SKTIME_CLASSES_LEFT_OUT = {
    "PandasTransformAdaptor": "calls a method of its data that a text names",
    "TimeBinner": "calls a method of its data that a text names",
}
# What an estimator may need, beside numpy, scipy, pandas and scikit-learn.
SKTIME_NEEDS = frozenset(["scikit-learn", "scipy", "statsmodels"])


def mlxtend_groups() -> Iterator[Group]:
    """Estimators, selectors, transformers, splitters."""
    group = Group("estimators, selectors and splitters: made empty", ("construct",))
    for name, cls in _python_classes("mlxtend", MLXTEND_LEFT_OUT):
        if not name.startswith("_Base"):
            group.add(cls.__module__, name)
    yield group


def sktime_groups() -> Iterator[Group]:
    """Forecasters, classifiers, regressors, transformers, splitters."""
    from skbase.base import BaseObject

    group = Group("estimators in Python: made empty, then given their state", ("construct",),
                  "sktime")  # fmt: skip
    unwanted = [name for name in _module_names("sktime") if not _is_in(name, SKTIME_PARTS)]
    for name, cls in _python_classes("sktime", [*SKTIME_LEFT_OUT, *unwanted]):
        is_base = name.lstrip("_").startswith("Base") or not issubclass(cls, BaseObject)
        if name not in SKTIME_CLASSES_LEFT_OUT and not is_base and _needs(cls) <= SKTIME_NEEDS:
            group.add(cls.__module__, name)
            for old in _old_names(cls.__module__):
                group.add(old, name)
    yield group


def _old_names(module: str) -> Iterator[str]:
    """Names by which a module is imported as well, and then defines its classes once more.

    Releases before 1.0 had all transformers in these two packages, and most code still says so.
    """
    head, _, rest = module.partition("sktime.transformations.")
    if not head and rest:
        yield from (f"sktime.transformations.{old}.{rest}" for old in ("panel", "series"))


def _needs(cls: Any) -> set[str]:
    """The distributions that an estimator of sktime says it needs, but for numpy and pandas."""
    tag = cls.get_class_tag("python_dependencies") or []
    pending, found = [tag], set()
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            found.add(re.split(r"[^A-Za-z0-9_-]", item)[0])
        else:
            pending += item
    return found


def statsmodels_groups() -> Iterator[Group]:
    """Models, results and their parts."""
    plain = Group(
        "models, results and their parts: made empty, then given their state, in which a formula "
        "would be evaluated",
        ("construct", "reference"),
        "statsmodels",
    )
    tuples = Group("named tuples: made from their fields", ("construct",), "namedtuple")
    distributions = Group(
        "distributions: their state holds a string that scipy executes, which must be scipy's own",
        ("construct",),
        "scipy_distribution",
    )
    unwanted = [
        name for name in _module_names("statsmodels") if not _is_in(name, STATSMODELS_PARTS)
    ]
    for name, cls in _python_classes("statsmodels", [*STATSMODELS_LEFT_OUT, *unwanted]):
        if issubclass(cls, rv_generic):
            distributions.add(cls.__module__, name)
        elif issubclass(cls, tuple):
            if cls.__reduce__ is object.__reduce__:
                tuples.add(cls.__module__, name)
        else:
            plain.add(cls.__module__, name)
    yield from (plain, tuples, distributions)


def _is_in(module: str, parts: Iterable[str]) -> bool:
    """Whether a module is one of some parts, lies in one, or has one in it."""
    return any(
        f"{module}.".startswith(f"{part}.") or f"{part}.".startswith(f"{module}.") for part in parts
    )


def _python_classes(package: str, left_out: Iterable[str]) -> Iterator[tuple[str, type]]:
    """The classes of a package that are written in Python and may have instances in a model."""
    for module in modules(package, left_out):
        if not (module.__file__ or "").endswith(".py"):
            continue
        for name, cls in own_classes(module):
            if not inspect.isabstract(cls) and not name.endswith("Mixin"):
                yield name, cls


def _module_names(package: str) -> Iterator[str]:
    root = importlib.import_module(package)
    # Packages are imported on the way, other modules are not.
    for info in pkgutil.walk_packages(root.__path__, f"{package}."):
        yield info.name
