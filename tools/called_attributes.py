"""Which of its attributes does a class call? An over-approximation from its source.

A method may call ``self.metric`` itself, under another name, or through a function that it hands it
to. So each function is summarised in terms of its parameters (``function_bodies.py``), and the
summaries of what it calls are put in. Functions of numpy, scipy and pandas are not looked into from
without: of those the parameters that they call have telling names. Compiled code has no source to
look at; what it calls is in ``holders.toml`` by hand.

Trust: the sources are those of the installed libraries.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path as FilePath
from types import CodeType, FunctionType
from typing import Any

from flows import ITEM, Argument, Origin, Path, Summary, Value, given_to
from function_bodies import Body, plain_function

__all__ = ["Analyser"]

# Libraries that are looked into from others.
_OPEN = (
    "category_encoders", "catboost", "functools", "hdbscan", "imblearn", "joblib", "lightgbm",
    "mlxtend", "pynndescent", "quantile_forest", "skbase", "sklearn", "sklearn_compat", "umap",
    "xgboost",
)  # fmt: skip
# Large ones: looked into from within, and each method on its own.
_LARGE = ("numpy", "pandas", "scipy", "sktime", "statsmodels")
# Bases of all estimators, whose methods are looked at once and not for each class.
_BASES = (*_LARGE, "sklearn.base", "sklearn.utils.")
# They see to arrays of any library, or to parameters being of a type, and call no attribute.
_CLOSED = (
    "numpy.", "pandas.compat.", "scipy._external.", "scipy._lib.", "sklearn.externals.",
    "sklearn.utils._array_api.", "sklearn.utils._param_validation.",
)  # fmt: skip
# Parameters that functions of large libraries and compiled constructors call.
_CALLED = frozenset(
    "aggfunc bw_method by callback converters criterion detrend f filter_func fprime fun func "
    "func1d function hess hessp jac kernel key matvec method metric pyfunc rmatvec score_func "
    "smoother statistic window".split()
)
# How far calls are followed.
_DEEPEST = 7
# How far from a class whose instance a method makes.
_DEEP = 3


class Analyser:
    """Summaries of functions and classes, each made once."""

    def __init__(self) -> None:
        self._summaries: dict[tuple[CodeType, type | None], Summary] = {}
        self._classes: dict[type, set[Origin]] = {}
        self._depth = 0

    def attributes_called(self, cls: type) -> set[str]:
        """The attributes of a class that it calls, or items of which it calls."""
        return {path[0][1:] for path in self._paths(cls) if all(step == ITEM for step in path[1:])}

    def attributes_asked(self, cls: type, names: frozenset[str]) -> set[str]:
        """The attributes of a class that it calls a method of, or of whose items.

        Args:
            cls: The class.
            names: Names of methods; one that only a text names is any of them.
        """
        found = set()
        for path in self._paths(cls):
            steps = [step[1:] for step in path[1:] if step != ITEM]
            if steps and (steps[0] in names or steps[0] == "*"):
                found.add(path[0][1:])
        return found

    def _paths(self, cls: type) -> Iterator[Path]:
        for _, path in self.called_by(cls):
            if path[0] not in (".*", ITEM):
                yield path

    def called_by(self, cls: type) -> set[Origin]:
        """What all methods of a class call, as origins from ``"self"``."""
        known = self._classes.get(cls)
        if known is not None:
            return known
        found = self._classes[cls] = set()
        depth, self._depth = self._depth, min(self._depth, _DEEP)
        for base in cls.__mro__[:-1]:
            receiver = base if base.__module__.startswith(_BASES) else cls
            for function in _functions(base):
                first = function.__code__.co_varnames[:1]
                for root, path in self.summary(function, receiver, base).called:
                    if (root,) == first and path:
                        found.add(("self", path))
        self._depth = depth
        return found

    def summary(self, function: FunctionType, cls: type | None, owner: type | None) -> Summary:
        """What calling a function does.

        Args:
            function: The function.
            cls: The class of the object that it is a method of, or None.
            owner: The class that defines it, or None.

        Returns:
            Its summary; an empty one where it has no source, calls itself, or is too far away.
        """
        key = function.__code__, cls
        known = self._summaries.get(key)
        if known is not None:
            return known
        node = _nodes(key[0].co_filename).get((key[0].co_name, key[0].co_firstlineno))
        is_large = (function.__module__ or "").startswith(_LARGE)
        if node is None or self._depth > (0 if is_large else _DEEPEST):
            return Summary()
        # Until it is known, for functions that call themselves.
        self._summaries[key] = Summary()
        self._depth += 1
        try:
            self._summaries[key] = Body(self, function, node, cls, owner).run()
        finally:
            self._depth -= 1
        return self._summaries[key]

    @staticmethod
    def given(function: FunctionType, arguments: Iterable[Argument]) -> dict[str, Value]:
        """The values of a function's parameters."""
        return given_to(function, arguments)

    @staticmethod
    def looks_into(thing: Any, module: str) -> bool:
        """Whether a function or class is looked into from a module."""
        function = thing if isinstance(thing, type) else plain_function(thing)
        home = getattr(function, "__module__", None) or ""
        if f"{home}.".startswith(_CLOSED):
            return False
        if home.startswith(_LARGE):
            return home.partition(".")[0] == module.partition(".")[0]
        return home.startswith(_OPEN)

    @staticmethod
    def called_by_name(thing: Any, arguments: list[Argument]) -> Iterator[Value]:
        """What a function or class calls that is not looked into, by names of parameters."""
        if not (getattr(thing, "__module__", None) or "").startswith((*_LARGE, *_OPEN)):
            return
        try:
            names = list(inspect.signature(thing).parameters)
        except (TypeError, ValueError):
            names = []
        for place, argument in enumerate(arguments):
            by_place = names[place] if argument.key is None and place < len(names) else ""
            if (argument.key or by_place) in _CALLED:
                yield argument.value


def _functions(cls: type) -> Iterator[FunctionType]:
    """The functions that a class itself defines, those of its descriptors too."""
    for value in vars(cls).values():
        parts = [value]
        if isinstance(value, property):
            parts += [value.fset, value.fdel]
        elif not isinstance(value, type):
            # Whether a method is available may depend on an attribute.
            parts.append(inspect.getattr_static(value, "check", None))
        for part in parts:
            function = plain_function(part)
            if function is not None:
                yield function


@cache
def _nodes(filename: str) -> dict[tuple[str, int], ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions of a file by name and first line, decorators included."""
    try:
        tree = ast.parse(FilePath(filename).read_text("utf-8"))
    except (OSError, SyntaxError, UnicodeDecodeError):
        return {}
    return {
        (node.name, min([node.lineno, *(one.lineno for one in node.decorator_list)])): node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
