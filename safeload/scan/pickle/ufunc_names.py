"""Where is the universal function that numpy 1.16 to 1.19 wrote by a call?

Those releases wrote ``_ufunc_reconstruct(module, name)``, the module being whichever had a function
of that name first: numpy, but as well a module that had imported it from there. Every later release
writes the function's own home, and that is what such a call becomes here.

Trust: module and name are hostile. The module is one that numpy, scipy or scikit-learn compute
with; nothing is imported from it.
Source: ``_ufunc_reduce`` of ``numpy/core/__init__.py``, ``whichmodule`` of CPython's ``pickle.py``.
"""

from __future__ import annotations

import re

__all__ = ["UFUNC_RECONSTRUCT", "home_of_ufunc"]

UFUNC_RECONSTRUCT = ("numpy.core", "_ufunc_reconstruct")

_MODULE = re.compile(
    r"numpy(?:\.(?:core|fft|lib|linalg)(?:\.[a-z_][a-z0-9_]*)?|\.dual)?"
    r"|scipy(?:\.(?:cluster|fftpack|integrate|interpolate|linalg|optimize|signal|sparse|spatial"
    r"|special|stats)(?:\.[a-z_][a-z0-9_]*){0,3})?"
    r"|sklearn\.(?:_loss|cluster|decomposition|ensemble|linear_model|metrics|mixture|neighbors"
    r"|preprocessing|utils)(?:\.[a-z_][a-z0-9_]*){1,2}",
    re.ASCII,
)
# What is run when it is imported, or imports a framework of tests.
_RUN = re.compile(r"\.(?:__main__|conftest|setup|tests?|testing)\b")
# What numpy has of its own; any other name is one of scipy.special.
_OF_NUMPY = frozenset(
    """
    absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh bitwise_and bitwise_or
    bitwise_xor cbrt ceil conjugate copysign cos cosh deg2rad degrees divmod equal exp exp2 expm1
    fabs float_power floor floor_divide fmax fmin fmod frexp gcd greater greater_equal heaviside
    hypot invert isfinite isinf isnan isnat lcm ldexp left_shift less less_equal log log10 log1p
    log2 logaddexp logaddexp2 logical_and logical_not logical_or logical_xor matmul maximum minimum
    modf multiply negative nextafter not_equal positive power rad2deg radians reciprocal remainder
    right_shift rint sign signbit sin sinh spacing sqrt square subtract tan tanh true_divide trunc
    """.split()
)


def home_of_ufunc(module: object, name: object) -> tuple[str, str] | None:
    """The module that has a universal function today, and its name.

    Args:
        module: Where numpy found it, or anything else that stands there.
        name: Its name, or anything else.

    Returns:
        Module and name, which may exist or not; None for what is no such call of numpy's.
    """
    if type(module) is not str or type(name) is not str or not name.isidentifier():
        return None
    if not _MODULE.fullmatch(module) or _RUN.search(module):
        return None
    if module.startswith("scipy.special") or name not in _OF_NUMPY:
        return "scipy.special", name
    return "numpy", name
