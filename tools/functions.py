"""What the installed releases define that a model may call and that no list names by hand.

Universal functions of one or two numbers and with one result are a family: from arrays to an array,
element by element, with no parameter that a file may set. Those that count up to an operand, such
as the order of a polynomial, are no part of it: native code would count to what a file says.
Distributions on the whole numbers keep a method of their own.

Trust: the installed libraries are ours; what is found here is reviewed as a diff of the packs.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from types import ModuleType

import numpy as np
from introspection import distribution_classes, pickled_name
from scipy import special, stats
from signatures import Kept

__all__ = ["LEFT_OUT", "UFUNCS", "numpy_functions", "scipy_functions", "statsmodels_functions"]

UFUNCS = "universal functions: a family of functions of numbers, element by element"
_ENTROPY = "the entropy of a distribution on the whole numbers, which its instance keeps (zoo)"
# Universal functions that stay out, and why.
LEFT_OUT: dict[str, str] = {}
_OPERANDS = 2
# Letters of numpy's types.
_WHOLE, _FRACTIONS = frozenset("bBhHiIlLqQ"), frozenset("efdgFDG")
# Older releases name the compiled module, which differs between them.
_NUMPY_MODULES = (
    "numpy",
    "numpy._core._multiarray_umath",
    "numpy._core.umath",
    "numpy.core._multiarray_umath",
    "numpy.core.umath",
)


def numpy_functions() -> Iterator[Kept]:
    """Universal functions of numpy."""
    for name, function in _ufuncs(np):
        yield _kept(function, ((module, name) for module in _NUMPY_MODULES))


def scipy_functions() -> Iterator[Kept]:
    """Universal functions of scipy; the entropy of distributions on the whole numbers."""
    for name, function in _ufuncs(special):
        modules = ("scipy.special", "scipy.special._ufuncs", pickled_name(function)[0])
        yield _kept(function, ((module, name) for module in modules))
    yield _entropies(distribution_classes())


def statsmodels_functions() -> Iterator[Kept]:
    """The entropy of distributions on the whole numbers."""
    module = importlib.import_module("statsmodels.distributions.discrete")
    yield _entropies(
        value
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__
    )


def _ufuncs(module: ModuleType) -> Iterator[tuple[str, np.ufunc]]:
    """Those of the family."""
    for name, value in vars(module).items():
        if isinstance(value, np.ufunc) and value.__name__ == name and _is_of_family(value):
            yield name, value


def _is_of_family(function: np.ufunc) -> bool:
    return (
        function.signature is None
        and function.nin <= _OPERANDS
        and function.nout == 1
        and not any(map(_has_order, function.types))
        and function.__name__ not in LEFT_OUT
    )


def _has_order(loop: str) -> bool:
    """Whether a loop, such as ``ld->d``, takes a whole number beside a fraction: an order."""
    given = set(loop.partition("->")[0])
    return not given.isdisjoint(_WHOLE) and not given.isdisjoint(_FRACTIONS)


def _kept(function: np.ufunc, names: Iterable[tuple[str, str]]) -> Kept:
    count = function.nin
    kept = Kept(("elementwise",), tuple(f"x{n + 1}" for n in range(count)), UFUNCS)
    for module, name in names:
        kept.add(module, name)
    return kept


def _entropies(classes: Iterable[type]) -> Kept:
    kept = Kept(("own",), ("x",), _ENTROPY)
    for cls in classes:
        if issubclass(cls, stats.rv_discrete):
            # Pickle names the class of the instance, cloudpickle where it is defined.
            kept.add(cls.__module__, f"{cls.__name__}._entropy")
            kept.add(cls._entropy.__module__, cls._entropy.__qualname__)
    return kept
