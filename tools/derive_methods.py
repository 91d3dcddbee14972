"""Extend the table of methods: ``python tools/derive_methods.py``.

An attribute of an instance stands before a method of its class. ``safeload/soundness/methods.toml``
lists the methods of the classes whose native state is checked, by check, so that no state sets one;
of classes of scikit-learn and scipy their constants as well, such as the ``_format`` of a matrix.
They come and go with releases: what a release has is added to what others had. A name leaves the
table by hand only.

Usage:
    derive_methods.py            write the table
    derive_methods.py --check    exit 1 where a method of an installed class is missing
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import sys
import tomllib
import warnings
from collections import defaultdict
from pathlib import Path

from safeload.policy.packs import opt_in_packs
from safeload.policy.policy import Policy

__all__ = ["KEPT", "PATH", "installed", "methods_of"]

PATH = Path(__file__).resolve().parent.parent / "safeload" / "soundness" / "methods.toml"
WIDTH = 100
# In other libraries a constant may be what an attribute is before it is set.
WITH_CONSTANTS = ("scipy.", "sklearn.")
NOTE = "# Written by tools/derive_methods.py: methods of checked classes, by check."

# What legitimate models set over a method of their class: a scorer that stops training early leaves
# the model its own method, which the check of such models looks at; a density keeps the rule for
# its bandwidth, which is not called again.
KEPT = {"density": {"covariance_factor"}, "histogram_boosting": {"_raw_predict"}}


def methods_of(cls: type) -> set[str]:
    """The names that a class and its bases have for methods, and for constants that count."""
    constants = cls.__module__.startswith(WITH_CONSTANTS)
    return {
        name
        for base in cls.__mro__[:-1]
        for name, value in vars(base).items()
        if not (name.startswith("__") and name.endswith("__"))
        # Properties and the like cannot be set aside.
        and not inspect.isdatadescriptor(value)
        and (constants or hasattr(value, "__get__"))
    }


def installed() -> dict[str, set[str]]:
    """The methods of all checked classes that can be imported here, by check."""
    found: dict[str, set[str]] = defaultdict(set)
    for (module, name), entry in Policy.default(packs=opt_in_packs()).entries.items():
        if entry.native is None:
            continue
        try:
            value = getattr(importlib.import_module(module), name)
        except (AttributeError, ImportError):
            continue
        if isinstance(value, type):
            found[entry.native] |= methods_of(value)
    return {check: names - KEPT.get(check, set()) for check, names in found.items() if names}


def _text(table: dict[str, set[str]]) -> str:
    lines = [NOTE]
    for check in sorted(table):
        lines += ["", f"{check} = ["]
        line = "   "
        for name in sorted(table[check]):
            item = f' "{name}",'
            if len(line) + len(item) > WIDTH:
                lines.append(line)
                line = "   "
            line += item
        lines += [line, "]"]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run the script.

    Returns:
        0, or 1 with ``--check`` where a method is missing.
    """
    parser = argparse.ArgumentParser(description="Extend the table of methods.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if incomplete")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    table: dict[str, set[str]] = defaultdict(set)
    for check, names in tomllib.loads(PATH.read_text("utf-8")).items():
        table[check] |= set(names)
    for check, names in installed().items():
        table[check] |= names
    text = _text(table)
    if text == PATH.read_text("utf-8"):
        return 0
    sys.stderr.write(f"{PATH.name}\n")
    if not options.check:
        PATH.write_text(text, "utf-8")
    return 1 if options.check else 0


if __name__ == "__main__":
    sys.exit(main())
