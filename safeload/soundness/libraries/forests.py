"""Forests of boosters: is each node below the root of its tree reached once, and how deep?

Trees lie one behind the other, and their nodes are numbered through. They may be numbered in any
order within a tree: boosters reuse the numbers of nodes that were pruned.

Trust: children may be any numbers.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from safeload.scan.bounds.allowance import check_time
from safeload.soundness.states import UnsoundError

__all__ = ["MAX_DEPTH", "Forest", "reached"]

_Ints = npt.NDArray[np.int64]

# Steps down to the deepest leaf. Libraries go down by recursion, and most stacks end at 8 MiB;
# legitimate trees are a few hundred deep at most.
MAX_DEPTH: Final = 4_000
_LEVELS_PER_LOOK: Final = 1_000


class Forest(NamedTuple):
    """Trees, one behind the other.

    Attributes:
        first: For each node, its first child as its number within its tree.
        second: Its second child.
        is_inner: Whether it has children at all; those of others are not looked at.
        sizes: How many nodes each tree has, one at least.
    """

    first: _Ints
    second: _Ints
    is_inner: npt.NDArray[np.bool_]
    sizes: _Ints


def reached(forest: Forest) -> npt.NDArray[np.bool_]:
    """Go down all trees at once.

    Args:
        forest: The trees.

    Returns:
        For each node, whether it is the root or below it.

    Raises:
        UnsoundError: A child is not in its tree, a node has two parents or is below itself, or a
            leaf is deeper than libraries can go.
    """
    first, second, is_inner, sizes = forest
    ends = np.cumsum(sizes)
    roots = ends - sizes
    inner = is_inner.nonzero()[0]
    start, size = (np.repeat(numbers, sizes)[inner] for numbers in (roots, sizes))
    children = np.concatenate((first[inner], second[inner]))
    # The root is nobody's child.
    if not ((children > 0) & (children < np.concatenate((size, size)))).all():
        raise UnsoundError("a tree has a child that is not in it")
    children += np.concatenate((start, start))
    found = np.zeros(len(is_inner), bool)
    found[children] = True
    if np.count_nonzero(found) != len(children):
        raise UnsoundError("a tree has a node with two parents")
    # From here on whatever is met is met once, because it has one parent.
    found[:] = False
    place = np.zeros(len(is_inner), np.int64)
    place[inner] = np.arange(len(inner))
    level, depth = roots, 0
    while level.size:
        found[level] = True
        above = place[level[is_inner[level]]]
        level = np.concatenate((children[above], children[above + len(inner)]))
        depth += 1
        if depth > MAX_DEPTH + 1:
            raise UnsoundError(f"a tree is more than {MAX_DEPTH} levels deep")
        if not depth % _LEVELS_PER_LOOK:
            check_time()
    return found
