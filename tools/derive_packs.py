"""Regenerate the allow-list packs: ``python tools/derive_packs.py``.

A pack is what introspection of the installed release finds, and what ``tools/reviewed/*.toml`` and
``tools/callables/*.toml`` (what a model may call later) add by hand. What other releases have is
kept in ``tools/releases/*.toml``, one file a release, written by this script in an environment with
that release; a pack is the union over all of them, so that one list serves every release that
safeload supports. The result is sorted and depends on nothing else; a change is reviewed as a diff.

What introspection takes is said in ``introspection.py`` and ``functions.py``. A reviewed name that
does not exist, or stands for a module, a descriptor or something of another name, is an error. Of a
library that is not installed, the pack is what its recorded releases have and its lists say.

Usage:
    derive_packs.py            write packs and the table in docs/policy.md
    derive_packs.py --check    exit 1 where one of them is out of date
    derive_packs.py --record   write only tools/releases/*.toml, for the installed releases
"""

from __future__ import annotations

import argparse
import contextlib
import pickle
import sys
import tomllib
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from functions import UFUNCS, numpy_functions, scipy_functions, statsmodels_functions
from heirs import checks_of, heirs
from introspection import (
    USES,
    Group,
    names_text,
    no_groups,
    numpy_groups,
    pickled_name,
    resolve,
    scipy_groups,
    sklearn_groups,
)
from introspection_ecosystem import category_encoders_groups, imbalanced_learn_groups
from introspection_statistics import mlxtend_groups, sktime_groups, statsmodels_groups
from signatures import Kept, kept_of, merged_kept, read_kept, text_of_kept

ROOT = Path(__file__).resolve().parent.parent
PACKS = ROOT / "safeload" / "policy" / "packs"
REVIEWED = ROOT / "tools" / "reviewed"
CALLABLES = ROOT / "tools" / "callables"
RELEASES = ROOT / "tools" / "releases"
TABLE = ROOT / "docs" / "policy.md"
TABLES = ("entries", "callables")


@dataclass(frozen=True)
class Library:
    """What a pack covers.

    Attributes:
        distributions: Those that provide its modules, any one of them, the usual one first; none
            for Python itself.
        introspect: What finds the names of an installed release, or None where all names are
            reviewed and the same in every release.
        functions: What finds those of its functions that no list names, or None.
    """

    distributions: tuple[str, ...] = ()
    introspect: Callable[[], Iterator[Group]] | None = None
    functions: Callable[[], Iterator[Kept]] | None = None

    @property
    def version(self) -> str | None:
        """The installed release, or None."""
        for distribution in self.distributions:
            try:
                return metadata.version(distribution)
            except metadata.PackageNotFoundError:
                continue
        return None


# By the name of the pack, of its reviewed list and of its recorded releases.
LIBRARIES = {
    "catboost": Library(("catboost",), no_groups),
    "category_encoders": Library(("category-encoders",), category_encoders_groups),
    "cloudpickle": Library(("cloudpickle",), no_groups),
    "dill": Library(("dill",), no_groups),
    "hdbscan": Library(("hdbscan",), no_groups),
    "imbalanced-learn": Library(("imbalanced-learn",), imbalanced_learn_groups),
    "joblib": Library(("joblib",)),
    "lightgbm": Library(("lightgbm",), no_groups),
    "mlxtend": Library(("mlxtend",), mlxtend_groups),
    "numpy": Library(("numpy",), numpy_groups, numpy_functions),
    "pandas": Library(("pandas",), no_groups),
    "pyarrow": Library(("pyarrow",)),
    "python": Library(),
    "pytz": Library(("pytz",), no_groups),
    "quantile-forest": Library(("quantile-forest",), no_groups),
    "scikit-learn": Library(("scikit-learn",), sklearn_groups),
    "scipy": Library(("scipy",), scipy_groups, scipy_functions),
    "sktime": Library(("sktime",), sktime_groups),
    "statsmodels": Library(("statsmodels",), statsmodels_groups, statsmodels_functions),
    "torch": Library(("torch",)),
    "umap-learn": Library(("umap-learn",), no_groups),
    "xgboost": Library(("xgboost", "xgboost-cpu"), no_groups),
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
        groups.append(
            Group(entry["reason"], uses, entry.get("rule"), names, native=entry.get("native"))
        )
    return groups


def reviewed_groups() -> Iterator[Group]:
    """The groups of all reviewed lists."""
    for path in sorted(REVIEWED.glob("*.toml")):
        yield from read_groups(path, must_exist=False)


def aliases_of(library: str) -> dict[str, str]:
    """Reviewed names that this release pickles under another one, both as ``module:name``."""
    aliases = {}
    groups = read_groups(REVIEWED / f"{library}.toml", must_exist=False)
    kept = read_kept(CALLABLES / f"{library}.toml", must_exist=False)
    # The classes of a release have their names by introspection; of functions, lists say them all.
    ways = [(group.names, resolve) for group in groups] + [(each.names, _exported) for each in kept]
    for listed, found in ways:
        for module, names in listed.items():
            for name in names:
                try:
                    pickled = ":".join(pickled_name(found(module, name)))
                except (LookupError, TypeError, AttributeError, pickle.PicklingError):
                    continue
                # numpy 1.23 still had the built-in types under names of its own.
                if pickled != f"{module}:{name}" and not pickled.startswith("builtins:"):
                    aliases[f"{module}:{name}"] = pickled
    return aliases


def _exported(module: str, name: str) -> Any:
    """What a function is by its name, or, where its module has another name, by a package above."""
    packages = module.split(".")
    # Of what is not private, each release has its own name on the list.
    depths = range(len(packages), 0 if packages[-1].startswith("_") else len(packages) - 1, -1)
    for depth in depths:
        with contextlib.suppress(LookupError):
            return resolve(".".join(packages[:depth]), name)
    raise LookupError(f"{module}.{name} does not exist, nor in a package above")


def add_aliases(reviewed: Iterable[Group | Kept], aliases: Mapping[str, Iterable[str]]) -> None:
    """Allow each name under its aliases as well, for the same uses."""
    for each in reviewed:
        for module, names in list(each.names.items()):
            for name in list(names):
                for alias in aliases.get(f"{module}:{name}", ()):
                    each.add(*alias.split(":"))


def merged(groups: Iterable[Group]) -> list[Group]:
    """Groups of the same key made one, in a fixed order, without names that say nothing new."""
    by_key: dict[tuple[Any, ...], Group] = {}
    for group in groups:
        empty = Group(group.reason, group.uses, group.rule, native=group.native)
        into = by_key.setdefault(group.key, empty)
        for module, names in group.names.items():
            into.names.setdefault(module, set()).update(names)
    return sorted((g for g in by_key.values() if g.names), key=lambda group: group.key)


def without_values(groups: Iterable[Group], reviewed: Iterable[Group]) -> Iterator[Group]:
    """Groups without the classes that reviewed lists let a file make under a rule only.

    Kept as a value and called, such a class would make an instance that its rule has not seen.
    """
    ruled = {
        (module, name)
        for group in reviewed
        if group.rule and "construct" in group.uses and "reference" not in group.uses
        for module, names in group.names.items()
        for name in names
    }
    for group in groups:
        kept = Group(group.reason, group.uses, group.rule, native=group.native)
        for module, names in group.names.items():
            for name in names:
                if (module, name) not in ruled or not group.uses:
                    kept.add(module, name)
        yield kept


def text_of(
    groups: Iterable[Group],
    note: str,
    library: str,
    further: Iterable[str] = (),
    **lists: Iterable[str],
) -> str:
    """A pack or a release as TOML.

    Args:
        groups: Its groups.
        note: What stands at its top.
        library: What it covers.
        further: Lines to write below.
        **lists: Further keys, left out where they are empty.
    """
    lines = [f"# {note}", f'library = "{library}"', *further]
    for key, items in lists.items():
        listed = ", ".join(f'"{item}"' for item in items)
        if listed:
            lines.append(f"{key} = [{listed}]")
    for group in groups:
        lines += ["", "[[group]]", f'reason = "{group.reason}"']
        lines.append(f"uses = [{', '.join(f'{chr(34)}{use}{chr(34)}' for use in group.uses)}]")
        if group.rule:
            lines.append(f'rule = "{group.rule}"')
        if group.native:
            lines.append(f'native = "{group.native}"')
        lines.append("[group.names]")
        lines += names_text(group.names)
    return "\n".join(lines) + "\n"


def _release_order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def record() -> dict[Path, str]:
    """What introspection finds in the installed releases."""
    files = {}
    for name, library in LIBRARIES.items():
        version = library.version
        if version is None or library.introspect is None:
            continue
        path = RELEASES / f"{name}-{version}.toml"
        note = "Written by tools/derive_packs.py --record."
        groups = list(library.introspect())
        groups += heirs(groups, checks_of(reviewed_groups()))
        text = text_of(merged(groups), note, name, releases=[version])
        text += text_of_kept(merged_kept(library.functions() if library.functions else ()))
        aliases = aliases_of(name)
        if aliases:
            text += "\n[aliases]\n"
            text += "".join(f'"{alias}" = "{aliases[alias]}"\n' for alias in sorted(aliases))
        files[path] = text
    return files


def packs(recorded: dict[Path, str]) -> dict[Path, str]:
    """Every pack."""
    files = {}
    checks = checks_of(reviewed_groups())
    for name, library in LIBRARIES.items():
        head = tomllib.loads((REVIEWED / f"{name}.toml").read_text(encoding="utf-8"))
        installed = library.version is not None or not library.distributions
        groups = read_groups(REVIEWED / f"{name}.toml", must_exist=installed)
        kept = read_kept(CALLABLES / f"{name}.toml", must_exist=installed)
        versions = [library.version] if library.version else head.get("releases", [])
        if library.introspect is not None:
            texts = {
                path: path.read_text(encoding="utf-8") for path in RELEASES.glob(f"{name}-*.toml")
            }
            texts.update(
                (path, text) for path, text in recorded.items() if path.name.startswith(f"{name}-")
            )
            versions = sorted(
                (path.stem.removeprefix(f"{name}-") for path in texts), key=_release_order
            )
            aliases: dict[str, set[str]] = {}
            for text in texts.values():
                for reviewed, alias in tomllib.loads(text).get("aliases", {}).items():
                    aliases.setdefault(reviewed, set()).add(alias)
            add_aliases([*groups, *kept], aliases)
            reviewed = list(groups)
            for path in sorted(texts):
                groups += without_values(_groups_of(texts[path]), reviewed)
                kept += kept_of(texts[path])
            groups += heirs(groups, checks)
        note = "Written by tools/derive_packs.py from tools/reviewed and tools/releases."
        opt_in, groups = head.get("opt_in", False), merged(groups)
        packages = {module.partition(".")[0] for each in [*groups, *kept] for module in each.names}
        files[PACKS / f"{name}.toml"] = text_of(
            groups,
            note,
            "Python" if name == "python" else name,
            [*(["opt_in = true"] if opt_in else []), f'why = "{head["why"]}"'],
            releases=versions,
            distributions=library.distributions,
            formats=head.get("formats", ()),
            packages=sorted(packages) if opt_in else (),
        ) + text_of_kept(merged_kept(kept))
    return files


def _groups_of(text: str) -> list[Group]:
    return [
        Group(
            entry["reason"],
            tuple(entry["uses"]),
            entry.get("rule"),
            {module: set(names) for module, names in entry["names"].items()},
            native=entry.get("native"),
        )
        for entry in tomllib.loads(text).get("group", [])
    ]


def tables(files: dict[Path, str]) -> dict[Path, str]:
    """The document with its tables."""
    text = TABLE.read_text(encoding="utf-8")
    for name, rows in zip(TABLES, (entries_table(files), callables_table(files)), strict=True):
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = "\n".join([f"{before}{begin}", *rows, f"{end}{after}"])
    return {TABLE: text}


def entries_table(files: dict[Path, str]) -> Iterator[str]:
    """Entries by library and use."""
    yield "| library | by default | releases | " + " | ".join(USES) + " | callable | names |"
    yield "|---|---|---|" + "---:|" * (len(USES) + 2)
    total = 0
    for path, text in sorted(files.items()):
        document = tomllib.loads(text)
        names: dict[str, set[tuple[str, str]]] = {use: set() for use in USES}
        for group in _groups_of(text):
            for use in group.uses:
                names[use] |= {(m, n) for m, listed in group.names.items() for n in listed}
        called = {(m, n) for kept in kept_of(text) for m in kept.names for n in kept.names[m]}
        every = called.union(*names.values())
        total += len(every)
        releases = ", ".join(document.get("releases", [])) or "3.11 and later"
        on = "off" if document.get("opt_in") else "on"
        if document.get("formats"):
            on = f"for {' and '.join(document['formats'])}"
        counts = " | ".join(str(len(names[use])) for use in USES)
        library = f"{document['library']} (`{path.name}`)"
        yield f"| {library} | {on} | {releases} | {counts} | {len(called)} | {len(every)} |"
    yield "| all | |" + " |" * (len(USES) + 2) + f" {total} |"


def callables_table(files: dict[Path, str]) -> Iterator[str]:
    """What a model may call, by library, kind and evidence; what one list names twice is one."""
    yield "| library | kind | callables | evidence |"
    yield "|---|---|---|---|"
    total, of_family, of_class = 0, 0, 0
    for _, text in sorted(files.items()):
        document = tomllib.loads(text)
        by_evidence: dict[tuple[str, str], set[str]] = {}
        for kept in kept_of(text):
            names = {name.rpartition(".")[2] for listed in kept.names.values() for name in listed}
            by_evidence.setdefault((", ".join(kept.kinds), kept.evidence), set()).update(names)
        for (kinds, evidence), names in sorted(by_evidence.items()):
            is_family = evidence == UFUNCS
            if not (document.get("opt_in") or document.get("formats")):
                of_family += len(names) if is_family else 0
                of_class += len(names) if kinds == "own" else 0
                total += 0 if is_family or kinds == "own" else len(names)
            listed = f"{len(names)} of them" if is_family else ", ".join(map(_code, sorted(names)))
            yield f"| {document['library']} | {kinds} | {listed} | {evidence} |"
    counts = f"{total}, {of_family} universal functions, {of_class} of a class's own"
    yield f"| all that are on by default | | {counts} | |"


def _code(name: str) -> str:
    return f"`{name}`"


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
        files = {**files, **made, **tables(made)}
    stale = [
        path
        for path, text in files.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path in stale:
        sys.stderr.write(f"{path.relative_to(ROOT)}\n")
        if not options.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
