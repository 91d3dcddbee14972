"""Streams of opcodes as hypothesis draws them: valid ones, and genuine ones that are damaged."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.scan.grammar import stream

__all__ = ["mutations", "streams"]


def streams(most: int = 40, **kinds: Any) -> st.SearchStrategy[bytes]:
    """Whole streams, PROTO to STOP, in frames or not.

    Args:
        most: Opcodes (or groups of a few), at most.
        kinds: As :func:`tests.scan.grammar.stream` takes them.
    """
    randoms = st.randoms(use_true_random=False)
    return randoms.map(lambda rng: stream(rng, most=most, **kinds))


@st.composite
def mutations(draw: st.DrawFn, originals: list[bytes]) -> bytes:
    """One of several files with a few bytes replaced, inserted, removed or doubled."""
    data = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(len(data) - 1, 0)))
        kind = draw(st.sampled_from("flip set insert remove double swap".split()))
        length = draw(st.integers(1, 12))
        if kind == "flip" and data:
            data[place] ^= 1 << draw(st.integers(0, 7))
        elif kind == "set" and data:
            data[place] = draw(st.sampled_from(b".0(tRbo}]N\x80\x81\x85\x8c\x93\x94\x95qhjc"))
        elif kind == "insert":
            data[place:place] = draw(st.binary(min_size=1, max_size=12))
        elif kind == "remove":
            del data[place : place + length]
        elif kind == "double":
            data[place:place] = data[place : place + length]
        else:
            other = draw(st.sampled_from(originals))
            start = draw(st.integers(0, len(other) - 1))
            data[place : place + length] = other[start : start + length]
    return bytes(data)
