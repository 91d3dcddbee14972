"""What the installed releases define: classes become groups of a pack.

What is taken is narrow: classes that a module defines itself, by the name they are pickled under.
What a model may call is found in ``functions.py`` and by hand. What stays out, stays out by name
and with its reason.

Trust: the installed libraries are ours; what is found here is reviewed as a diff of the packs.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import pickle
import pickletools
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
from scipy import sparse, stats

__all__ = [
    "USES",
    "Group",
    "distribution_classes",
    "modules",
    "names_text",
    "no_groups",
    "numpy_groups",
    "own_classes",
    "pickled_name",
    "resolve",
    "scipy_groups",
    "sklearn_groups",
]

USES = ("construct", "call", "build", "fill", "reference")
# Characters of a line of a list.
_WIDTH = 100


@dataclass
class Group:
    """Names that are allowed alike.

    Attributes:
        reason: Why, in a few words.
        uses: What for, in the order of ``USES``.
        rule: Argument rule, or None.
        names: Qualified names by module.
        native: Check of native state, or None.
    """

    reason: str
    uses: tuple[str, ...]
    rule: str | None = None
    names: dict[str, set[str]] = field(default_factory=dict)
    native: str | None = field(default=None, kw_only=True)

    def add(self, module: str, name: str) -> None:
        """Allow one more name."""
        self.names.setdefault(module, set()).add(name)

    @property
    def key(self) -> tuple[str, tuple[str, ...], str, str]:
        """What makes two groups the same group."""
        return self.reason, self.uses, self.rule or "", self.native or ""


# -- scikit-learn ---------------------------------------------------------------------------------

# Packages and modules of scikit-learn whose classes stay out, and why.
SKLEARN_LEFT_OUT = {
    "sklearn.__check_build": "the build",
    "sklearn._build_utils": "the build",
    "sklearn._loss.glm_distribution": "no part of a model's state",
    "sklearn.callback": "progress bars and listeners: threads and sockets",
    "sklearn.conftest": "tests",
    "sklearn.datasets": "fetchers and loaders: network and files",
    "sklearn.ensemble._hist_gradient_boosting.grower": "lives only while a model is fitted",
    "sklearn.externals": "libraries of others",
    "sklearn.inspection": "plots",
    "sklearn.linear_model._glm._newton_solver": "lives only while a model is fitted",
    "sklearn.linear_model._linear_loss": "lives only while a model is fitted",
    "sklearn.metrics._pairwise_distances_reduction": "lives only while a model predicts",
    "sklearn.metrics._plot": "plots",
    "sklearn.model_selection._plot": "plots",
    "sklearn.neighbors._distance_metric": "an old way to make metrics",
    "sklearn.tree._export": "plots",
    "sklearn.tree._reingold_tilford": "plots",
    "sklearn.utils._array_api": "no part of a model's state",
    "sklearn.utils._available_if": "descriptors of classes",
    "sklearn.utils._estimator_html_repr": "how a model is shown",
    "sklearn.utils._mocking": "tests",
    "sklearn.utils._param_validation": "no part of a model's state",
    "sklearn.utils._plotting": "plots",
    "sklearn.utils._pprint": "how a model is shown",
    "sklearn.utils._repr_html": "how a model is shown",
    "sklearn.utils._set_output": "no part of a model's state",
    "sklearn.utils._tags": "no part of a model's state",
    "sklearn.utils._test_common": "tests",
    "sklearn.utils._testing": "tests",
    "sklearn.utils.deprecation": "decorators",
    "sklearn.utils.estimator_checks": "tests",
    "sklearn.utils.fixes": "no part of a model's state",
    "sklearn.utils.parallel": "runs any function, in processes",
}
SKLEARN_CLASSES_LEFT_OUT = {
    "Hyperparameter": "made anew by a property, never stored",
    "MetadataRouter": "lives only while metadata are routed",
    "MethodMapping": "lives only while metadata are routed",
    "MethodPair": "lives only while metadata are routed",
    "RequestMethod": "a descriptor",
    "RouterMappingPair": "lives only while metadata are routed",
    "VerboseReporter": "lives only while a model is fitted",
    "_DeprecatedScorers": "the table of named scorers",
    "_IdentityClassifier": "lives only while a model is fitted",
    "_IdentityRegressor": "lives only while a model is fitted",
    "_IffHasAttrDescriptor": "a descriptor",
    "_LbfgsCallbackBridge": "lives only while a model is fitted",
    "_MetadataRequester": "a mix-in",
    "_NaNCounter": "lives only while a model is fitted",
    "_RidgeGCV": "lives only while a model is fitted",
    "_ValidationScoreCallback": "lives only while a model is fitted",
    "_XT_CenterStackOp": "lives only while a model is fitted",
    "_X_CenterStackOp": "lives only while a model is fitted",
    "_nandict": "lives only while a model predicts",
    "parallel_backend": "chooses for the whole process how work is run",
}


def sklearn_groups() -> Iterator[Group]:
    """Estimators, helper classes, distances."""
    plain = Group(
        "estimators and their helper classes: made empty, then given their state",
        ("construct", "reference"),
    )
    dicts = Group("dictionaries with attributes", ("construct", "fill"))
    tuples = Group("named tuples: made from their fields", ("construct", "reference"), "namedtuple")
    for module in modules("sklearn", SKLEARN_LEFT_OUT):
        if _is_compiled(module):
            continue
        for name, cls in own_classes(module):
            if name in SKLEARN_CLASSES_LEFT_OUT or _is_no_object_of_its_own(cls):
                continue
            if issubclass(cls, tuple):
                tuples.add(module.__name__, name)
            elif issubclass(cls, dict | list | set):
                dicts.add(module.__name__, name)
            else:
                plain.add(module.__name__, name)
    distances = Group(
        "distance metrics, as the argument of newObj",
        ("construct", "reference"),
        native="distance_metric",
    )
    module = importlib.import_module("sklearn.metrics._dist_metrics")
    for name, cls in own_classes(module):
        if not name.startswith("DistanceMetric"):
            distances.add(cls.__module__, name)
    yield from (plain, dicts, tuples, distances)


def _is_no_object_of_its_own(cls: type) -> bool:
    """Whether models hold no instance of exactly this class: bases, mix-ins, plots."""
    name = cls.__name__.lstrip("_")
    return name.startswith("Base") or name.endswith(("Mixin", "Display")) or inspect.isabstract(cls)


# -- numpy and scipy -------------------------------------------------------------------------------


def numpy_groups() -> Iterator[Group]:
    """Scalar types, dtype classes."""
    scalars = Group("types of numbers, as values", ("reference",))
    for name, value in vars(np).items():
        if not inspect.isclass(value) or not issubclass(value, np.generic) or name[0] == "_":
            continue
        # Releases before 2 had many further names, which pickle never writes.
        if value.__name__ == name or np.lib.NumpyVersion(np.__version__) >= "2.0.0":
            scalars.add("numpy", name)
    types = Group("types of dtypes, as values", ("reference",))
    # Before 1.25 they were not public.
    for name, value in vars(getattr(np, "dtypes", object)).items():
        if inspect.isclass(value) and issubclass(value, np.dtype):
            types.add("numpy.dtypes", name)
    yield from (scalars, types)


def scipy_groups() -> Iterator[Group]:
    """Sparse containers, distributions."""
    containers = Group(
        "sparse matrices and arrays: made empty, then given their state", ("construct", "reference")
    )
    # A dictionary of keys; in some releases it is a dict, and pickled as one.
    filled = Group("sparse matrices and arrays that are dicts", ("construct", "fill", "reference"))
    for name, value in vars(sparse).items():
        if name.endswith(("_matrix", "_array")) and inspect.isclass(value):
            into = filled if name.startswith("dok_") else containers
            into.add(*pickled_name(value))
            # Releases before 1.8 had no underscore in the module's name, and no arrays.
            if not value.__module__.endswith("._arrays"):
                into.add(value.__module__.replace("._", "."), name)
    # From 1.18 on an interpolator delegates to a private one of this name.
    halves = []
    for path, name, native in (
        ("_bsplines", "_BSpline", "spline"),
        ("_interpolate", "_PPoly", "piecewise"),
    ):
        half = Group(
            "the inner half of an interpolator: knots and coefficients",
            ("construct",),
            native=native,
        )
        module = importlib.import_module(f"scipy.interpolate.{path}")
        if hasattr(module, name):
            half.add(module.__name__, name)
        halves.append(half)
    yield from (containers, filled, _distributions(), *_results(), *halves)


# Not all modules have what the others have in each release, and some are compiled.
SCIPY_RESULTS_LEFT_OUT = {
    "scipy.stats._sampling": "generators written for one density, which call it",
    "scipy.stats._unuran": "generators in C",
}
# Holds methods of the distribution that was fitted.
SCIPY_CLASSES_LEFT_OUT = {"FitResult", "random_table_frozen", "random_table_gen"}
SCIPY_TUPLES = {"ConfidenceInterval", "Mean", "Std_dev", "Variance"}


def _results() -> Iterator[Group]:
    """What tests of hypotheses return; distributions of several variables."""
    tuples = Group(
        "the results of statistics: named tuples, some with attributes",
        ("construct", "reference"),
        "result_tuple",
    )
    plain = Group("the results of statistics: numbers and arrays", ("construct",))
    for module in modules("scipy.stats", SCIPY_RESULTS_LEFT_OUT):
        for name, cls in own_classes(module):
            if name in SCIPY_CLASSES_LEFT_OUT:
                continue
            if issubclass(cls, tuple) and (name.endswith("Result") or name in SCIPY_TUPLES):
                tuples.add(module.__name__, name)
            elif name.endswith("Result"):
                plain.add(module.__name__, name)
    several = Group(
        "distributions of several variables, and their covariance: numbers and arrays",
        ("construct", "reference"),
    )
    for name, _ in own_classes(importlib.import_module("scipy.stats._multivariate")):
        if name.endswith(("_frozen", "_gen")) and name not in SCIPY_CLASSES_LEFT_OUT:
            several.add("scipy.stats._multivariate", name)
    several.add("scipy.stats._multivariate", "_PSD")
    # Not in releases before 1.10.
    with contextlib.suppress(ImportError):
        for name, _ in own_classes(importlib.import_module("scipy.stats._covariance")):
            if name.startswith("CovVia"):
                several.add("scipy.stats._covariance", name)
    yield from (tuples, plain, several)


def _distributions() -> Group:
    distributions = Group(
        "distributions: their state holds a string that scipy executes, which must be scipy's own",
        ("construct",),
        "scipy_distribution",
    )
    for cls in distribution_classes():
        distributions.add(cls.__module__, cls.__name__)
    return distributions


def distribution_classes() -> set[type]:
    """The classes of scipy's distributions of one variable."""
    base = importlib.import_module("scipy.stats._distn_infrastructure")
    classes = {type(value) for value in vars(stats).values() if isinstance(value, base.rv_generic)}
    for path in ("_continuous_distns", "_discrete_distns"):
        module = importlib.import_module(f"scipy.stats.{path}")
        classes |= {cls for name, cls in own_classes(module) if name.endswith("_gen")}
    return classes | {stats.rv_histogram, base.rv_sample}


# -- what all share --------------------------------------------------------------------------------


def no_groups() -> Iterator[Group]:
    """Nothing: all names of the library are reviewed by hand."""
    return iter(())


def modules(package: str, left_out: Iterable[str]) -> Iterator[ModuleType]:
    """A package and the modules in it, but for tests and what is left out.

    Args:
        package: Its name.
        left_out: Full names of packages and modules that are not even imported.
    """
    root = importlib.import_module(package)
    yield root
    for info in pkgutil.walk_packages(root.__path__, f"{package}."):
        parts = info.name.split(".")
        if "tests" in parts or any(
            info.name == path or info.name.startswith(f"{path}.") for path in left_out
        ):
            continue
        yield importlib.import_module(info.name)


def own_classes(module: ModuleType) -> Iterator[tuple[str, type]]:
    """The classes that a module itself defines, by name, but for exceptions."""
    for name, value in vars(module).items():
        if (
            inspect.isclass(value)
            and value.__module__ == module.__name__
            and value.__qualname__ == name
            and not issubclass(value, BaseException)
        ):
            yield name, value


def _is_compiled(module: ModuleType) -> bool:
    return not (module.__file__ or "").endswith(".py")


def names_text(names: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """Names by module, as lines of TOML."""
    for module in sorted(names):
        listed = [f'"{name}"' for name in sorted(names[module])]
        line = f'"{module}" = [{", ".join(listed)}]'
        if len(line) <= _WIDTH:
            yield line
        else:
            yield f'"{module}" = ['
            yield from (f"    {name}," for name in listed)
            yield "]"


def pickled_name(value: Any) -> tuple[str, str]:
    """The module and qualified name that pickle writes for a class or function."""
    texts = [
        str(argument)
        for opcode, argument, _ in pickletools.genops(pickle.dumps(value, 4))
        if opcode.name in ("SHORT_BINUNICODE", "BINUNICODE")
    ]
    if len(texts) != 2:
        raise LookupError(f"{value!r} is not pickled by its name: {texts}")
    return texts[0], texts[1]


def resolve(module: str, name: str) -> Any:
    """What a name stands for in the installed releases.

    Raises:
        LookupError: Nothing, or something that no pack may name: a module, a descriptor, or a
            class or function of another name.
    """
    try:
        value: Any = importlib.import_module(module)
        for part in name.split("."):
            owner = value
            value = getattr(value, part)
    except (ImportError, AttributeError) as error:
        raise LookupError(f"{module}.{name} does not exist") from error
    if isinstance(value, ModuleType | property) or (
        inspect.isclass(owner) and isinstance(inspect.getattr_static(owner, part), property)
    ):
        raise LookupError(f"{module}.{name} is a module or a descriptor")
    # ObjectToken-in types that have no name in builtins have this one only.
    if getattr(value, "__name__", part) != part and module != "types":
        raise LookupError(f"{module}.{name} is another name of {value.__name__}")
    return value
