"""What says how many there are without as many bytes to show for it: columns, samples, processes.

A model makes room, names and loops for as many columns as its attributes say, and starts as many
processes. scikit-learn writes a name for each of ``n_features_in_`` columns when a notebook shows
the model, and draws the samples of each tree of a forest anew.

Trust: all attributes are hostile.
Source: scikit-learn ``utils/validation.py`` (``_check_feature_names_in``,
``_generate_get_feature_names_out``), ``utils/_repr_html``, ``kernel_approximation.py``,
``preprocessing/_polynomial.py``, ``ensemble/_forest.py`` (``estimators_samples_``),
``decomposition/_lda.py``, ``_nmf.py``, ``_dict_learning.py``; joblib ``parallel.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import prod

from safeload.forks import IMPORTING
from safeload.policy.rules.plain import is_numpy
from safeload.scan.bounds.allowance import claim, look_into
from safeload.scan.bounds.weight import size_of
from safeload.scan.program import Array, Global, Mapping, ObjectToken, Program, Token

__all__ = ["Widths", "claim_columns", "claim_products", "is_counted", "too_many"]

# ``n_features_in_``, ``_n_features_out``, ``n_outputs_`` and the like.
_NAMED = re.compile(r"bins|class|cluster|column|component|feature|knot|label|output|spline")
# ``n_components``, ``n_trees_per_iteration_``, ``_n_out_full``.
_NUMBER_OF = re.compile(r"_*n_[a-z]")
# What a model has seen or done is no matter of what it will do, and a width of sparse rows is free
# unless something writes them out.
_PAST = re.compile(r"call|fev|iter|jac|resource|sample|seen|step")
_FREE = frozenset(["n_features", "n_jobs"])
_HASHERS = frozenset(["FeatureHasher", "HashingVectorizer"])
_WRITING_OUT = frozenset(["DenseTransformer", "toarray", "todense"])
# A row with fewer items than one in so many columns is written out by a threshold below that.
_SPARSE = 0.001
# What else is counted up to, multiplied with or added to a number of columns.
_FACTORS = frozenset(["degree", "include_bias", "sample_steps"])
# Trees are many, and not shown.
_NOT_SHOWN = "sklearn.tree."
_LISTED = frozenset([list, tuple])

# How often a model goes over its data while it transforms them, and no model needs to.
_ROUNDS = frozenset(["_transform_max_iter", "max_doc_update_iter", "transform_max_iter"])
_ITERATING = frozenset(["MiniBatchNMF", "NMF"])
_MOST_ROUNDS = 1_000_000
# As many processes as the largest machines have processors for.
_PROCESSES = "n_jobs"
_MOST_PROCESSES = 256
_DIGIT = re.compile(r"\d")

_POLYNOMIAL = ("sklearn.preprocessing._polynomial", "PolynomialFeatures")
# More has been claimed by then than any limit allows.
_HIGHEST = 10_000
_OF_POLYNOMIAL = ("n_features_in_", "_min_degree", "_max_degree")
_DISTINCT = "interaction_only"
# Attributes whose numbers are multiplied.
_MULTIPLIED = (
    ("n_features_in_", "sample_steps"),
    ("n_features_in_", "include_bias"),
    ("n_components", "degree"),
)
# The samples that each tree of a forest is fitted with, of which there may be very many.
_SAMPLES = ("_max_samples", "_n_samples", "_n_samples_bootstrap")
_FITTED = "estimators_"
_SAMPLES_A_COLUMN = 1_024
# Whose models were read for what they count.
_LIBRARIES = frozenset("category_encoders imblearn mlxtend quantile_forest sklearn sktime".split())
_COUNTED = _ROUNDS.union(_SAMPLES, [_PROCESSES, "max_iter"])
_NUMBERS = frozenset([int, float, bool])
# Names of attributes about which it is remembered whether they count; no library has longer ones.
_KEPT, _LONGEST = 4096, 64


def is_counted(attribute: str) -> bool:
    """Whether an attribute of this name says how many there are of something.

    Args:
        attribute: Its name.
    """
    if len(attribute) > _LONGEST:
        return False
    return _is_number_of(attribute) or attribute in _COUNTED


@lru_cache(maxsize=_KEPT)
def _is_number_of(attribute: str) -> bool:
    if attribute in _FACTORS or _is_named(attribute):
        return True
    return (
        _NUMBER_OF.match(attribute) is not None
        and attribute not in _FREE
        and _PAST.search(attribute) is None
    )


@lru_cache(maxsize=_KEPT)
def _is_named(attribute: str) -> bool:
    """Whether whoever shows a model may write a name for each."""
    bare = attribute.removeprefix("_")
    return (
        bare.startswith("n_")
        and (bare is not attribute or bare.endswith("_"))
        and _NAMED.search(bare) is not None
    )


def too_many(target: Global, attribute: str, value: Token) -> str | None:
    """Why an attribute may not say that there are so many rounds or processes, or None.

    Args:
        target: The class whose attribute it is.
        attribute: Its name.
        value: What it is to be.
    """
    if attribute == _PROCESSES and not _may_start(value):
        return "its n_jobs is not a number of processes that a machine could run"
    rounds = attribute in _ROUNDS or (attribute == "max_iter" and target.name in _ITERATING)
    if rounds and any(count > _MOST_ROUNDS for count in _counts(value)):
        return (
            f"its {attribute} is more than the number of passes that any model makes over its data"
        )
    return None


def _may_start(value: Token) -> bool:
    """Whether a number of processes is a number, and not too large; joblib reads texts, too."""
    if type(value) in _NUMBERS:
        return bool(value <= _MOST_PROCESSES)
    if value is None or type(value) is str:
        return value is None or _DIGIT.search(value) is None
    counts = [*_counts(value)]
    return len(counts) == 1 and counts[0] <= _MOST_PROCESSES


def claim_columns(target: Global, attribute: str, value: Token) -> None:
    """Bound the columns that an attribute says there are.

    Args:
        target: The class whose attribute it is.
        attribute: Its name.
        value: A number, or several.
    """
    is_named = _is_named(attribute)
    is_read = target.module.partition(".")[0] in _LIBRARIES
    if is_named or (is_read and _is_number_of(attribute)):
        is_shown = is_named and not target.module.startswith(_NOT_SHOWN)
        for count in _counts(value):
            claim(count, named=is_shown)


def _counts(value: Token) -> Iterable[int]:
    if type(value) is int:
        return (value,)
    if type(value) in _LISTED:
        look_into(value, len(value))
        return [item for item in value if type(item) is int]
    if isinstance(value, Array) or is_numpy(value):
        return _numbers(value)
    if isinstance(value, ObjectToken) and type(value.args) is tuple:
        # Such as a member of an enumeration, which is a whole number as well.
        return [item for item in value.args if type(item) is int]
    return ()


def _numbers(value: Token) -> Iterable[int]:
    """The largest number of an array, or a number of numpy's."""
    # It needs numpy, which is not imported before a model keeps such a thing.
    with IMPORTING:
        from safeload.soundness.states import UnsoundError
        from safeload.soundness.values import array, scalar

    number = scalar(value)
    if isinstance(value, Array) or number is value or number is None:
        try:
            found = array(value, "a count")
        except UnsoundError:
            return ()
        number = found.max() if found.size and found.dtype.kind in "iu" else None
    return (int(number),) if hasattr(number, "__index__") else ()


def claim_products(built: ObjectToken) -> None:
    """Bound what a model multiplies: columns with columns, and samples with trees.

    Args:
        built: Any object.
    """
    for state in built.states:
        if type(state) is not Mapping:
            continue
        if built.is_of(*_POLYNOMIAL):
            _claim_polynomial(state)
        for names in _MULTIPLIED:
            if names[1] in state.form:
                counts = [max(_counts(state.get(name)), default=0) for name in names]
                claim(prod(counts) if min(counts) > 0 else 0)
        if _FITTED in state.form:
            trees = size_of(state.get(_FITTED)) if type(state.get(_FITTED)) is list else 1
            for name in _SAMPLES:
                samples = max(_counts(state.get(name)), default=0) if name in state.form else 0
                claim(trees * samples // _SAMPLES_A_COLUMN)


class Widths:
    """Bounds the columns of sparse rows where something writes the rows out, with their zeros.

    Args:
        programs: All streams of the file.
    """

    def __init__(self, programs: Sequence[Program]) -> None:
        self._programs = programs
        # Found out when it is first needed.
        self._written_out: bool | None = None

    def claim(self, program: Program) -> None:
        """Claim the columns that the hashers of a stream make.

        Args:
            program: One of the streams.
        """
        hashers = [use for use in program.globals if use.name in _HASHERS]
        if hashers and self._written_out is None:
            self._written_out = any(map(_writes_out, self._programs))
        for built in program.built if hashers and self._written_out else ():
            target = built.callable
            if type(target) is Global and target.name in _HASHERS:
                for state in built.states:
                    width = state.get("n_features") if type(state) is Mapping else None
                    claim(max(_counts(width), default=0))


def _writes_out(program: Program) -> bool:
    names = {use.name.rpartition(".")[2] for use in program.globals}
    if not _WRITING_OUT.isdisjoint(names):
        return True
    if names.isdisjoint(["ColumnTransformer", "methodcaller"]):
        return False
    for built in program.built:
        if built.is_of("operator", "methodcaller"):
            if type(built.args) is tuple and built.args and built.args[0] in _WRITING_OUT:
                return True
        elif any(map(_is_low, built.states)):
            return True
    return False


def _is_low(state: Token) -> bool:
    """Whether a state has a threshold below which rows are written out that is next to nothing."""
    threshold = state.get("sparse_threshold") if type(state) is Mapping else None
    return isinstance(threshold, int | float) and threshold < _SPARSE


def _claim_polynomial(state: Mapping) -> None:
    """Bound the products of columns that a model makes, each of which has a name."""
    columns, lowest, highest = (state.get(name) for name in _OF_POLYNOMIAL)
    if not all(type(number) is int for number in (columns, lowest, highest)):
        return
    # Each product has as many factors.
    claim(highest * highest)
    highest = min(highest, _HIGHEST)
    products, together = 1, 0
    for degree in range(1, highest + 1):
        more = columns - degree + 1 if state.get(_DISTINCT) is True else columns + degree - 1
        products = products * more // degree
        together += products if degree >= lowest else 0
        claim(together)
    claim(together, named=True)
