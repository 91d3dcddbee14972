"""Numbers too large to print, to multiply or to count up to."""

from __future__ import annotations

import pytest

from tests.attacks.conftest import Rules
from tests.builder import Name, Pickle
from tests.costs import ends

HUGE = 1 << 14_000


def _plain_dtype(pickle: Pickle) -> Pickle:
    state = (3, "|", None, None, None, -1, -1, 0)
    return pickle.call(Name("numpy", "dtype"), "i1", False, True).save(state).build()


@pytest.mark.parametrize("place", [5, 6, 7])
def test_a_dtype_of_a_number_beyond_print_is_refused(place: int, rules: Rules) -> None:
    state: list[object] = [3, "<", None, None, None, -1, -1, 0]
    state[place] = lambda pickle: pickle.long4(HUGE)
    pickle = Pickle().call(Name("numpy", "dtype"), "f8", False, True)

    assert rules(pickle.save(tuple(state)).build().stop()) == {"SL103"}


def test_lengths_that_take_long_to_multiply_are_refused(rules: Rules) -> None:
    pickle = Pickle().long4(HUGE).memo("n").pop()
    pickle.call(
        Name("numpy._core.multiarray", "_reconstruct"), Name("numpy", "ndarray"), (0,), b"b"
    ).mark().binint1(1).mark()
    for _ in range(60):
        pickle.recall("n")
    _plain_dtype(pickle.tuple_()).newfalse().save(b"").tuple_().build()

    with ends():
        assert rules(pickle.stop()) == {"SL103"}


def test_a_frame_of_more_columns_than_can_be_counted_is_refused(rules: Rules) -> None:
    columns = lambda p: p.call(Name("builtins", "slice"), 0, 1 << 62, 1)  # noqa: E731
    values = lambda p: p.call(  # noqa: E731
        Name("numpy._core.multiarray", "_reconstruct"), Name("numpy", "ndarray"), (0,), b"b"
    )
    block = lambda p: p.call(  # noqa: E731
        Name("pandas._libs.internals", "_unpickle_block"), values, columns, 2
    )
    pickle = Pickle().call(Name("pandas.core.internals.managers", "BlockManager"), (block,), [])

    assert rules(pickle.stop()) == {"SL103"}


def test_a_dtype_that_is_small_in_the_file_and_endless_when_written_out_is_refused(
    rules: Rules,
) -> None:
    names = tuple("abcdefghij")
    pickle = _plain_dtype(Pickle()).memo(0).pop()
    for depth in range(12):
        fields = {name: (lambda p, d=depth: p.recall(d), 0) for name in names}
        pickle.call(Name("numpy", "dtype"), "V1", False, True)
        pickle.save((3, "|", None, names, fields, 1, 1, 0)).build().memo(depth + 1).pop()

    assert rules(pickle.recall(12).stop()) == {"SL002", "SL103"}


@pytest.mark.parametrize("code", ["f8", "M8"])
def test_metadata_of_a_dtype_are_a_dict_or_nothing(code: str, rules: Rules) -> None:
    metadata = (7, (b"ns", 1, 1, 1)) if code == "M8" else 7
    pickle = Pickle().call(Name("numpy", "dtype"), code, False, True)

    assert rules(pickle.save((4, "<", None, None, None, -1, -1, 0, metadata)).build().stop()) == {
        "SL103"
    }
