"""A loader is replaced in every module that has it, and in those that are yet to be imported.

``from joblib import load`` gives a module a name of its own for the function. So modules that are
there already are gone through; and what is imported later from where the loader lives gets what
stands there, for that module is changed as soon as its own code has run.

Trust: not applicable; nothing from a file comes here.
Source: PEP 451; ``importlib.abc`` in the Python documentation.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

__all__ = ["Change", "place", "when_imported"]

# What to do with a module that was just imported.
Change = Callable[[ModuleType], None]
# Whose modules keep what they have: they hold the originals.
_OURS = "safeload.serving.guard"


def place(original: object, instead: object) -> None:
    """Put something in the place of a loader, in all modules that have it.

    Args:
        original: The loader.
        instead: What stands in its place from now on.
    """
    for module in list(sys.modules.values()):
        if not isinstance(module, ModuleType) or module.__name__.startswith(_OURS):
            continue
        names = vars(module)
        for name, value in list(names.items()):
            if value is original:
                names[name] = instead


def when_imported(changes: Mapping[str, Change]) -> None:
    """Change modules: those that are there now, and others when they are imported.

    Args:
        changes: What to do, by the name of the module.
    """
    sys.meta_path.insert(0, _Finder(changes))
    for name, change in changes.items():
        module = sys.modules.get(name)
        if module is not None:
            change(module)


class _Finder(MetaPathFinder):
    """Finds nothing by itself; what the other finders find is changed once it was imported."""

    def __init__(self, changes: Mapping[str, Change]) -> None:
        self._changes = changes

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module as the other finders find it, to be changed."""
        change = self._changes.get(fullname)
        if change is None:
            return None
        for finder in sys.meta_path:
            if isinstance(finder, _Finder):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Changing(spec.loader, change)
                return spec
        return None


class _Changing(Loader):
    """A loader of modules that changes what it has loaded, and is not to be seen afterwards."""

    def __init__(self, loader: Any, change: Change) -> None:
        self._loader = loader
        self._change = change

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As the loader does."""
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code, and change it."""
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._change(module)
