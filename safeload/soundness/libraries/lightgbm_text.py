"""The text of a LightGBM model: its header, and the fields of each of its trees.

LightGBM looks for the end of a line, for an equals sign and for the next tree without looking for
the end of the text, and goes where ``tree_sizes`` sends it. So the text is taken apart here in the
one way in which it is written: where every reader finds the same trees.

Trust: the text is hostile. What comes out is no more than lines taken apart.
Source: LightGBM ``src/boosting/gbdt_model_text.cpp`` (``SaveModelToString``,
``LoadModelFromString``), ``src/io/tree.cpp`` (``Tree::ToString``, ``Tree::Tree``).
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from safeload.scan.bounds.allowance import check_time
from safeload.soundness.states import UnreadError, UnsoundError

__all__ = ["Lines", "ModelText", "take_apart"]

Lines = dict[bytes, bytes]

_TREE: Final = b"Tree="
_END: Final = b"\nend of trees\n"
_SIZES: Final = b"tree_sizes"
# Lines that LightGBM reads of a tree at most; it looks for the next tree behind them.
_MAX_LINES: Final = 22
_TREES_PER_LOOK: Final = 256
# What LightGBM looks for in a header; no other line counts.
_HEADER: Final = frozenset(
    b"average_output feature_infos feature_names label_index max_feature_idx monotone_constraints "
    b"num_class num_tree_per_iteration objective tree_sizes version".split()
)
_NAME: Final = re.compile(rb"[a-z_]{1,32}")
_COUNTS: Final = re.compile(rb"[0-9]{1,18}(?: [0-9]{1,18})*")


class ModelText(NamedTuple):
    """A model's text.

    Attributes:
        header: The lines of the header that count, by their names.
        trees: The lines of each tree, by their names.
    """

    header: Lines
    trees: list[Lines]


def take_apart(text: bytes) -> ModelText:
    """Take the text of a model apart.

    Args:
        text: The text, UTF-8.

    Raises:
        UnsoundError: It is not written as LightGBM writes it.
        UnreadError: It has no end of its trees, as in releases that nobody has any more.
        OverLimitError: The file has had its time.
    """
    if b"\0" in text or b"\r" in text:
        raise UnsoundError("its text has characters that LightGBM does not write")
    begin = 0 if text.startswith(_TREE) else text.find(b"\n" + _TREE) + 1
    if not begin:
        # Without a tree, LightGBM takes every line for one of the header.
        header = _header(text)
        if header.get(_SIZES):
            raise UnsoundError("tree_sizes is where no tree is")
        return ModelText(header, [])
    header = _header(text[:begin])
    end = text.find(_END, begin)
    if end < 0:
        raise UnreadError("its trees have no end, as before LightGBM 2.2")
    blocks = text[begin : end + 1].split(_TREE)[1:]
    if _SIZES in header:
        sizes = [len(_TREE) + len(block) for block in blocks]
        sizes_given = header[_SIZES]
        if not _COUNTS.fullmatch(sizes_given) or [*map(int, sizes_given.split(b" "))] != sizes:
            raise UnsoundError("tree_sizes is not where its trees are")
    trees = []
    for number, block in enumerate(blocks):
        if not number % _TREES_PER_LOOK:
            check_time()
        trees.append(_tree(number, block))
    return ModelText(header, trees)


def _header(text: bytes) -> Lines:
    found: Lines = {}
    for line in text.split(b"\n"):
        name, _, value = line.partition(b"=")
        if not name and value:
            # The first part that is not empty counts.
            raise UnsoundError("a line of its header has no name")
        if name in _HEADER:
            if name in found:
                raise UnsoundError(f"{name.decode()} stands twice in its header")
            found[name] = value
    return found


def _tree(number: int, block: bytes) -> Lines:
    first, *lines = block.rstrip(b"\n").split(b"\n")
    if first != b"%d" % number:
        raise UnsoundError("trees are not numbered in order")
    if not block.endswith(b"\n\n") or len(lines) > _MAX_LINES:
        raise UnsoundError("a tree has no end")
    found: Lines = {}
    for line in lines:
        name, _, value = line.partition(b"=")
        if not _NAME.fullmatch(name) or name in found:
            raise UnsoundError("a tree has a line that LightGBM does not write")
        found[name] = value
    return found
