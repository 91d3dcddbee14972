"""What annotations name is imported where they stand, so that pages show types and not their names.

Modules of safeload import for type checkers alone what they need for nothing else.

Trust: the modules are safeload's own.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import safeload

__all__ = ["resolve_annotations"]


def resolve_annotations() -> None:
    """Give every module behind the public names what the annotations in it name."""
    public = [getattr(safeload, name) for name in safeload.__all__]
    done: set[str] = set()
    # What is imported for one module is a module with annotations, too.
    while pending := set(_modules()) - done:
        for name in sorted(pending):
            _import_types(sys.modules[name])
        done |= pending
    for module in map(sys.modules.__getitem__, done):
        for name, annotation in getattr(module, "__annotations__", {}).items():
            if annotation == "TypeAlias":
                _evaluate_alias(module, name)
    for cls in public:
        # The fields of a class are annotated where they were written, and read where it was.
        for base in getattr(cls, "__mro__", ())[1:-1]:
            home = vars(sys.modules[cls.__module__])
            for name, value in vars(sys.modules[base.__module__]).items():
                home.setdefault(name, value)


def _modules() -> Iterator[str]:
    for name in sys.modules:
        if name.startswith("safeload."):
            yield name


def _import_types(module: ModuleType) -> None:
    """Run what stands under ``if TYPE_CHECKING``."""
    if module.__file__ is None:
        return
    for node in ast.parse(Path(module.__file__).read_text("utf-8")).body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for statement in node.body:
                # A library that only some users have is none that the pages need.
                with suppress(ImportError):
                    code = compile(ast.Module([statement], []), module.__file__, "exec")
                    exec(code, vars(module))  # noqa: S102  # the module's own text


def _evaluate_alias(module: ModuleType, name: str) -> None:
    """Put what an alias stands for in the place of its text, wherever that was imported."""
    text = getattr(module, name)
    if not isinstance(text, str):
        return
    meant = eval(text, vars(module))  # noqa: S307  # the module's own text
    for user in _modules():
        if getattr(sys.modules[user], name, None) is text:
            setattr(sys.modules[user], name, meant)
