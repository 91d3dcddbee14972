"""How much of a report does one page hold? What weighs most comes first, and the rest is counted.

A browser gets slow with the size of a page, not with the number of its files, so that the bound is
one on characters.

Trust: file names, and how much there is to say of a file, are up to whoever made the files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from safeload.report.html.markup import size

__all__ = ["Room"]

_Item = TypeVar("_Item")
# About as much as a row of a table has.
_MARKUP = 120


class Room:
    """What a page may still hold.

    Args:
        characters: Of its source, about.
        markup: Of these, what is around the text of one item.
    """

    def __init__(self, characters: int, *, markup: int = _MARKUP) -> None:
        self._left = characters
        self._markup = markup

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
            self._left -= self._markup + size(text(item))
            if self._left < 0:
                return items[:number]
        return items[:most]
