"""Ways to hold a class as a value while it looks as if it only made an instance."""

from __future__ import annotations

import pytest

from tests.attacks.conftest import Rules
from tests.builder import Name, Pickle

MEMMAP, PARTIAL = Name("numpy", "memmap"), Name("functools", "partial")
NEWOBJ = Name("copyreg", "__newobj__")


def test_arguments_that_make_an_instance_are_spent_if_they_are_used_again(rules: Rules) -> None:
    pickle = Pickle().save(NEWOBJ, MEMMAP).tuple1().memo("args").reduce().pop()

    assert rules(pickle.save(PARTIAL).recall("args").reduce().stop()) == {"SL102"}


def test_arguments_that_were_used_before_make_no_instance_without_a_trace(rules: Rules) -> None:
    pickle = Pickle().save(PARTIAL, MEMMAP).tuple1().memo("args").reduce()

    assert rules(pickle.save(NEWOBJ).recall("args").reduce().tuple2().stop()) == {"SL102"}


@pytest.mark.parametrize("name", ["ndarray", "recarray", "memmap"])
def test_no_function_may_make_an_array_over_bytes_or_a_file(name: str, rules: Rules) -> None:
    """Given bytes and the dtype of objects, ``numpy.ndarray`` takes the bytes for pointers."""
    pickle = Pickle().call(PARTIAL, Name("numpy", name))

    assert rules(pickle.stop()) == {"SL102"}
