"""What is recalled from the memo before it has its state, which turns it into something else.

A dtype, or an array, is made empty by a call and told by a state what it is. Whatever it is part of
by then would change with it.

Trust: tokens are hostile.
Source: numpy ``_reconstruct`` and ``array_setstate``; ``arraydescr_setstate``.
"""

from __future__ import annotations

from safeload.scan.program import Global, ObjectToken

__all__ = ["Unfinished"]


class Unfinished:
    """Arrays that were recalled before they had their bytes."""

    def __init__(self) -> None:
        # By identity; kept alive so that nothing else takes that identity.
        self._arrays: dict[int, ObjectToken] = {}

    def lookup(self, token: ObjectToken) -> str | None:
        """Note that what a call returned is recalled, and has no state yet.

        Args:
            token: What was recalled.

        Returns:
            What is wrong with that at once, or None.
        """
        if token.is_of("numpy", "dtype"):
            return "A dtype is used before it has its state."
        target = token.callable
        if isinstance(target, Global) and target.name in ("_reconstruct", "_mareconstruct"):
            self._arrays[id(token)] = token
        return None

    @property
    def changed(self) -> bool:
        """Whether some array was given bytes later; one of objects may well contain itself."""
        return any(
            not (type(state) is tuple and len(state) == 5 and type(state[4]) is list)
            for array in self._arrays.values()
            for state in array.states
        )
