"""Models of one library, and what is known of the formats they are dumped in.

Each module of this folder whose name ends in ``_models`` has a :class:`Zoo` named ``ZOO``. It
imports its library only in the functions that make the models, so that it can be read where the
library is not installed.

Trust: not applicable; these models are made here.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.legitimate.estimators import Legitimate

__all__ = ["Make", "Zoo", "legitimate", "zoos"]

# What makes a model, and what its methods are given.
Make = Callable[[], tuple[Any, Any]]


@dataclass(frozen=True)
class Zoo:
    """The models of a library.

    Attributes:
        library: The package that has to be importable.
        models: What makes each model, by name.
        refused: Legitimate and refused all the same: why, by name (or ``"any"``) and format (or
            ``"any"``).
        not_dumped: What the library or the format itself cannot dump and load: why, likewise.
        answers: What a model answers by other ways than its methods, or None.
        packs: The packs that its models need and that are off by default.
    """

    library: str
    models: Mapping[str, Make]
    refused: Mapping[tuple[str, str], str] = field(default_factory=dict)
    not_dumped: Mapping[tuple[str, str], str] = field(default_factory=dict)
    answers: Callable[[Any], Any] | None = None
    packs: tuple[str, ...] = ()

    @property
    def is_installed(self) -> bool:
        """Whether its library can be imported here."""
        return find_spec(self.library) is not None


def zoos() -> dict[str, Zoo]:
    """Every zoo by its library."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("*_models.py")):
        zoo: Zoo = import_module(f"tests.ecosystem.{path.stem}").ZOO
        found[zoo.library] = zoo
    return found


@cache
def legitimate(library: str, name: str) -> Legitimate:
    """One model, fitted once a session."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Legitimate(name, *zoos()[library].models[name]())
