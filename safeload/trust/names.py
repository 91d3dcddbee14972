"""What is the name of a model, and which names does a pattern of the trust file stand for?

A name is 1 to 255 printable characters in Unicode's normal form C, without separators and without
a blank at either end: two names that look the same by composition are the same, and none can pass
for a path or for two lines. Case matters.

A pattern stands for names: ``*`` for any number of characters, ``?`` for one, and every other
character for itself. What a shell would take for more than that (``[a-z]``, ``{a,b}``, ``!x``) is
refused, because it would grant something else than its writer meant.

Trust: names come from arguments, from signed statements and from the trust file; what is not a name
is never compared with anything.

Source: UAX #15 (normal forms); Unicode's property Default_Ignorable_Code_Point for what is not
seen, and U+2800, a braille cell without dots; POSIX, Shell Command Language, 2.2 and 2.14, for what
is special.
"""

from __future__ import annotations

import re
import unicodedata

from safeload.errors import UsageError

__all__ = ["matches", "require_name", "stands_for", "why_no_name", "why_no_pattern"]

_CHARACTERS = 255
# Letters, marks and a sign that show nothing, or change only how another one is drawn. The other
# characters of that kind are not printable in Python's sense.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
_SEPARATORS = frozenset("/\\")
_WILD = frozenset("*?")
# Of ASCII, what stands for itself in a shell wherever it stands; a blank does in quotes, and the
# trust file's patterns are in quotes.
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 %+,-.:=@_")


def why_no_name(text: object) -> str:
    """Say why something is not the name of a model.

    Args:
        text: Anything.

    Returns:
        The end of a sentence that begins with what it is, or an empty string for a name.
    """
    if not isinstance(text, str) or not 0 < len(text) <= _CHARACTERS:
        return f"is not a text of 1 to {_CHARACTERS} characters"
    if not text.isprintable() or (not text.isascii() and _UNSEEN.search(text)):
        return "holds a character that cannot be shown"
    if _SEPARATORS & set(text):
        return "holds a separator of paths, which names do not have"
    if text != text.strip():
        return "begins or ends with a blank"
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        return "is not in Unicode's normal form C (NFC)"
    return ""


def why_no_pattern(text: object) -> str:
    """Say why something is not a pattern of names.

    Args:
        text: Anything.

    Returns:
        The end of a sentence that begins with what it is, or an empty string for a pattern.
    """
    wrong = why_no_name(text)
    if wrong or not isinstance(text, str):
        return wrong
    special = next((c for c in text if c.isascii() and c not in _PLAIN | _WILD), None)
    if special is not None:
        return (
            f"holds {special!r}, which a shell would take for more than itself; write ? for a "
            "character that is meant as such"
        )
    return ""


def matches(pattern: str, name: str) -> bool:
    """Whether a pattern stands for a name.

    Args:
        pattern: What :func:`why_no_pattern` has nothing against.
        name: Any text; what is not a name is matched by no pattern.
    """
    return not why_no_name(name) and stands_for(pattern, name)


def stands_for(pattern: str, text: str) -> bool:
    """Whether a text is one that a pattern stands for, in steps that the two lengths bound.

    Args:
        pattern: Text in which ``*`` stands for any number of characters and ``?`` for one.
        text: Any text.
    """
    # Where the last * was met: the place after it, and how far into the text it reaches.
    after_star, reach = -1, 0
    at = place = 0
    while at < len(text):
        if place < len(pattern) and pattern[place] == "*":
            place += 1
            after_star, reach = place, at
        elif place < len(pattern) and pattern[place] in ("?", text[at]):
            place += 1
            at += 1
        elif after_star >= 0:
            reach += 1
            place, at = after_star, reach
        else:
            return False
    return not pattern[place:].strip("*")


def require_name(name: object, *, code: str = "model-name") -> None:
    """Require that what a caller gives as the name of a model is one.

    Args:
        name: What the caller gave.
        code: Code of the error.

    Raises:
        UsageError: No model can have this name.
    """
    if wrong := why_no_name(name):
        raise UsageError(
            f"The name of the model {wrong}.",
            code=code,
            hint="Names are 1 to 255 printable characters in normal form C, without / and \\, and "
            "without blanks at either end.",
        )
