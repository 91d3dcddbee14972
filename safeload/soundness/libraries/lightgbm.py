"""Boosters of LightGBM: would the library follow this text within its bounds?

LightGBM compares the number of features with the names of them, and follows children, features,
categories and the features of linear leaves without a look.

Trust: the text is hostile.
Source: LightGBM ``src/boosting/gbdt_model_text.cpp``, ``gbdt_prediction.cpp``,
``include/LightGBM/tree.h``, ``src/io/tree.cpp``, ``src/objective/multiclass_objective.hpp``,
``python-package/lightgbm/basic.py`` and ``sklearn.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from safeload.scan.bounds.allowance import look_at, look_into
from safeload.scan.bounds.weight import size_of
from safeload.scan.program import Mapping, ObjectToken, Token
from safeload.soundness.libraries.forests import Forest, reached
from safeload.soundness.libraries.lightgbm_text import Lines, take_apart
from safeload.soundness.states import MISSING, UnreadError, UnsoundError, attributes, each
from safeload.soundness.values import integer

__all__ = ["booster", "estimator"]

_Ints = npt.NDArray[np.int64]

_MAX_CLASSES: Final = 2**20
# Classes that need no trees of their own to show for them.
_FREE_CLASSES: Final = 1_000
_MAX_NUMBER: Final = 2**31 - 1
_MIN_CLASSES: Final = 2
# Bits of a decision: by category, default left, and two for the kind of what is missing.
_MAX_DECISION: Final = 15
_BY_CATEGORY: Final = 1
# More threads than any machine has cores; each is asked of the system.
_MAX_THREADS: Final = 4096

_THREADS: Final = frozenset("n_jobs nthread nthreads num_thread num_threads".split())
_PARAMETERS: Final = frozenset(["_objective", "_other_params"])
# Parameters are apart by white space.
_SPACE: Final = re.compile(r"\s")

_DIGITS: Final = re.compile(rb"[0-9]{1,10}")
_WHOLE: Final = rb"-?[0-9]{1,10}"
_WHOLES: Final = re.compile(rb"%s(?: %s)*" % (_WHOLE, _WHOLE))
# Of anything else LightGBM makes an error in a thread that nobody catches.
_NUMBER: Final = rb"[-+]?(?:[0-9]{1,400}(?:\.[0-9]{0,99})?(?:e[-+]?[0-9]{1,3})?|inf|nan)"
# An objective of no name at all is looked for in an empty list.
_OBJECTIVE: Final = re.compile(rb"[a-z_0-9]+(?: [a-z_]+(?::%s)?)*" % _NUMBER)
_NUMBERS: Final = re.compile(rb"%s(?: %s)*" % (_NUMBER, _NUMBER))

# Lines with a number for each split, and for each leaf; the former are there for every tree with
# a split, the others only count if they are there.
_LINKS: Final = (b"left_child", b"right_child", b"split_feature")
_IF_SPLIT: Final = frozenset((*_LINKS, b"threshold"))
_OF_SPLITS: Final = (b"split_gain", b"internal_value", b"internal_weight", b"internal_count")
_OF_LEAVES: Final = (b"leaf_weight", b"leaf_count", b"leaf_const")
_OF_CATEGORIES: Final = (b"cat_boundaries", b"cat_threshold")
_OF_LINEAR: Final = (b"leaf_features", b"leaf_coeff", b"num_features")
_OTHERS: Final = (
    b"decision_type", b"is_linear", b"leaf_value", b"num_cat", b"num_leaves", b"shrinkage",
    b"threshold",
)  # fmt: skip
_KNOWN: Final = frozenset(
    (*_LINKS, *_OF_SPLITS, *_OF_LEAVES, *_OF_CATEGORIES, *_OF_LINEAR, *_OTHERS)
)


class _Model(NamedTuple):
    """What a wrapper repeats of its booster.

    Attributes:
        classes: How many numbers it predicts for a sample.
        features: How many features a sample has.
    """

    classes: int
    features: int


_MODELS: WeakKeyDictionary[ObjectToken, _Model] = WeakKeyDictionary()


@each
def booster(built: ObjectToken) -> None:
    """``Booster``: the model within its text."""
    _model(built)


@each
def estimator(built: ObjectToken) -> None:
    """``LGBMModel`` and its heirs: classes and features of their booster, threads of a machine."""
    state = attributes(built)
    for name, value in state.items():
        # What else begins with an underscore was learnt, and is no parameter.
        if name in _PARAMETERS or not name.startswith("_"):
            _check_parameter(name, value)
    kept = state.get("_Booster")
    if not isinstance(kept, ObjectToken) or not kept.is_of("lightgbm.basic", "Booster"):
        return
    try:
        model = _model(kept)
    except (UnreadError, UnsoundError):
        # The booster's own check says so.
        return
    for name, most in (
        ("_n_classes", max(model.classes, _MIN_CLASSES)),
        ("_n_features", model.features),
        ("_n_features_in", model.features),
    ):
        number = state.get(name, MISSING)
        if number not in (MISSING, None) and not -1 <= integer(number, name) <= most:
            raise UnsoundError(f"{name} is more than its booster has")


def _check_parameter(name: str, value: Token) -> None:
    """Parameters become one text for native code when the model predicts."""
    if isinstance(value, Mapping):
        look_into(value, size_of(value))
        for key, part in zip(value.keys, value.values, strict=True):
            _check_parameter(key if type(key) is str else name, part)
    elif type(value) in (list, tuple):
        look_into(value, len(value))
        for item in value:
            if type(item) is str:
                _check_parameter(name, item)
    elif type(value) is str:
        look_at(value, len(value))
        space = _SPACE.search(value)
        if space is not None and "=" in value[space.end() :]:
            raise UnsoundError(f"{name} sets another parameter as well")
    elif name in _THREADS and value is not None and integer(value, name) > _MAX_THREADS:
        raise UnsoundError(f"{name} is not a number of threads")


def _model(built: ObjectToken) -> _Model:
    """Check a booster, unless it was sound before."""
    known = _MODELS.get(built)
    if known is None:
        state = attributes(built)
        text = state.get("_handle", state.get("handle"))
        if type(text) is not str:
            raise UnsoundError("_handle is not a text")
        look_at(text, len(text))
        try:
            known = _MODELS[built] = _check(text.encode())
        except UnicodeEncodeError as error:
            raise UnsoundError("_handle has characters that are not valid") from error
    return known


# -- the model ------------------------------------------------------------------------------------


def _check(text: bytes) -> _Model:
    header, trees = take_apart(text)
    classes = _whole(header, b"num_class", _MAX_CLASSES)
    # It divides by the one, and makes room for the other.
    if _whole(header, b"num_tree_per_iteration", _MAX_CLASSES, classes) != classes or not classes:
        raise UnsoundError("num_tree_per_iteration is not its number of classes")
    if classes > max(_FREE_CLASSES, len(trees)):
        raise UnsoundError("it has classes that no tree adds to")
    features = _whole(header, b"max_feature_idx", _MAX_NUMBER) + 1
    names = header.get(b"feature_names", b"").split(b" ")
    if features != len(names) - names.count(b""):
        raise UnsoundError("feature_names does not have one name for each feature")
    if b"objective" in header:
        _check_objective(header[b"objective"], classes)
    for tree in trees:
        if not _KNOWN.issuperset(tree):
            unknown = min(name for name in tree if name not in _KNOWN).decode()
            raise UnreadError(f"a tree has the field {unknown}, which no check knows")
        if len(_numbers(tree, b"shrinkage", b"1")) != 1:
            raise UnsoundError("shrinkage is not a number")
        sets = _whole(tree, b"num_cat", _MAX_NUMBER)
        if _whole(tree, b"is_linear", 1, 0):
            if _leaves(tree) == 1 and (sets or not _IF_SPLIT.issubset(tree)):
                # They are asked for all the same.
                raise UnsoundError("a linear tree does not have the lines of one")
            _check_linear(tree, features)
        _check_leaves(tree)
    _check_splits([tree for tree in trees if _leaves(tree) > 1], features)
    return _Model(classes, features)


def _check_objective(objective: bytes, classes: int) -> None:
    """An objective of several classes walks as many numbers as it says."""
    if not _OBJECTIVE.fullmatch(objective):
        raise UnsoundError("the objective is not one that LightGBM has")
    said = [part.partition(b":")[2] for part in objective.split(b" ") if b"num_class:" in part]
    if said not in ([], [b"%d" % classes]):
        raise UnsoundError("the objective has another number of classes than the model")


def _check_leaves(tree: Lines) -> None:
    leaves = _leaves(tree)
    if leaves < 1 or len(_numbers(tree, b"leaf_value")) != leaves:
        raise UnsoundError("leaf_value does not have one number for each leaf")
    # Of a tree without a split, writers leave lines empty that nobody reads.
    for name in _OF_LEAVES if leaves > 1 else ():
        if name in tree and len(_numbers(tree, name)) != leaves:
            raise UnsoundError(f"{name.decode()} does not have one number for each leaf")


def _check_splits(trees: Sequence[Lines], features: int) -> None:
    """Check the splits of all trees that have one."""
    if not trees:
        return
    leaves = np.array([*map(_leaves, trees)], np.int64)
    left, right, used = (_joined(trees, name, leaves - 1) for name in _LINKS)
    if int(used.min()) < 0 or int(used.max()) >= features:
        raise UnsoundError("a tree splits by a feature that the model does not have")
    for tree in trees:
        splits = _leaves(tree) - 1
        for name in (*_OF_SPLITS, b"threshold"):
            if (name in tree or name == b"threshold") and len(_numbers(tree, name)) != splits:
                raise UnsoundError(f"{name.decode()} does not have one number for each split")
        _check_categories(tree, splits)
    # Splits come first; leaves, which are numbered downwards from minus one, behind them.
    sizes = 2 * leaves - 1
    place = np.concatenate([np.arange(splits) + start for splits, start in _spans(leaves, sizes)])
    first, second = np.zeros((2, int(sizes.sum())), np.int64)
    is_inner = np.zeros(len(first), bool)
    is_inner[place] = True
    behind = np.repeat(leaves - 2, leaves - 1)
    for child, numbers in ((left, first), (right, second)):
        if (child < -1 - (behind + 1)).any() or (child > behind).any():
            raise UnsoundError("a tree has a child that is not in it")
        numbers[place] = np.where(child < 0, behind - child, child)
    if not reached(Forest(first, second, is_inner, sizes)).all():
        raise UnsoundError("a tree has nodes that cannot be reached")


def _spans(leaves: _Ints, sizes: _Ints) -> Iterator[tuple[int, int]]:
    """How many splits each tree has, and where its nodes begin."""
    yield from zip((leaves - 1).tolist(), (np.cumsum(sizes) - sizes).tolist(), strict=True)


def _check_categories(tree: Lines, splits: int) -> None:
    """Splits by category name a set of them, and sets lie within the bits that there are."""
    sets = _whole(tree, b"num_cat", _MAX_NUMBER)
    decisions = _integers(tree, b"decision_type") if b"decision_type" in tree else np.zeros(splits)
    if len(decisions) != splits or decisions.min() < 0 or decisions.max() > _MAX_DECISION:
        raise UnsoundError("decision_type does not have one decision for each split")
    by_category = (decisions.astype(np.int64) & _BY_CATEGORY).nonzero()[0]
    named = [_numbers(tree, b"threshold")[place] for place in by_category.tolist()]
    if not all(_DIGITS.fullmatch(number) and int(number) < sets for number in named):
        raise UnsoundError("a split has a set of categories that does not exist")
    if sets:
        ends = _integers(tree, b"cat_boundaries")
        bits = _integers(tree, b"cat_threshold")
        if len(ends) != sets + 1 or ends[0] or ends[-1] != len(bits) or (np.diff(ends) < 0).any():
            raise UnsoundError("cat_boundaries are not within cat_threshold")


def _check_linear(tree: Lines, features: int) -> None:
    """Leaves with a linear model: a coefficient for each feature, which is one of the model's."""
    counts = _integers(tree, b"num_features")
    if len(counts) != _leaves(tree) or int(counts.min()) < 0:
        raise UnsoundError("num_features does not have one number for each leaf")
    constants = _numbers(tree, b"leaf_const")
    if len(constants) != len(counts):
        raise UnsoundError("leaf_const does not have one number for each leaf")
    # Leaves without features leave spaces behind.
    used, factors = (tree.get(name, b"").split() for name in (b"leaf_features", b"leaf_coeff"))
    if not len(used) == len(factors) == int(counts.sum()):
        raise UnsoundError("leaf_features does not have one feature for each coefficient")
    if not all(_DIGITS.fullmatch(number) and int(number) < features for number in used):
        raise UnsoundError("leaf_features has a feature that the model does not have")
    if factors and not _NUMBERS.fullmatch(b" ".join(factors)):
        raise UnsoundError("leaf_coeff has something that is not a number")
    # Of a number without a normal form LightGBM makes an error that nobody catches.
    sizes = np.abs(np.array([*constants, *factors], float))
    if ((sizes > 0) & (sizes < np.finfo(float).tiny)).any() or np.isinf(sizes).any():
        raise UnsoundError("a linear leaf has a number that is too large or too small")


# -- numbers --------------------------------------------------------------------------------------


def _leaves(tree: Lines) -> int:
    return _whole(tree, b"num_leaves", _MAX_NUMBER)


def _whole(lines: Lines, name: bytes, most: int, missing: int | None = None) -> int:
    """The number on a line."""
    if missing is not None and name not in lines:
        return missing
    value = lines.get(name, b"")
    if not _DIGITS.fullmatch(value) or int(value) > most:
        raise UnsoundError(f"{name.decode()} is not a number up to {most}")
    return int(value)


def _numbers(lines: Lines, name: bytes, missing: bytes = b"") -> list[bytes]:
    """The numbers on a line, as they are written."""
    value = lines.get(name, missing)
    if not _NUMBERS.fullmatch(value):
        raise UnsoundError(f"{name.decode()} has something that is not a number")
    return value.split(b" ")


def _integers(lines: Lines, name: bytes) -> _Ints:
    """The whole numbers on a line."""
    return _whole_numbers(lines.get(name, b""), name)


def _joined(trees: Sequence[Lines], name: bytes, sizes: _Ints) -> _Ints:
    """The whole numbers on the lines of this name, of all trees."""
    values = [tree.get(name, b"") for tree in trees]
    if [value.count(b" ") + 1 for value in values] != sizes.tolist():
        raise UnsoundError(f"{name.decode()} does not have one number for each split")
    return _whole_numbers(b" ".join(values), name)


def _whole_numbers(text: bytes, name: bytes) -> _Ints:
    if not _WHOLES.fullmatch(text):
        raise UnsoundError(f"{name.decode()} has something that is not a whole number")
    return np.fromstring(text, np.int64, sep=" ")
