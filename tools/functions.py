"""What the installed releases define that a model may call and that no list names by hand.

Universal functions of one or two numbers and with one result are a family: from arrays to an array,
element by element, with no parameter that a file may set. Special functions of two numbers mostly
have an order, a shape or degrees of freedom for one of them, and count or iterate up to it, without
end for some numbers that a file could say: of these, only formulas are part of the family.
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

__all__ = ["UFUNCS", "numpy_functions", "scipy_functions", "statsmodels_functions"]

UFUNCS = "universal functions: a family of functions of numbers, element by element"
_ENTROPY = "the entropy of a distribution on the whole numbers, which its instance keeps (zoo)"
_OPERANDS = 2
# Of arrays of objects, which are Python's own whole numbers, it makes numbers of any length.
_WITHOUT_BOUND = frozenset(["left_shift"])
# Special functions of two numbers that are formulas of logarithms and powers.
_FORMULAS = frozenset(
    "beta betaln boxcox boxcox1p huber inv_boxcox inv_boxcox1p kl_div powm1 pseudo_huber rel_entr "
    "xlog1py xlogy".split()
)
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
    is_special = getattr(special, function.__name__, None) is function
    return (
        function.signature is None
        and function.nout == 1
        and function.nin <= _OPERANDS
        and function.__name__ not in _WITHOUT_BOUND
        and (function.nin == 1 or not is_special or function.__name__ in _FORMULAS)
    )


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
