"""Regenerate the allow-list packs: ``python tools/derive_packs.py``.

A pack is what introspection of the installed release finds, and what ``tools/reviewed/*.toml`` adds
by hand. What other releases have is kept in ``tools/releases/*.toml``, one file a release, written
by this script in an environment with that release; a pack is the union over all of them, so that
one list serves every release that safeload supports. The result is sorted and depends on nothing
else; a change is reviewed as a diff.

What introspection takes is narrow: classes that a module defines itself, by the name they are
pickled under. It never takes functions by module, but for metrics and score functions, which are
named one by one in the public ``__all__`` of a few modules. A name that resolves to a module, a
descriptor or something of another name is refused.

Usage:
    derive_packs.py            write packs and the table in docs/policy.md
    derive_packs.py --check    exit 1 where one of them is out of date
    derive_packs.py --record   write only tools/releases/*.toml, for the installed releases
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import pickle
import pickletools
import pkgutil
import sys
import tomllib
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PACKS = ROOT / "safeload" / "policy" / "packs"
REVIEWED = ROOT / "tools" / "reviewed"
RELEASES = ROOT / "tools" / "releases"
TABLE = ROOT / "docs" / "policy.md"
BEGIN, END = "<!-- entries: begin -->", "<!-- entries: end -->"
WIDTH = 100
USES = ("construct", "call", "fill", "refer")


@dataclass
class Group:
    """Names that are allowed alike.

    Attributes:
        reason: Why, in a few words.
        uses: What for, in the order of ``USES``.
        rule: Argument rule, or None.
        names: Qualified names by module.
    """

    reason: str
    uses: tuple[str, ...]
    rule: str | None = None
    names: dict[str, set[str]] = field(default_factory=dict)

    def add(self, module: str, name: str) -> None:
        """Allow one more name."""
        self.names.setdefault(module, set()).add(name)

    @property
    def key(self) -> tuple[str, tuple[str, ...], str]:
        """What makes two groups the same group."""
        return self.reason, self.uses, self.rule or ""


# -- introspection: scikit-learn ------------------------------------------------------------------

# Packages and modules of scikit-learn whose classes stay out, and why.
SKLEARN_LEFT_OUT = {
    "sklearn.__check_build": "the build",
    "sklearn._build_utils": "the build",
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
    "_IdentityClassifier": "lives only while a model is fitted",
    "_IdentityRegressor": "lives only while a model is fitted",
    "_LbfgsCallbackBridge": "lives only while a model is fitted",
    "_MetadataRequester": "a mix-in",
    "_NaNCounter": "lives only while a model is fitted",
    "_RidgeGCV": "lives only while a model is fitted",
    "_ValidationScoreCallback": "lives only while a model is fitted",
    "_XT_CenterStackOp": "lives only while a model is fitted",
    "_X_CenterStackOp": "lives only while a model is fitted",
    "_nandict": "lives only while a model predicts",
}
# Modules whose public functions take arrays and return numbers or arrays.
SKLEARN_FUNCTIONS = (
    "sklearn.feature_selection",
    "sklearn.metrics",
    "sklearn.metrics.cluster",
    "sklearn.metrics.pairwise",
    "sklearn.preprocessing",
)
SKLEARN_FUNCTIONS_LEFT_OUT = {
    "check_scoring": "makes scorers",
    "get_scorer": "makes scorers",
    "get_scorer_names": "makes scorers",
    "make_scorer": "makes scorers",
    "pairwise_distances_chunked": "calls what it is given",
}


def sklearn_groups() -> Iterator[Group]:
    """Estimators, helper classes, distances, metrics."""
    plain = Group("estimators and their helper classes: made empty, then given their state",
                  ("construct", "refer"))
    dicts = Group("dictionaries with attributes", ("construct", "fill", "refer"))
    tuples = Group("named tuples: made from their fields", ("construct", "refer"), "namedtuple")
    for module in _modules("sklearn", SKLEARN_LEFT_OUT):
        if _is_compiled(module):
            continue
        for name, cls in _own_classes(module):
            if name in SKLEARN_CLASSES_LEFT_OUT or _is_no_object_of_its_own(cls):
                continue
            if issubclass(cls, tuple):
                tuples.add(module.__name__, name)
            elif issubclass(cls, dict | list | set):
                dicts.add(module.__name__, name)
            else:
                plain.add(module.__name__, name)
    distances = Group("distance metrics, as the argument of newObj", ("construct", "refer"))
    module = importlib.import_module("sklearn.metrics._dist_metrics")
    for name, cls in _own_classes(module):
        if not name.startswith("DistanceMetric"):
            distances.add(cls.__module__, name)
    functions = Group("metrics and score functions: from arrays to numbers or arrays", ("refer",))
    for path in SKLEARN_FUNCTIONS:
        module = importlib.import_module(path)
        for name in getattr(module, "__all__", None) or vars(module):
            value = getattr(module, name)
            if (inspect.isfunction(value) and value.__module__.startswith(path)
                    and name[0] != "_" and name not in SKLEARN_FUNCTIONS_LEFT_OUT):
                functions.add(*pickled_name(value))
    yield from (plain, dicts, tuples, distances, functions)


def _is_no_object_of_its_own(cls: type) -> bool:
    """Whether models hold no instance of exactly this class: bases, mix-ins, plots."""
    name = cls.__name__.lstrip("_")
    return (name.startswith("Base") or name.endswith(("Mixin", "Display"))
            or inspect.isabstract(cls))


# -- introspection: numpy and scipy ---------------------------------------------------------------


def numpy_groups() -> Iterator[Group]:
    """Universal functions, scalar types, dtype classes."""
    import numpy as np

    functions = Group("universal functions: from arrays to arrays", ("refer",))
    for name, value in vars(np).items():
        if isinstance(value, np.ufunc) and value.__name__ == name:
            # Older releases name the compiled module, which differs between them.
            for module in ("numpy", "numpy._core._multiarray_umath", "numpy._core.umath",
                           "numpy.core._multiarray_umath", "numpy.core.umath"):
                functions.add(module, name)
    scalars = Group("types of numbers, as values", ("refer",))
    for name, value in vars(np).items():
        if inspect.isclass(value) and issubclass(value, np.generic) and name[0] != "_":
            scalars.add("numpy", name)
    types = Group("types of dtypes, as values", ("refer",))
    for name, value in vars(np.dtypes).items():
        if inspect.isclass(value) and issubclass(value, np.dtype):
            types.add("numpy.dtypes", name)
    yield from (functions, scalars, types)


def scipy_groups() -> Iterator[Group]:
    """Sparse containers, distributions, universal functions."""
    import numpy as np
    from scipy import sparse, special, stats

    containers = Group("sparse matrices and arrays: made empty, then given their state",
                       ("construct", "refer"))
    for name, value in vars(sparse).items():
        if inspect.isclass(value) and name.endswith(("_matrix", "_array")):
            containers.add(*pickled_name(value))
            # Releases before 1.8 had no underscore in the module's name.
            containers.add(value.__module__.replace("._", "."), name)
    for name in ("spmatrix", "sparray"):
        containers.names = {m: n - {name} for m, n in containers.names.items() if n - {name}}
    distributions = Group(
        "distributions: their state holds a string that scipy executes, which must be scipy's own",
        ("construct",), "scipy_distribution",
    )
    generic = importlib.import_module("scipy.stats._distn_infrastructure").rv_generic
    for path in ("_continuous_distns", "_discrete_distns", "_distn_infrastructure"):
        module = importlib.import_module(f"scipy.stats.{path}")
        for name, cls in _own_classes(module):
            if issubclass(cls, generic) and (name.endswith("_gen") or name in (
                    "rv_histogram", "rv_sample")):
                distributions.add(module.__name__, name)
    for value in vars(stats).values():
        if isinstance(value, generic):
            distributions.add(*pickled_name(type(value)))
    # Distributions on the whole numbers carry a vectorised method of their own.
    methods = Group("the entropy of a distribution on the whole numbers", ("refer",))
    discrete = importlib.import_module("scipy.stats._distn_infrastructure").rv_discrete
    for path, names in distributions.names.items():
        for name in names:
            if issubclass(getattr(importlib.import_module(path), name), discrete):
                methods.add(path, f"{name}._entropy")
    functions = Group("universal functions: from arrays to arrays", ("refer",))
    for name, value in vars(special).items():
        if isinstance(value, np.ufunc) and value.__name__ == name:
            functions.add("scipy.special", name)
            functions.add("scipy.special._ufuncs", name)
            functions.add(*pickled_name(value))
    yield from (containers, distributions, methods, functions)


# -- introspection: what all share ----------------------------------------------------------------


def no_groups() -> Iterator[Group]:
    """Nothing: all names of the library are reviewed by hand."""
    return iter(())


def _modules(package: str, left_out: Iterable[str]) -> Iterator[ModuleType]:
    root = importlib.import_module(package)
    yield root
    for info in pkgutil.walk_packages(root.__path__, f"{package}."):
        parts = info.name.split(".")
        if "tests" in parts or any(
            info.name == path or info.name.startswith(f"{path}.") for path in left_out
        ):
            continue
        yield importlib.import_module(info.name)


def _own_classes(module: ModuleType) -> Iterator[tuple[str, type]]:
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


def _is_warning(cls: type) -> bool:
    return issubclass(cls, BaseException)


def pickled_name(value: Any) -> tuple[str, str]:
    """The module and qualified name that pickle writes for a class or function."""
    texts = [
        argument
        for opcode, argument, _ in pickletools.genops(pickle.dumps(value, 4))
        if opcode.name in ("SHORT_BINUNICODE", "BINUNICODE")
    ]
    if len(texts) != 2:  # noqa: PLR2004
        raise LookupError(f"{value!r} is not pickled by its name: {texts}")
    return texts[0], texts[1]


def resolve(module: str, name: str) -> Any:
    """What a name stands for in the installed releases.

    Raises:
        LookupError: Nothing, or something that no pack may name: a module, or a class or function
            of another name.
    """
    try:
        value: Any = importlib.import_module(module)
        for part in name.split("."):
            value = inspect.getattr_static(value, part) if inspect.isclass(value) else getattr(
                value, part
            )
    except (ImportError, AttributeError) as error:
        raise LookupError(f"{module}.{name} does not exist") from error
    if isinstance(value, ModuleType | property):
        raise LookupError(f"{module}.{name} is a {type(value).__name__}")
    return value


def _as_pickled(path: Path) -> Iterator[Group]:
    """The reviewed names, as this release pickles them."""
    for group in read_groups(path, must_exist=False):
        here = Group(group.reason, group.uses, group.rule)
        for module, names in group.names.items():
            for name in names:
                try:
                    value = resolve(module, name)
                    if inspect.isroutine(value) or inspect.isclass(value):
                        here.add(*pickled_name(value))
                except (LookupError, pickle.PicklingError):
                    continue
        yield here


# -- files ----------------------------------------------------------------------------------------

# Each pack: the distribution whose releases it covers, and what introspection finds.
LIBRARIES: dict[str, tuple[str | None, Callable[[], Iterator[Group]] | None]] = {
    "joblib": ("joblib", None),
    "numpy": ("numpy", numpy_groups),
    "pandas": ("pandas", no_groups),
    "python": (None, None),
    "scikit-learn": ("scikit-learn", sklearn_groups),
    "scipy": ("scipy", scipy_groups),
}


def read_groups(path: Path, *, must_exist: bool) -> list[Group]:
    """The groups of a reviewed list.

    Args:
        path: The list.
        must_exist: Whether its names have to exist in the installed releases, but for groups
            marked ``elsewhere``, which name what other releases have.

    Raises:
        LookupError: A name does not exist.
    """
    groups = []
    for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("group", []):
        uses = tuple(use for use in USES if use in entry["uses"])
        names = {module: set(names) for module, names in entry["names"].items()}
        if must_exist and not entry.get("elsewhere"):
            for module, qualnames in names.items():
                for name in qualnames:
                    resolve(module, name)
        groups.append(Group(entry["reason"], uses, entry.get("rule"), names))
    return groups


def merged(groups: Iterable[Group]) -> list[Group]:
    """Groups of the same key made one, in a fixed order, without names that say nothing new."""
    by_key: dict[tuple[str, tuple[str, ...], str], Group] = {}
    for group in groups:
        into = by_key.setdefault(group.key, Group(group.reason, group.uses, group.rule))
        for module, names in group.names.items():
            into.names.setdefault(module, set()).update(names)
    return sorted((g for g in by_key.values() if g.names), key=lambda group: group.key)


def text_of(groups: Iterable[Group], library: str, releases: Iterable[str], note: str) -> str:
    """A pack or a release as TOML."""
    lines = [f"# {note}", f'library = "{library}"']
    listed = ", ".join(f'"{release}"' for release in releases)
    if listed:
        lines.append(f"releases = [{listed}]")
    for group in groups:
        lines += ["", "[[group]]", f'reason = "{group.reason}"']
        lines.append(f"uses = [{', '.join(f'{chr(34)}{use}{chr(34)}' for use in group.uses)}]")
        if group.rule:
            lines.append(f'rule = "{group.rule}"')
        lines.append("[group.names]")
        for module in sorted(group.names):
            names = [f'"{name}"' for name in sorted(group.names[module])]
            line = f'"{module}" = [{", ".join(names)}]'
            if len(line) <= WIDTH:
                lines.append(line)
            else:
                lines += [f'"{module}" = [', *(f"    {name}," for name in names), "]"]
    return "\n".join(lines) + "\n"


def _release_order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def record() -> dict[Path, str]:
    """What introspection finds in the installed releases."""
    files = {}
    for distribution, introspect in LIBRARIES.values():
        if distribution is None or introspect is None:
            continue
        version = metadata.version(distribution)
        groups = [*introspect(), *_as_pickled(REVIEWED / f"{distribution}.toml")]
        path = RELEASES / f"{distribution}-{version}.toml"
        note = "Written by tools/derive_packs.py --record."
        files[path] = text_of(merged(groups), distribution, [version], note)
    return files


def packs(recorded: dict[Path, str]) -> dict[Path, str]:
    """Every pack."""
    files = {}
    for library, (distribution, introspect) in LIBRARIES.items():
        groups = read_groups(REVIEWED / f"{library}.toml", must_exist=True)
        versions = [metadata.version(distribution)] if distribution else []
        if introspect is not None:
            texts = {path: path.read_text(encoding="utf-8")
                     for path in RELEASES.glob(f"{distribution}-*.toml")}
            texts.update((path, text) for path, text in recorded.items()
                         if path.name.startswith(f"{distribution}-"))
            versions = sorted((path.stem.removeprefix(f"{distribution}-") for path in texts),
                              key=_release_order)
            for path in sorted(texts):
                groups += _groups_of(texts[path])
        note = "Written by tools/derive_packs.py from tools/reviewed and tools/releases."
        title = "Python" if library == "python" else library
        files[PACKS / f"{library}.toml"] = text_of(merged(groups), title, versions, note)
    return files


def _groups_of(text: str) -> list[Group]:
    return [
        Group(entry["reason"], tuple(entry["uses"]), entry.get("rule"),
              {module: set(names) for module, names in entry["names"].items()})
        for entry in tomllib.loads(text).get("group", [])
    ]


def table(files: dict[Path, str]) -> dict[Path, str]:
    """The document with its table of entries by library and use."""
    rows = ["| library | releases | " + " | ".join(USES) + " | names |",
            "|---|---|" + "---:|" * (len(USES) + 1)]
    total = 0
    for path, text in sorted(files.items()):
        document = tomllib.loads(text)
        names: dict[str, set[tuple[str, str]]] = {use: set() for use in USES}
        for group in _groups_of(text):
            for use in group.uses:
                names[use] |= {(m, n) for m, listed in group.names.items() for n in listed}
        every = set().union(*names.values())
        total += len(every)
        releases = ", ".join(document.get("releases", [])) or "3.11 and later"
        counts = " | ".join(str(len(names[use])) for use in USES)
        rows.append(f"| {document['library']} (`{path.name}`) | {releases} | {counts} "
                    f"| {len(every)} |")
    rows.append(f"| all | | | | | | {total} |")
    before, _, rest = TABLE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return {TABLE: f"{before}{BEGIN}\n{chr(10).join(rows)}\n{END}{after}"}


def main() -> int:
    """Run the script.

    Returns:
        0, or 1 with ``--check`` where a file is out of date.
    """
    parser = argparse.ArgumentParser(description="Regenerate the allow-list packs.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if out of date")
    parser.add_argument("--record", action="store_true", help="only record the installed releases")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    files = record()
    if not options.record:
        made = packs(files)
        files = {**files, **made, **table(made)}
    stale = [path for path, text in files.items()
             if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        print(path.relative_to(ROOT), file=sys.stderr)
        if not options.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
