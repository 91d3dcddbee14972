"""One-hot encoders: where each feature's columns begin in the matrix that ``transform`` makes.

The encoder finds the place of each value among the categories, maps infrequent ones together, steps
over what is dropped, adds where the feature's columns begin, and makes a sparse matrix of the
result; that an index is below the number of columns is taken for granted, by scipy as well.

Trust: the attributes are hostile.
Source: scikit-learn ``preprocessing/_encoders.py`` (``OneHotEncoder.transform``,
``_map_infrequent_categories``), ``utils/_encode.py`` (``_encode``).
"""

from __future__ import annotations

import numpy as np

from safeload.scan.program import ObjectToken, Token
from safeload.soundness.states import MISSING, Attributes, UnsoundError, attributes, each
from safeload.soundness.values import array, integer, is_array, objects

__all__ = ["one_hot"]

_NUMBERS = "biufc"
_MOST_COLUMNS = 2**62


@each
def one_hot(built: ObjectToken) -> None:
    """A fitted ``OneHotEncoder``: as many columns as its features' values can fill."""
    state = attributes(built)
    if "categories_" not in state or "_n_features_outs" not in state:
        return
    categories = state["categories_"]
    if type(categories) is not list:
        raise UnsoundError("categories_ is not a list of arrays")
    columns = state["_n_features_outs"]
    if type(columns) is not list or len(columns) != len(categories):
        raise UnsoundError("_n_features_outs does not have one number for each feature")
    widths = [integer(count, "_n_features_outs") for count in columns]
    # As a sum they are an index, which goes round where it is too large.
    if not all(0 <= width <= _MOST_COLUMNS for width in widths) or sum(widths) > _MOST_COLUMNS:
        raise UnsoundError("_n_features_outs has more columns than a matrix can have")
    mappings = _mappings(state, len(categories))
    dropped = _dropped(state, len(categories))
    for known, mapping, drop, count in zip(categories, mappings, dropped, widths, strict=True):
        made = _places(known, mapping)
        if drop is not None:
            if not 0 <= drop < made:
                raise UnsoundError("_drop_idx_after_grouping drops what is not a category")
            made -= 1
        if count < made:
            raise UnsoundError("_n_features_outs has less columns than categories")


def _places(known: Token, mapping: Token) -> int:
    """How many different places the values of a feature can have."""
    count = _categories(known)
    if mapping is None:
        return count
    places = array(mapping, "_default_to_infrequent_mappings")
    if places.ndim != 1 or places.dtype.kind not in "iu" or not places.size:
        raise UnsoundError("_default_to_infrequent_mappings has something that is not a mapping")
    if int(places.min()) < 0:
        raise UnsoundError("_default_to_infrequent_mappings has a place below zero")
    return int(places.max()) + 1


def _categories(token: Token) -> int:
    """How many categories there are; numbers are looked for by their order."""
    if type(token) is list:
        return len(token)
    try:
        known = array(token, "categories_")
    except UnsoundError:
        known = objects(token, "categories_")
    if known.ndim != 1:
        raise UnsoundError("categories_ has something that is not a list of categories")
    if known.dtype.kind in _NUMBERS:
        equal = known.dtype.kind in "fc"
        if not np.array_equal(np.sort(known), known, equal_nan=equal):
            raise UnsoundError("categories_ has numbers that are not sorted")
    return len(known)


def _mappings(state: Attributes, features: int) -> list[Token]:
    enabled = state.get("_infrequent_enabled", False)
    if enabled is False:
        return [None] * features
    mappings = state.get("_default_to_infrequent_mappings", MISSING)
    if enabled is not True or type(mappings) is not list or len(mappings) > features:
        raise UnsoundError(
            "_default_to_infrequent_mappings does not have one mapping for each feature"
        )
    return mappings + [None] * (features - len(mappings))


def _dropped(state: Attributes, features: int) -> list[int | None]:
    """For each feature the place that is dropped, or None."""
    token = state.get("_drop_idx_after_grouping", state.get("drop_idx_"))
    if token is None:
        return [None] * features
    if is_array(token) or type(token) is list:
        try:
            items = list(array(token, "_drop_idx_after_grouping").ravel())
        except UnsoundError:
            items = list(objects(token, "_drop_idx_after_grouping").ravel())
        if len(items) == features:
            return [None if item is None else _place(item) for item in items]
    raise UnsoundError("_drop_idx_after_grouping does not have one place for each feature")


def _place(token: Token) -> int:
    if isinstance(token, np.integer):
        return int(token)
    return integer(token, "_drop_idx_after_grouping")
