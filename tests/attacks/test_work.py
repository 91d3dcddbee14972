"""Work that a few bytes ask for, while a file is scanned and while it would be loaded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.attacks.conftest import Rules
from tests.builder import Name, Pickle
from tests.costs import ends

NAMESPACE = Name("types", "SimpleNamespace")


@pytest.fixture(autouse=True)
def end() -> Iterator[None]:
    """Every test here fails by itself if the scan goes on for ever."""
    with ends():
        yield


def test_many_items_put_into_one_object_cost_what_they_weigh(rules: Rules) -> None:
    pickle = Pickle().global_("collections", "OrderedDict").empty_tuple().reduce()

    assert rules(pickle.raw(b"NNs" * 300_000).stop()) == set()


def test_an_object_is_given_one_state_at_most(rules: Rules) -> None:
    pickle = Pickle().save(NAMESPACE).empty_tuple().newobj()

    assert rules(pickle.raw(b"}b" * 300_000).stop()) == {"SL105"}


@pytest.mark.parametrize("kind", ["frozenset", "set"])
def test_a_set_made_by_a_call_hashes_no_endless_tuples(kind: str, rules: Rules) -> None:
    pickle = Pickle().none().raw(b"\x85" * 100_000).tuple1().tuple1().memo("args").pop()

    assert "SL002" in rules(pickle.save(Name("builtins", kind)).recall("args").reduce().stop())


def test_a_named_tuple_counts_as_a_tuple_when_it_is_a_key(rules: Rules) -> None:
    pickle = Pickle().save(Name("sklearn.utils._encode", "MissingValues")).memo("class").pop()
    pickle.newfalse().newfalse().tuple2().memo(0).pop()
    for depth in range(60):
        pickle.recall("class").recall(depth).recall(depth).tuple2().newobj().memo(depth + 1).pop()

    assert "SL002" in rules(pickle.empty_dict().recall(60).none().setitem().stop())


def test_keys_that_legitimate_writers_make_by_calls_are_accepted(rules: Rules) -> None:
    days = [lambda p, n=n: p.call(Name("datetime", "timedelta"), n, 0, 0) for n in range(3_000)]

    assert rules(Pickle().save(dict.fromkeys(days, 1)).stop()) == set()


def test_a_key_that_would_be_computed_for_hours_is_not_computed(rules: Rules) -> None:
    huge = [
        lambda p, n=n: p.call(Name("fractions", "Fraction"), f"1e{10**9 + n}") for n in range(200)
    ]

    assert rules(Pickle().save(dict.fromkeys(huge, 1)).stop()) == {"SL103"}


def test_a_key_of_many_references_to_one_tuple_is_not_written_out(rules: Rules) -> None:
    pickle = Pickle().mark().raw(b"N" * 500_000).tuple_().memo("wide").pop().empty_dict().mark()
    for _ in range(5_000):
        pickle.recall("wide")

    assert "SL002" in rules(pickle.tuple_().none().setitem().stop())


@pytest.mark.parametrize("use", [b"h\x01h\x00\x81", b"h\x01h\x00R", b"h\x01h\x00\x85R"])
def test_a_tuple_that_is_taken_again_and_again_costs_its_size(use: bytes, rules: Rules) -> None:
    pickle = Pickle().mark().raw(b"N" * 50_000).tuple_().binput(0).pop()
    pickle.save(Name("collections", "deque")).binput(1).pop()

    assert "SL002" in rules(pickle.mark().raw(use * 20_000).list_().stop())


def test_a_list_of_steps_that_many_pipelines_share_is_walked_once(rules: Rules) -> None:
    pickle = Pickle().empty_list().memo("all").mark().empty_list().memo("shared by all").mark()
    pickle.raw(b"N" * 20_000).appends().pop()
    for _ in range(2_000):
        pickle.save(Name("sklearn.pipeline", "Pipeline")).empty_tuple().newobj()
        pickle.empty_dict().save("steps").recall("shared by all").setitem().build()

    assert rules(pickle.appends().stop()) <= {"SL002"}


@pytest.mark.parametrize("attribute", ["feature_names_in_", "kw_args", "n_features_in_"])
def test_a_list_that_many_models_share_is_walked_once(attribute: str, rules: Rules) -> None:
    pickle = Pickle().empty_list().memo("all").mark().empty_list().memo("shared").mark()
    pickle.raw(b"K\x01" * 20_000).appends().pop()
    for _ in range(2_000):
        pickle.save(Name("sklearn.preprocessing._data", "Normalizer")).empty_tuple().newobj()
        pickle.empty_dict().save(attribute).recall("shared").setitem().build()

    assert rules(pickle.appends().stop()) <= {"SL002"}
