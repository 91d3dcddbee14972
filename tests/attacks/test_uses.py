"""Ways to hold a class as a value while it looks as if it only made an instance."""

from __future__ import annotations

import pytest

from tests.attacks.conftest import Rules
from tests.builder import Name, Pickle

MEMMAP, PARTIAL = Name("numpy", "memmap"), Name("functools", "partial")
NEWOBJ = Name("copyreg", "__newobj__")


def test_arguments_that_make_an_instance_are_spent_if_they_are_used_again(rules: Rules) -> None:
    pickle = Pickle().save(NEWOBJ, MEMMAP).tuple1().memo("args").reduce().pop()

    assert rules(pickle.save(PARTIAL).recall("args").reduce().stop()) == {"SL102", "SL103"}


def test_arguments_that_were_used_before_make_no_instance_without_a_trace(rules: Rules) -> None:
    pickle = Pickle().save(PARTIAL, MEMMAP).tuple1().memo("args").reduce()

    assert rules(pickle.save(NEWOBJ).recall("args").reduce().tuple2().stop()) == {"SL102", "SL103"}


@pytest.mark.parametrize("name", ["ndarray", "recarray", "memmap"])
def test_no_function_may_make_an_array_over_bytes_or_a_file(name: str, rules: Rules) -> None:
    """Given bytes and the dtype of objects, ``numpy.ndarray`` takes the bytes for pointers."""
    pickle = Pickle().call(PARTIAL, Name("numpy", name))

    assert rules(pickle.stop()) == {"SL102"}


@pytest.mark.parametrize(
    "name",
    [
        Name("types", "SimpleNamespace"),
        Name("sklearn.utils._bunch", "Bunch"),
        Name("scipy.optimize._optimize", "OptimizeResult"),
    ],
    ids=lambda name: name.name,
)
def test_no_function_may_make_an_object_of_attributes_chosen_by_name(
    name: Name, rules: Rules
) -> None:
    """``__array_interface__`` among them would let numpy read any memory."""
    function = Name("sklearn.preprocessing._function_transformer", "FunctionTransformer")
    pickle = Pickle().object_(function, state={"func": name, "kw_args": {}})

    assert rules(pickle.stop()) == {"SL102"}


@pytest.mark.parametrize("kind", ["CountVectorizer", "HashingVectorizer", "TfidfVectorizer"])
@pytest.mark.parametrize(("given", "found"), [("filename", {"SL103"}), ("content", set())])
def test_a_vectoriser_opens_no_files(kind: str, given: str, found: set[str], rules: Rules) -> None:
    name = Name("sklearn.feature_extraction.text", kind)
    pickle = Pickle().object_(name, state={"input": given})

    assert rules(pickle.stop()) == found


@pytest.mark.parametrize(
    ("pattern", "found"), [("(?:a+)+$", {"SL103"}), (r"(?u)\b\w\w+\b", set()), (None, set())]
)
def test_a_token_pattern_given_as_text_is_judged_like_a_compiled_one(
    pattern: str | None, found: set[str], rules: Rules
) -> None:
    name = Name("sklearn.feature_extraction.text", "CountVectorizer")
    pickle = Pickle().object_(name, state={"token_pattern": pattern})

    assert rules(pickle.stop()) == found
