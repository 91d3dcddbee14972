"""Binary trees in arrays: whether children lie in their tree, belong to one parent, and how deep.

Nodes are numbered; each inner node has a first and a second child. Several trees may be given at
once, one behind the other and numbered through.

Most writers put nodes down depth-first: the first child right behind its parent, the second one
right behind all that is below the first. :func:`strides` sees whether all trees are written so and
how much is below each first child, from which :func:`is_deeper` finds paths that are too long
without going down where there is not enough left to make one. For any other order :func:`fault`
looks at the links one by one, and says what is wrong.

Trust: children may be any numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Links", "fault", "is_deeper", "strides"]

_Ints = npt.NDArray[np.intp]

# Levels that are gone down one by one; who is deeper is looked at in another way.
_LEVELS = 256
_MOST_NODES = 2**31


class Links(NamedTuple):
    """Trees, one behind the other and numbered through.

    Attributes:
        is_inner: For each node, whether it has children.
        inner: The numbers of those that have, ascending.
        first: The first child of each.
        second: The second child of each.
        starts: The number of the first node of each tree, ascending.
        ends: The number behind the last node of each tree; no tree is empty.
    """

    is_inner: npt.NDArray[np.bool_]
    inner: _Ints
    first: _Ints
    second: _Ints
    starts: _Ints
    ends: _Ints


def strides(links: Links) -> npt.NDArray[np.int32] | None:
    """How far behind each inner node its second child stands, if all trees are depth-first.

    Take a step up for each inner node and one down for each leaf, in the order of the nodes. The
    second child of a node stands where the steps come back for the first time to where they were
    at the node: there, what is below the first child is complete. A later return is no second
    child. So if each second child stands at *some* return, and their numbers together are as small
    as those of all first returns, then each is the right one.

    Args:
        links: The trees.

    Returns:
        A number for each inner node; None if some node is out of order or out of its tree, which
        does not say yet that it is not sound.
    """
    is_inner, inner, first, second, starts, ends = links
    nodes, parents = len(is_inner), len(inner)
    before = np.empty(nodes + 1, np.intp)
    before[0] = 0
    np.cumsum(is_inner, out=before[1:])
    # A tree of so many inner nodes has one more leaf.
    if ((before[ends] - before[starts]) * 2 + 1 != ends - starts).any():
        return None
    if parents == 0:
        return np.empty(0, np.int32)
    stride = second - inner
    # A negative number is a large one without its sign.
    if nodes >= _MOST_NODES or int(stride.min()) < 2 or int(second.view(np.uintp).max()) >= nodes:
        return None
    if (first - inner != 1).any():
        return None
    # As many steps up as down in between.
    climbed = before.take(second)
    climbed -= np.arange(parents)
    climbed += climbed
    if (climbed != stride).any():
        return None
    # All numbers that stand behind a leaf, but for those behind the last leaf of a tree.
    returns = nodes * (nodes - 1) // 2 - int(inner.sum()) + nodes - parents - int(ends.sum())
    return stride.astype(np.int32) if int(second.sum()) == returns else None


def is_deeper(stride: npt.NDArray[np.int32], parents: _Ints, limits: _Ints) -> bool | None:
    """Whether some tree has a longer path than it may have.

    Args:
        stride: What :func:`strides` says of all trees, one behind the other.
        parents: Number of inner nodes of each tree.
        limits: How many steps down each tree may take.

    Returns:
        The answer, or None for trees so deep that another way is shorter.
    """
    # Subtrees that may hold such a path: their place among all inner nodes, how many inner nodes
    # they have, and how many steps are left.
    place, count, room = np.cumsum(parents) - parents, parents, limits
    for _ in range(_LEVELS):
        # So many inner nodes make no longer path than one of them below the other.
        enough = (count > room).nonzero()[0]
        if enough.size == 0:
            return False
        place, count, room = place.take(enough), count.take(enough), room.take(enough)
        room -= 1
        if int(room.min()) < -1:
            return True
        # The first child and what is below it fill the way to the second.
        of_first = stride.take(place) // 2 - 1
        place += 1
        count -= 1
        place = np.concatenate((place, place + of_first))
        count = np.concatenate((of_first, count - of_first))
        room = np.concatenate((room, room))
    return None


def fault(links: Links, limits: _Ints | None) -> str | None:
    """What is wrong with the links of some tree.

    Args:
        links: The trees.
        limits: How many steps down each tree may take, or None for any number.

    Returns:
        The reason, or None. Nodes that no other leads to are no fault.
    """
    is_inner, inner, first, second, starts, ends = links
    stop = ends[np.searchsorted(ends, inner, "right")]
    for child in (first, second):
        if not ((child > inner) & (child < stop)).all():
            return "has a child that is not behind its parent, or not in the tree"
    reached = np.zeros(len(is_inner), bool)
    reached[first] = True
    reached[second] = True
    if np.count_nonzero(reached) != 2 * len(inner):
        return "has a node with two parents"
    if limits is None:
        return None
    # The way up, twice as far in each round.
    above = np.arange(len(is_inner))
    above[first] = inner
    above[second] = inner
    depth = reached.astype(np.int32)
    while True:
        further = depth.take(above)
        if not further.any():
            break
        depth += further
        above = above.take(above)
    if (np.maximum.reduceat(depth, starts) > limits).any():
        return "has a path that is longer than max_depth"
    return None
