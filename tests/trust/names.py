"""Names of models and patterns of them, as hypothesis makes them."""

from __future__ import annotations

import unicodedata

from hypothesis import strategies as st

__all__ = ["NAMES", "PATTERNS"]


def _is_name(text: str) -> bool:
    return (
        text.isprintable()
        and unicodedata.is_normalized("NFC", text)
        and text == text.strip()
        and not {"/", "\\"} & set(text)
    )


NAMES = st.text(min_size=1, max_size=255).filter(_is_name)
# Of what a shell has a use for, patterns hold * and ? only.
PATTERNS = NAMES.filter(lambda text: not set(text) & set("!\"#$&'();<>[]^`{|}~"))
