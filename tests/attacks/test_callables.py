"""A callable that a model may keep only computes, and the search would see if it did else."""

from __future__ import annotations

import random

import pytest

from tests.attacks import culprits
from tests.attacks.callables import Finding, kept, search

# What the search finds and is no harm, by name, and why.
_OBJECTS = "Python's own texts and whole numbers in arrays of objects grow as Python has them grow"
KNOWN = {
    "_operator:mul": _OBJECTS,
    "numpy.random._pickle:__bit_generator_ctor": "numpy calls it while it loads a generator",
    "numpy:multiply": _OBJECTS,
    "numpy:power": _OBJECTS,
    "numpy:sum": "a sum of tuples in an array of objects is a tuple; no class is called with it",
}


@pytest.mark.guarantee("G22")
def test_some_odd_arguments_do_no_harm_to_any_callable() -> None:
    names = list(kept())
    random.Random(0).shuffle(names)
    calls, findings = search(names, sets=6)
    assert calls == 6 * len(names)
    assert [each for each in findings if each.name not in KNOWN] == []


@pytest.mark.slow
def test_no_odd_arguments_do_harm_to_any_callable() -> None:
    _, findings = search(list(kept()), sets=300)
    assert [each for each in findings if each.name not in KNOWN] == []


@pytest.fixture(scope="module")
def found() -> list[Finding]:
    _, findings = search(list(culprits.CALLABLES), sets=2, callables=culprits.__name__)
    return findings


@pytest.mark.xdist_group("culprits")
@pytest.mark.parametrize(
    ("culprit", "harm"),
    [
        ("crashes", "ended by signal 11"),
        ("never_ends", "ended by signal 27"),
        ("hoards", "MiB"),
        ("asks", "asks for more memory"),
        ("writes", "the canary"),
        ("imports", "imports canary_module"),
        ("evaluates", "evaluates text"),
        ("runs", "os.system"),
        ("changes", "changes os: altsep"),
        ("gives_iterator", "gives builtins.list_iterator"),
        ("gives_tuple", "gives a tuple"),
    ],
)
def test_the_search_sees_what_it_is_for(culprit: str, harm: str, found: list[Finding]) -> None:
    of_culprit = [each.harm for each in found if each.name.endswith(f":{culprit}")]
    assert any(harm in each for each in of_culprit)


def test_the_search_sees_nothing_where_nothing_is(found: list[Finding]) -> None:
    innocent = [each for each in found if each.name.endswith((":computes", ":refuses"))]
    assert innocent == []
