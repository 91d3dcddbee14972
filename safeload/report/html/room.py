"""How much of a report does one page hold? What weighs most comes first, and the rest is counted.

A browser gets slow with the size of a page, not with the number of its files, so that the bound is
one on characters.

Trust: file names, and how much there is to say of a file, are up to whoever made the files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

__all__ = ["Room"]

_Item = TypeVar("_Item")
# Characters of markup around one item, about.
_MARKUP = 120


class Room:
    """What a page may still hold.

    Args:
        characters: Of its source, about.
    """

    def __init__(self, characters: int) -> None:
        self._left = characters

    def take(
        self, items: Sequence[_Item], most: int, text: Callable[[_Item], str]
    ) -> Sequence[_Item]:
        """The items that there is room for, from the first.

        Args:
            items: All that could be shown.
            most: So many at most, whatever the room.
            text: What is shown of an item.
        """
        for number, item in enumerate(items[:most]):
            self._left -= _MARKUP + len(text(item))
            if self._left < 0:
                return items[:number]
        return items[:most]
