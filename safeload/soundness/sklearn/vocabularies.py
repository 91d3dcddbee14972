"""Dicts from terms to columns: vocabularies, the classes of labels, and the width of hashes.

scikit-learn writes the columns it finds in a vocabulary into a sparse matrix as wide as the
vocabulary has terms, and no one looks whether a column is there: not scipy either, when it is made
from indices. So each value is a whole number below the number of terms, and no term is given twice,
because that number is what Python counts.

A vocabulary may have millions of terms. Its pairs that the scan stepped over (:class:`Run`) are
read here many at a time: one step along all stretches at once, and terms as sums of their letters
by fixed factors. Where two sums are equal, the terms themselves are compared.

Trust: the attributes are hostile.
Source: scikit-learn ``feature_extraction/text.py`` (``_count_vocab``), ``_dict_vectorizer.py``
(``_transform``), ``_hashing_fast.pyx``, ``preprocessing/_label.py`` (``_transform``,
``label_binarize``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from safeload.scan.bounds.allowance import look_at, look_into, spend
from safeload.scan.bounds.weight import size_of
from safeload.scan.program import Blob, Collection, Global, Mapping, ObjectToken, Token
from safeload.scan.runs import Run
from safeload.soundness.states import UnsoundError, attributes, each
from safeload.soundness.values import NDArray, array, integer, integers, is_array, objects, scalar

__all__ = ["distinct", "hashed", "label_columns", "labels", "vocabulary"]

# Terms of so many letters are written in 255 bytes at most, as those in a run are.
_SHORT = 63
_LONGEST = 255
# Tuples and sets that a term may lie within.
_DEEPEST = 100
# Stretches are read together up to so many bytes.
_CHUNK = 1 << 21
_FACTORS = np.random.default_rng(0).integers(1, 2**63, _LONGEST + 1, np.uint64)
# Bytes of a whole number after its opcode: BININT1, BININT2, BININT.
_SIZES = np.zeros(256, np.int64)
_SIZES[[0x4B, 0x4D, 0x4A]] = 1, 2, 4
_MASKS = np.zeros(256, np.int64)
_MASKS[[0x4B, 0x4D, 0x4A]] = 0xFF, 0xFFFF, 0xFFFFFFFF


@each
def vocabulary(built: ObjectToken) -> None:
    """A vectoriser's ``vocabulary_``: a column for each term."""
    state = attributes(built)
    if "vocabulary_" in state:
        _columns(state["vocabulary_"], "vocabulary_")


@each
def label_columns(built: ObjectToken) -> None:
    """The classes of a ``MultiLabelBinarizer``, and the columns it keeps for them."""
    state = attributes(built)
    if "classes_" in state:
        classes = state["classes_"]
        found = _items(classes, "classes_")
        if not distinct(found):
            raise UnsoundError("classes_ has a class twice")
    if state.get("_cached_dict") is not None:
        _columns(state["_cached_dict"], "_cached_dict")


@each
def labels(built: ObjectToken) -> None:
    """The classes of a ``LabelBinarizer``, which must have an order to be found by it."""
    state = attributes(built)
    if "classes_" in state:
        for item in _items(state["classes_"], "classes_"):
            # What is not a number at all is neither below nor above any.
            if not isinstance(item, str | bytes | int | float | np.generic) or item != item:
                raise UnsoundError("classes_ has a class without a place in their order")


@each
def hashed(built: ObjectToken) -> None:
    """Terms that are hashed into so many columns: a remainder is taken of each."""
    state = attributes(built)
    if "n_features" in state and integer(state["n_features"], "n_features") < 1:
        raise UnsoundError("n_features is not a number of columns")


def distinct(keys: Sequence[object]) -> bool:
    """Whether no two keys are equal to Python."""
    try:
        return len(set(keys)) == len(keys)
    except TypeError as error:
        raise UnsoundError("a key is not one that a dict can have") from error


def _items(token: Token, what: str) -> list[object]:
    """The items of an array, or of a list, as Python would see them."""
    if is_array(token):
        try:
            return list(array(token, what).ravel())
        except UnsoundError:
            token = list(objects(token, what).ravel())
    if type(token) is not list and type(token) is not tuple:
        raise UnsoundError(f"{what} is not an array")
    look_into(token, len(token))
    return [_key(item, what) for item in token]


def _columns(token: Token, what: str) -> None:
    """Check a dict whose values are columns of a matrix as wide as the dict is long."""
    if type(token) is not Mapping:
        # A dict of another class makes up what is not in it.
        raise UnsoundError(f"{what} is not a dict")
    look_into(token, size_of(token))
    runs = [item for item in token if type(item) is Run]
    loose = [item for item in token if type(item) is not Run] if runs else token
    keys, values = loose[::2], loose[1::2]
    count = len(keys) + sum(run.count for run in runs)
    if count == 0:
        return
    found = integers(values, what)
    if found.size and not (int(found.min()) >= 0 and int(found.max()) < count):
        raise UnsoundError(f"{what} has a column beyond its terms")
    sums = []
    for starts, lengths, columns, data in _stretches(runs):
        if int(columns.min()) < 0 or int(columns.max()) >= count:
            raise UnsoundError(f"{what} has a column beyond its terms")
        sums.append(_sums(data, starts, lengths))
    short = [key for key in keys if type(key) is str and len(key) <= _SHORT]
    if short:
        sums.append(_sums_of(short))
    if len(short) == len(keys) and _differ(sums):
        # No two terms have one sum, so no two are the same.
        return
    if not distinct([_key(key, what) for key in token.keys]):
        raise UnsoundError(f"{what} has a term twice")


def _key(token: Token, what: str, depth: int = 0) -> object:
    """A key, or a class, as what it equals."""
    if token is None or isinstance(token, str | int | float):
        return token
    if depth > _DEEPEST:
        raise UnsoundError(f"{what} has terms that are nested too deeply")
    if type(token) is tuple:
        spend(len(token), f"{what} has terms of too many parts.")
        return tuple(_key(item, what, depth + 1) for item in token)
    if isinstance(token, Blob):
        look_at(token, token.size)
        return bytes(token.content)
    if isinstance(token, Collection):
        spend(len(token.items), f"{what} has terms of too many parts.")
        return frozenset(_key(item, what, depth + 1) for item in token.items)
    if isinstance(token, Global):
        return token.path
    if isinstance(token, ObjectToken) and token.is_of("numpy", "str_") and len(token.args) == 1:
        # How skops makes one; it equals its text.
        return _key(token.args[0], what)
    value = scalar(token)
    if value is None:
        raise UnsoundError(f"{what} has a term that is neither text nor number")
    return value


def _stretches(runs: Sequence[Run]) -> Iterator[tuple[NDArray, NDArray, NDArray, NDArray]]:
    """The pairs of runs, many at a time.

    Args:
        runs: Runs of one member.

    Yields:
        Where each key begins, the lengths of the keys, the values, and the bytes.
    """
    batch: list[Run] = []
    size = 0
    for run in runs:
        batch.append(run)
        size += run.stop - run.start
        if size >= _CHUNK:
            yield _walked(batch)
            batch, size = [], 0
    if batch:
        yield _walked(batch)


def _walked(runs: list[Run]) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    runs = sorted(runs, key=lambda run: -run.count)
    data = np.frombuffer(runs[0].data, np.uint8)
    counts = np.array([run.count for run in runs])
    at = np.array([run.start for run in runs], np.int64)
    # How many runs have a pair at each step: those with most pairs come first.
    going = np.searchsorted(-counts, -np.arange(counts[0]), "left")
    starts = np.empty(int(counts.sum()), np.int64)
    made = 0
    for width in going.tolist():
        here = at[:width]
        starts[made : made + width] = here
        # SHORT_BINUNICODE, the length, the text, MEMOIZE; then the number.
        here += data[here + 1]
        here += 3
        here += _SIZES[data[here]] + 1
        made += width
    lengths = data[starts + 1].astype(np.int64)
    ends = starts + lengths + 3
    opcodes = data[ends]
    values = np.zeros(len(ends), np.int64)
    for byte in range(4):
        values |= data.take(ends + byte + 1, mode="clip").astype(np.int64) << (8 * byte)
    values &= _MASKS[opcodes]
    # A BININT has a sign: what is below zero is far too large.
    return starts + 2, lengths, values, data


def _sums(data: NDArray, starts: NDArray, lengths: NDArray) -> NDArray:
    """A number for each key, from its length and letters; those of the longest keys come first."""
    # Lengths fit into a byte, so that this is one pass.
    order = np.argsort(_LONGEST - lengths.astype(np.uint8), kind="stable")
    starts, lengths = starts[order], lengths[order]
    found: NDArray = lengths.astype(np.uint64) * _FACTORS[_LONGEST]
    # How many keys have a letter at each place.
    counts = np.searchsorted(-lengths, -np.arange(lengths[0]), "left").tolist()
    for place, count in enumerate(counts):
        # Numbers go round.
        found[:count] += data[starts[:count] + place] * _FACTORS[place]
    return found


def _sums_of(keys: list[str]) -> NDArray:
    """The same of keys that stand alone."""
    joined = "".join(keys)
    if joined.isascii():
        written = joined.encode()
        sizes = map(len, keys)
    else:
        texts = [key.encode("utf-8", "surrogatepass") for key in keys]
        written = b"".join(texts)
        sizes = map(len, texts)
    lengths = np.fromiter(sizes, np.int64, len(keys))
    return _sums(np.frombuffer(written, np.uint8), np.cumsum(lengths) - lengths, lengths)


def _differ(sums: list[NDArray]) -> bool:
    if not sums:
        return True
    ordered = np.concatenate(sums)
    ordered.sort()
    return bool((ordered[1:] != ordered[:-1]).all())
