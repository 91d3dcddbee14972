"""Names of models and patterns of them, as hypothesis makes them."""

from __future__ import annotations

import unicodedata

from hypothesis import strategies as st

__all__ = ["NAMES", "PATTERNS"]


# Printable in Python's sense, and not seen.
_UNSEEN = {0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0}
_UNSEEN |= {*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}


def _is_name(text: str) -> bool:
    return (
        text.isprintable()
        and _UNSEEN.isdisjoint(map(ord, text))
        and unicodedata.is_normalized("NFC", text)
        and text == text.strip()
        and not {"/", "\\"} & set(text)
    )


NAMES = st.text(min_size=1, max_size=255).filter(_is_name)
# Of what a shell has a use for, patterns hold * and ? only.
PATTERNS = NAMES.filter(lambda text: not set(text) & set("!\"#$&'();<>[]^`{|}~"))
