"""Samples that scipy keeps: values on a grid, and the data of a density.

Compiled code takes a value for each point of the grid, and a weight for each of the data.

Trust: the attributes are hostile.
Source: scipy ``interpolate/_rgi_cython.pyx`` (``evaluate_linear_2d``), ``stats/_stats.pyx``
(``gaussian_kernel_estimate``).
"""

from __future__ import annotations

from safeload.scan.program import ObjectToken
from safeload.soundness.states import MISSING, UnsoundError, attributes, each
from safeload.soundness.values import array, integer

__all__ = ["density", "grid"]


@each
def grid(built: ObjectToken) -> None:
    """RegularGridInterpolator: a value for each point of the grid."""
    state = attributes(built)
    # Releases before 1.16 had no underscore; which of the two counts is a matter of the release.
    for axes, values in (("_grid", "_values"), ("grid", "values")):
        if axes not in state and values not in state:
            continue
        listed = state.get(axes)
        if not isinstance(listed, tuple | list):
            raise UnsoundError(f"{axes} is not a list of axes")
        lengths = tuple(len(array(axis, axes).ravel()) for axis in listed)
        if (
            0 in lengths
            or array(state.get(values, MISSING), values).shape[: len(lengths)] != lengths
        ):
            raise UnsoundError(f"{values} does not have one value for each point of the grid")


@each
def density(built: ObjectToken) -> None:
    """gaussian_kde: a weight for each of the data."""
    state = attributes(built)
    if "dataset" not in state:
        return
    data = array(state["dataset"], "dataset")
    if data.ndim != 2:
        raise UnsoundError("dataset is not a table")
    if "_weights" in state and array(state["_weights"], "_weights").shape != data.shape[1:]:
        raise UnsoundError("_weights does not have one number for each of the data")
    if integer(state.get("n", MISSING), "n") != data.shape[1]:
        raise UnsoundError("n is not the number of the data")
