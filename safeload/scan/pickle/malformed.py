"""How reading a stream ends where it cannot be followed any further.

Trust: not applicable; the text names what is wrong, never what the file says.
"""

from __future__ import annotations

__all__ = ["MalformedError"]


class MalformedError(Exception):
    """The stream cannot be followed any further.

    Args:
        rule: The rule's identifier.
        message: One printable sentence.
        offset: Where, bytes from the start of the member.
    """

    def __init__(self, rule: str, message: str, offset: int) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.offset = offset
