"""Extend the table of what classes call: ``python tools/derive_holders.py``.

For each class in the packs that is installed, ``called_attributes.py`` finds in its source which
of its attributes it calls. ``safeload/policy/callables/holders.toml`` says by hand where a callable
may stand. What else is called goes to ``derived.json``, together with the names of methods, the
classes whose instances can be called and are not in ``instances.toml``, and those of estimators.
Names come and go with releases: what a release has is added to what others had. A name leaves
``derived.json`` by hand only.

Usage:
    derive_holders.py            write the table
    derive_holders.py --check    exit 1 where something is missing
    derive_holders.py --library sklearn
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import json
import sys
import tomllib
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from called_attributes import Analyser

from safeload.policy.packs import opt_in_packs
from safeload.policy.policy import Policy

__all__ = ["PATH", "Table", "classes", "derive"]

FOLDER = Path(__file__).resolve().parent.parent / "safeload" / "policy" / "callables"
PATH = FOLDER / "derived.json"
# Rules whose classes are tuples: made from their fields, and called by nobody.
TUPLES = frozenset(["namedtuple", "result_tuple"])
# Their classes call nothing that a state can set: they have no attributes, or slots of C.
BUILT_IN = frozenset(sys.stdlib_module_names)

Names = dict[str, set[str]]
Found = dict[tuple[str, str], set[str]]
# These make a class an estimator: something to fit it, and something that copies it.
FITTED = frozenset(["fit", "fit_predict", "fit_resample"])
COPIED = frozenset(["get_params", "set_params"])
# Classes that stand where estimators do, and have a part of their methods only.
PARTS = {
    "sklearn.calibration": {"_CalibratedClassifier", "_SigmoidCalibration", "_TemperatureScaling"},
    "sklearn.gaussian_process._gpc": {"_BinaryGaussianProcessClassifierLaplace"},
    "sklearn.multiclass": {"_ConstantPredictor"},
}
# What a model asks another one for.
ANSWERS = frozenset(
    "decision_function fit fit_predict fit_resample fit_transform inverse_transform kneighbors "
    "kneighbors_graph partial_fit predict predict_log_proba predict_proba radius_neighbors "
    "score_samples transform".split()
)
# Where something else is asked by one of these names: trees and boosters, which have checks of
# their own, losses, and arrays beside models in a loop.
NOT_MODELS = frozenset(
    "_Booster _bin_mapper _loss _predictors affinity_matrix_ boosters dissimilarity_matrix_ "
    "estimator_weights_ estimators_features_ estimators_samples_ forest_ stack_method "
    "stack_method_ tree_".split()
)
# Models that are copied before they are asked, or that stand deeper than the analysis sees.
MODELS = frozenset(
    "base_estimator base_estimator_ calibrated_classifiers_ estimator estimator_ estimators "
    "estimators_ feature_encoder final_estimator final_estimator_ imputation_sequence_ regressor "
    "regressor_ steps transformer transformer_ transformer_list transformers transformers_".split()
)
# Estimators that newer releases do not have any more, those with which boosting began first.
_BEGINNINGS = frozenset(
    "LogOddsEstimator MeanEstimator PriorProbabilityEstimator QuantileEstimator "
    "ScaledLogOddsEstimator ZeroEstimator".split()
)
GONE = {
    "sklearn.covariance.graph_lasso_": {"GraphLasso", "GraphLassoCV"},
    "sklearn.ensemble._gb": _BEGINNINGS,
    "sklearn.ensemble.gradient_boosting": _BEGINNINGS,
    "sklearn.linear_model._glm.glm": {"GeneralizedLinearRegressor"},
    "sklearn.linear_model.randomized_l1": {"RandomizedLasso", "RandomizedLogisticRegression"},
    "sklearn.neighbors.approximate": {"GaussianRandomProjectionHash", "LSHForest"},
    "sklearn.preprocessing.data": {"CategoricalEncoder"},
    "sklearn.preprocessing.imputation": {"Imputer"},
}
# Libraries that have no estimators, and classes that are none: they are given paths and texts.
NO_ESTIMATORS = frozenset(["numpy", "pandas", "scipy"])
RAW = frozenset(["Booster", "CVBooster"])
# Opt-in libraries that keep classes of their own and call them: what they call is not listed.
NOT_LISTED = frozenset(["sktime", "statsmodels"])


@dataclass
class Table:
    """What ``derived.json`` lists.

    Attributes:
        methods: Names of methods by library.
        instances: Classes whose instances can be called, and are not in ``instances.toml``.
        estimators: Classes of estimators. Both are names by module.
        models: Attributes in which models stand, by library.
        called: Further attributes that are called, by module and name of the class.
        elsewhere: Where a class is now that other releases have in another module, as
            ``module:name`` and module.
    """

    methods: Names = field(default_factory=dict)
    instances: Names = field(default_factory=dict)
    estimators: Names = field(default_factory=dict)
    models: Names = field(default_factory=dict)
    called: Found = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str) -> Table:
        """A table from its text."""
        document = json.loads(text)
        table = cls(
            *(
                {key: set(names) for key, names in document.get(section, {}).items()}
                for section in SECTIONS
            )
        )
        table.elsewhere.update(document.get("elsewhere", {}))
        for group in document["called"]:
            for cls_of_group in _classes(group):
                table.called[cls_of_group] = set(group["attributes"])
        return table

    def extend(self, other: Table) -> None:
        """Add what another table lists."""
        for section in SECTIONS:
            mine = getattr(self, section)
            for key, names in getattr(other, section).items():
                mine[key] = mine.get(key, set()) | names
        self.elsewhere.update(other.elsewhere)
        for cls, attributes in other.called.items():
            self.called[cls] = self.called.get(cls, set()) | attributes

    def tidy(self) -> None:
        """Leave out what the tables written by hand say, and methods said for a whole library."""
        by_hand = reviewed()
        for (module, name), attributes in self.called.items():
            attributes -= by_hand.get((module, name), set())
            attributes -= self.methods.get(module.partition(".")[0], set())
        for module, name in reviewed_instances():
            self.instances.get(module, set()).discard(name)

    def text(self) -> str:
        """The table as JSON, a line for each key, classes that call the same together."""
        groups: dict[frozenset[str], Names] = defaultdict(lambda: defaultdict(set))
        for (module, name), attributes in self.called.items():
            if attributes:
                groups[frozenset(attributes)][module].add(name)
        called = [
            json.dumps({"attributes": sorted(attributes), "names": _sorted(groups[attributes])})
            for attributes in sorted(groups, key=sorted)
        ]
        parts = ["{"]
        for section in SECTIONS:
            lines = [
                f"{json.dumps(key)}: {json.dumps(names)}"
                for key, names in _sorted(getattr(self, section)).items()
            ]
            parts += [f'"{section}": {{', ",\n".join(lines), "},"]
        lines = [
            f"{json.dumps(key)}: {json.dumps(to)}" for key, to in sorted(self.elsewhere.items())
        ]
        parts += ['"elsewhere": {', ",\n".join(lines), "},"]
        return "\n".join([*parts, '"called": [', ",\n".join(called), "]", "}", ""])


SECTIONS = ("methods", "instances", "estimators", "models")


def classes(libraries: Iterable[str] | None = None) -> Iterator[tuple[str, str, type]]:
    """The classes of the packs that are installed: module, name, class.

    Args:
        libraries: Top-level packages; all of them unless given.
    """
    wanted = None if libraries is None else set(libraries)
    for (module, name), entry in sorted(Policy.default(packs=opt_in_packs()).entries.items()):
        library = module.partition(".")[0]
        if entry.rule in TUPLES or library in BUILT_IN or (wanted and library not in wanted):
            continue
        try:
            value = importlib.import_module(module)
            for part in name.split("."):
                value = getattr(value, part)
        except (AttributeError, ImportError):
            continue
        if isinstance(value, type):
            yield module, name, value


def derive(libraries: Iterable[str] | None = None) -> Table:
    """What the installed classes have and call, but for what is said by hand.

    Args:
        libraries: Top-level packages; all of them unless given.
    """
    analyser, table = Analyser(), Table()
    for module, name, cls in classes(libraries):
        library = module.partition(".")[0]
        if any("__call__" in vars(base) for base in cls.__mro__[:-1]):
            table.instances.setdefault(module, set()).add(name)
        if name in PARTS.get(module, ()) or _is_estimator(cls):
            table.estimators.setdefault(module, set()).add(name)
            table.models.setdefault(library, set(MODELS))
        if library in NOT_LISTED:
            continue
        methods = methods_of(cls)
        table.methods.setdefault(library, set()).update(methods)
        if library in table.models:
            asked = analyser.attributes_asked(cls, ANSWERS) - methods - NOT_MODELS
            table.models[library] |= asked
        table.called[module, name] = {
            attribute
            for attribute in analyser.attributes_called(cls) - methods
            if not attribute.startswith("__") and not _cannot_be_set(cls, attribute)
        }
    if "sklearn" in table.methods:
        table.estimators = _joined(table.estimators, GONE)
    table.elsewhere.update(_elsewhere(table))
    table.tidy()
    return table


def _joined(one: Names, other: Mapping[str, Set[str]]) -> Names:
    return {key: one.get(key, set()) | other.get(key, set()) for key in one.keys() | other.keys()}


def _elsewhere(table: Table) -> Iterator[tuple[str, str]]:
    """The classes of the packs that are in another module here, or in a row written by hand."""
    here: dict[tuple[str, str], set[str]] = defaultdict(set)
    installed = set()
    for module, name, cls in classes(table.methods):
        installed.add((module, name))
        here[module.partition(".")[0], name].add(cls.__module__)
    by_hand = reviewed()
    for module, name in by_hand:
        here[module.partition(".")[0], name].add(module)
    for (module, name), entry in Policy.default(packs=opt_in_packs()).entries.items():
        library = module.partition(".")[0]
        if (
            library not in table.methods
            or (module, name) in installed
            or "construct" not in entry.uses
        ):
            continue
        homes = here.get((library, name), set()) - {module}
        if len(homes) == 1 and (module, name) not in by_hand:
            yield f"{module}:{name}", *homes


def methods_of(cls: type) -> set[str]:
    """The methods of a class and its bases; properties and the like cannot be set aside."""
    return {
        name
        for base in cls.__mro__[:-1]
        for name, value in vars(base).items()
        if not (name.startswith("__") and name.endswith("__"))
        and not inspect.isdatadescriptor(value)
        and hasattr(value, "__get__")
    }


def _is_estimator(cls: type) -> bool:
    if cls.__module__.partition(".")[0] in NO_ESTIMATORS or cls.__name__ in RAW:
        return False
    names = set(dir(cls))
    # Distances and parameters of sktime are models of models as well.
    is_fitted = bool(names & FITTED) or cls.__module__.startswith("sktime.")
    return is_fitted and bool(names & COPIED)


def _cannot_be_set(cls: type, name: str) -> bool:
    """Whether a name is a property or a slot of C, which no attribute of a state stands before."""
    return any(inspect.isdatadescriptor(vars(base).get(name)) for base in cls.__mro__)


def reviewed() -> Found:
    """The attributes in ``holders.toml``, by module and name of the class."""
    found: Found = defaultdict(set)
    for group in tomllib.loads((FOLDER / "holders.toml").read_text("utf-8"))["group"]:
        for cls in _classes(group):
            found[cls] |= set(group["attributes"])
    return dict(found)


def reviewed_instances() -> Iterator[tuple[str, str]]:
    """The classes in ``instances.toml``: module and name."""
    for group in tomllib.loads((FOLDER / "instances.toml").read_text("utf-8"))["group"]:
        yield from _classes(group)


def _classes(group: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for module, names in group["names"].items():
        for name in names:
            yield module, name


def _sorted(names: Names) -> dict[str, list[str]]:
    return {key: sorted(names[key]) for key in sorted(names) if names[key]}


def extended(libraries: Iterable[str] | None = None) -> str:
    """``derived.json`` with what is installed added.

    Args:
        libraries: Top-level packages; all of them unless given.
    """
    table = Table.read(PATH.read_text("utf-8")) if PATH.exists() else Table()
    table.extend(derive(libraries))
    table.tidy()
    return table.text()


def main() -> int:
    """Run the script.

    Returns:
        0, or 1 with ``--check`` where something is missing.
    """
    parser = argparse.ArgumentParser(description="Extend the table of what classes call.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if incomplete")
    parser.add_argument("--library", action="append", help="a top-level package; all unless given")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    text = extended(options.library)
    if PATH.exists() and text == PATH.read_text("utf-8"):
        return 0
    sys.stderr.write(f"{PATH.name}\n")
    if not options.check:
        PATH.write_text(text, "utf-8")
    return 1 if options.check else 0


if __name__ == "__main__":
    sys.exit(main())
