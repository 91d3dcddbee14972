"""A page as a tree of elements, so that no text can become markup.

There is no template that texts are put into: every text becomes a text node or the value of an
attribute of a tree, and the standard library escapes both as it writes the tree. Nothing here takes
markup as text, but for the style sheet and the script that ship with safeload.

Trust: texts are hostile. What is not printable ASCII in them is escaped for the reader's eyes, too.
Source: HTML Living Standard, sections 13.1.2 (elements) and 13.3 (serialising).
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from xml.etree.ElementTree import Element, tostring

from safeload.errors import printable
from safeload.report.rule_pages import url_of
from safeload.rule_ids import RULE_IDS

__all__ = ["Element", "document", "lines", "rule_link", "shipped_text", "size", "tag"]

# Characters of one text that are shown.
_LONGEST = 4096
# What begins on a line of its own in the source, which people read as well.
_BLOCKS = frozenset(
    "body details div dl dt dd fieldset footer form g h1 h2 h3 h4 h5 head header html label li "
    "link main meta nav ol option p pre rect script section style summary svg table tbody thead "
    "title tr ul".split()
)

Child = Element | str | None
Value = str | int | bool | None


def tag(name: str, /, *children: Child, **attributes: Value) -> Element:
    """Make an element.

    Args:
        name: Of the element.
        *children: Elements and texts in their order; None is left out.
        **attributes: ``class_`` is written as ``class`` and ``data_rule`` as ``data-rule``; True
            stands for an attribute without a value, False and None for none at all.
    """
    element = Element(name)
    for key, value in attributes.items():
        if value is not None and value is not False:
            text = "" if value is True else _shown(str(value))
            element.set(key.rstrip("_").replace("_", "-"), text)
    last: Element | None = None
    for child in children:
        if isinstance(child, str):
            if last is None:
                element.text = (element.text or "") + _shown(child)
            else:
                last.tail = (last.tail or "") + _shown(child)
        elif child is not None:
            element.append(child)
            last = child
    if name in _BLOCKS:
        element.tail = "\n"
    return element


def rule_link(rule: str) -> Element | str:
    """Name a rule, with a link to its page.

    Args:
        rule: Its identifier; for one that is not known here there is no page, and no link.
    """
    if rule not in RULE_IDS:
        return rule
    return tag("a", rule, href=url_of(rule), rel="noreferrer")


def lines(texts: Iterable[str]) -> Element:
    """Make a block of preformatted lines.

    Args:
        texts: One line each; a line break within one is escaped like all that is not printable.
    """
    code = Element("code")
    code.text = "\n".join(map(_shown, texts))
    return tag("pre", code)


def shipped_text(name: str, text: str) -> Element:
    """Make a ``style`` or ``script`` element, whose text is written as it is.

    Args:
        name: ``"style"`` or ``"script"``.
        text: A file that ships with safeload, and nothing else.
    """
    element = tag(name)
    element.text = text
    return element


def document(root: Element) -> str:
    """Write a page.

    Args:
        root: The ``html`` element.

    Returns:
        ASCII text that ends in a line break.
    """
    written: bytes = tostring(root, encoding="us-ascii", method="html")
    return f"<!DOCTYPE html>\n{written.decode('ascii')}"


def size(text: str) -> int:
    """How many characters a text takes in the source of a page.

    Args:
        text: As given to :func:`tag`.
    """
    return len(escape(_shown(text), quote=False))


def _shown(text: str) -> str:
    if text.isascii() and text.isprintable() and len(text) <= _LONGEST:
        return text
    return printable(text, limit=_LONGEST)
