"""The judge accepts what the policy allows in every respect, and names the rule for the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from safeload.policy.judge import judge
from safeload.policy.packs import opt_in_packs
from safeload.policy.policy import Entry, Policy
from safeload.policy.rules import RULES
from safeload.scan.program import Use
from safeload.scan.scan import scan
from safeload.verdict import Severity, Verdict, verdict_of
from tests.builder import Name, Pickle
from tests.costs import ends

ALL = frozenset(Use)
MODEL = Name("our.models", "Model")
MAKE = Name("our.models", "make")
PLAIN = Name("our.models", "plain")
VALUE = Name("our.models", "VALUE")
DICT = Name("our.models", "Dict")
TEXT = Name("numpy", "str_")
USER = Name("collections", "UserString")
POLICY = Policy(
    {
        ("our.models", "Model"): Entry(frozenset([Use.CONSTRUCT]), None, "ours"),
        ("our.models", "make"): Entry(frozenset([Use.CALL]), None, "ours"),
        ("our.models", "plain"): Entry(frozenset([Use.CALL]), "plain_arguments", "ours"),
        ("our.models", "VALUE"): Entry(frozenset([Use.REFERENCE]), None, "ours"),
        ("our.models", "Dict"): Entry(frozenset([Use.CONSTRUCT, Use.FILL]), None, "ours"),
        ("numpy", "str_"): Entry(frozenset([Use.CALL]), "text", "ours"),
        ("collections", "UserString"): Entry(frozenset([Use.CONSTRUCT]), None, "ours"),
        ("builtins", "dict"): Entry(ALL, None, "ours"),
    },
    "digest",
)
EVIL = Name("posix", "system")

Fill = Callable[[Pickle], object]


def rules(fill: Fill, policy: Policy = POLICY) -> list[str]:
    pickle = Pickle(4)
    fill(pickle)
    found = judge(scan(pickle.finish()), policy).findings
    assert all(finding.severity is Severity.ERROR for finding in found)
    return [finding.rule for finding in found]


def of_another_class(pickle: Pickle) -> None:
    pickle.object_(DICT).mark().save("__class__", 1).setitems()


def state(value: Any) -> Fill:
    return lambda p: p.object_(MODEL, state=value)


ALLOWED: dict[str, Fill] = {
    "plain values": lambda p: p.save({"a": [1, (2.5, None)], "b": {"c"}}),
    "an object": state({"a": 1}),
    "an object without a state": lambda p: p.object_(MODEL),
    "an object in protocol 0": lambda p: p.object_(MODEL, state={"a": 1}),
    "slots": state((None, {"a": 1})),
    "both dicts": state(({"a": 1}, {"b": 2})),
    "a state of a form of its own": state((1, 2, 3)),
    "an empty state": state({}),
    "a call": lambda p: p.call(MAKE, 1),
    "a call under its rule": lambda p: p.call(PLAIN, 1, "two", (3, [4])),
    "a value": lambda p: p.save(VALUE),
    "a value in a state": state({"a": VALUE}),
    "a docstring": state({"__doc__": "text", "__name__": None}),
}


@pytest.mark.parametrize("case", ALLOWED)
def test_what_the_policy_allows_has_no_finding(case: str) -> None:
    assert rules(ALLOWED[case]) == []


REFUSED: dict[str, tuple[Fill, str]] = {
    "a name that is not listed": (lambda p: p.call(EVIL, "id"), "SL101"),
    "a name that is only popped": (lambda p: p.save(EVIL).pop().none(), "SL101"),
    "a name next to a listed one": (lambda p: p.save(Name("our.models", "Models")), "SL101"),
    "a name below a listed one": (lambda p: p.save(Name("our.models", "Model.mro")), "SL101"),
    "another use: called": (lambda p: p.call(MODEL), "SL102"),
    "another use: constructed": (lambda p: p.object_(MAKE), "SL102"),
    "another use: left as a value": (lambda p: p.save(MODEL), "SL102"),
    "another use: called, not a value": (lambda p: p.call(VALUE), "SL102"),
    "another use: filled": (lambda p: p.object_(MODEL).none().append(), "SL102"),
    "BUILD on what a call returned": (lambda p: p.call(MAKE).save({"a": 1}).build(), "SL104"),
    "arguments against the rule": (lambda p: p.call(PLAIN, VALUE), "SL103"),
    "a construction with arguments": (lambda p: p.object_(MODEL, 1), "SL103"),
    "a construction with keywords": (
        lambda p: p.save(MODEL, (), {"a": 1}).newobj_ex(),
        "SL103",
    ),
    "BUILD on a name": (lambda p: p.save(VALUE).save({"a": 1}).build(), "SL104"),
    "BUILD on a list": (lambda p: p.save([]).save({"a": 1}).build(), "SL104"),
    "a dunder in the state": (state({"__class__": 1}), "SL105"),
    "a name in the state that nobody would write": (state({"n" * 256: 1}), "SL105"),
    **{
        f"a page of its own by {name}": (state({name: 1}), "SL105")
        for name in ("_repr_html_", "_html_repr", "_get_doc_link", "_sk_visual_block_")
    },
    "a dunder in the slots": (state((None, {"__dict__": 1})), "SL105"),
    "a dunder in both dicts": (state(({"__class__": 1}, {"a": 1})), "SL105"),
    "a name that is not a string": (state({1: 2}), "SL105"),
    "a docstring that is not a text": (state({"__doc__": VALUE}), "SL105"),
    "a state that is an object": (
        lambda p: p.object_(MODEL, state=lambda q: q.object_(DICT)),
        "SL105",
    ),
    "a state that is a dict by a call": (
        lambda p: p.object_(MODEL, state=lambda q: q.call(Name("builtins", "dict"))),
        "SL105",
    ),
    "slots that are a dict of another class": (state((None, of_another_class)), "SL105"),
    "numbers and a dict of another class": (state((1, of_another_class)), "SL105"),
    "an attribute that is set twice": (
        lambda p: p.object_(MODEL).empty_dict().mark().save("a", 1, "a", 2).setitems().build(),
        "SL105",
    ),
    "an item under a dunder of numpy's": (
        lambda p: p.object_(DICT).save(lambda q: q.call(TEXT, "__class__"), 1).setitem(),
        "SL105",
    ),
    "an item under a dunder that is equal to one": (
        lambda p: p.object_(DICT).object_(USER, state={"data": "__class__"}).none().setitem(),
        "SL105",
    ),
    "items in something else": (lambda p: p.save((), None).append(), "SL106"),
    "a call of what a call made": (lambda p: p.call(lambda q: q.call(MAKE)), "SL107"),
    "code in a function": (
        lambda p: p.call(Name("cloudpickle.cloudpickle", "_make_function"), None),
        "SL108",
    ),
    "code by marshal": (lambda p: p.call(Name("marshal", "loads"), b""), "SL108"),
    "code by types": (lambda p: p.call(Name("types", "FunctionType"), None), "SL108"),
    "a class of a notebook": (lambda p: p.object_(Name("__main__", "Model")), "SL109"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_policy_does_not_allow_is_refused_by_its_rule(case: str) -> None:
    fill, rule = REFUSED[case]

    assert rule in rules(fill)


@pytest.mark.parametrize("protocol", range(6))
def test_protocols_make_no_difference(protocol: int) -> None:
    pickle = Pickle(protocol).object_(EVIL, state={"a": 1})

    found = judge(scan(pickle.finish()), Policy.default())

    assert "SL101" in [finding.rule for finding in found.findings]


def test_nothing_a_policy_allows_widens_another_name() -> None:
    everything = Policy({("our.models", "Model"): Entry(ALL, None, "ours")}, "digest")

    assert "SL101" in rules(lambda p: p.object_(MODEL, state={"a": EVIL}), everything)


def test_an_empty_policy_allows_plain_values_only() -> None:
    nothing = Policy({}, "digest")

    assert rules(lambda p: p.save({"a": [1, "x", b"y", (None,)]}), nothing) == []
    assert rules(lambda p: p.object_(MODEL), nothing) == ["SL101"]


def test_globals_of_several_members_are_one_with_all_their_uses() -> None:
    nested = Pickle.nested_objects(lambda p: p.call(MODEL))
    data = Pickle(4).object_(MODEL).object_array(nested).tuple2().finish()

    found = judge(scan(data), Policy.default())

    (item,) = [item for item in found.globals if item.name == "our.models.Model"]
    assert item.uses == ("call", "construct")
    assert not item.allowed
    assert [member.path for member in found.members] == ["", "[0]"]


def test_findings_say_where() -> None:
    data = Pickle(4).unicode("before").call(EVIL, "id").tuple2().finish()

    found = judge(scan(data), Policy.default())

    (finding,) = found.findings
    assert finding.offset is not None
    assert data.index(b"posix") < finding.offset + 2
    assert finding.member == ""


def test_the_verdict_of_the_report_is_that_of_the_findings() -> None:
    for data in (b"no model", Pickle(4).save(EVIL).finish(), Pickle(4).none().finish()):
        found = judge(scan(data), Policy.default())
        report = found.report("path", "0" * 64, len(data), "pickle")
        assert report.verdict is verdict_of(found.findings)


def test_accept_is_the_absence_of_findings() -> None:
    found = judge(scan(Pickle(4).none().finish()), Policy.default())

    assert found.findings == ()
    assert found.report("", "", 0, "pickle").verdict is Verdict.ACCEPT


def test_a_rule_that_fails_leaves_the_file_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(built: Any) -> str | None:
        raise TypeError(built)

    monkeypatch.setitem(RULES, "plain_arguments", failing)
    data = Pickle(4).call(PLAIN, 1).finish()

    (finding,) = judge(scan(data), POLICY).findings

    assert finding.rule == "SL008"
    assert verdict_of([finding]) is Verdict.INCOMPLETE


def shared_parameters(pickle: Pickle) -> None:
    pickle.object_(Name("umap.umap_", "UMAP")).empty_dict()
    pickle.save("a0", [1] * 500).memo("#").setitem().mark()
    for number in range(1, 500):
        pickle.save(f"a{number}").recall("#")
    pickle.setitems().build()


def many_patterns(pickle: Pickle) -> None:
    pickle.empty_list().mark()
    for number in range(20):
        pattern = "[a-z]?" * (220 + number)
        pickle.call(Name("re", "_compile"), pattern, 32)
    pickle.appends()


def lists_of_lists(pickle: Pickle, start: Any, depth: int = 14) -> None:
    """Lists, each four times in the next, under the names 0 and so on."""
    pickle.save(start).memo(0).pop()
    for number in range(depth):
        pickle.mark()
        for _ in range(4):
            pickle.recall(number)
        pickle.tuple_().memo(number + 1).pop()
    pickle.recall(depth)


def terms_of_terms(pickle: Pickle) -> None:
    pickle.object_(Name("sklearn.preprocessing._label", "LabelBinarizer")).empty_dict()
    pickle.save("classes_").mark()
    lists_of_lists(pickle, 1, 9)
    pickle.list_().setitem().build()


@pytest.mark.guarantee("G15")
@pytest.mark.parametrize("fill", [shared_parameters, many_patterns, terms_of_terms])
def test_what_takes_long_to_judge_for_its_size_is_not_read(fill: Fill) -> None:
    pickle = Pickle(4)
    fill(pickle)

    found = judge(scan(pickle.finish()), Policy.default()).findings

    assert "SL002" in [finding.rule for finding in found]


@pytest.mark.guarantee("G15")
def test_the_bytes_of_a_text_array_are_looked_for_once() -> None:
    def labels(pickle: Pickle) -> None:
        pickle.empty_dict().save("_pa_array")
        lists_of_lists(pickle, b"label", 9)
        pickle.setitem()

    def index(pickle: Pickle) -> None:
        pickle.object_(Name("pandas.arrays", "ArrowStringArray"), state=labels)

    pickle = Pickle(4).call(
        Name("pandas.core.indexes.base", "_new_Index"),
        Name("pandas", "Index"),
        {"data": index, "name": None},
    )

    with ends():
        judge(scan(pickle.finish()), Policy.default())


def odd_key(pickle: Pickle) -> None:
    pickle.empty_dict().mark().empty_list().none().setitems()


def odd_name(pickle: Pickle) -> None:
    pickle.empty_dict().mark().save((), 1, b"b", 2, None, 3).setitems()


ODD: dict[str, Any] = {
    "a key that no dict takes": odd_key,
    "keys that are not names": odd_name,
    "a list": [[], ({},)],
    "a tuple of dicts": (odd_key, odd_name),
    "a set": {1, "a"},
    "numbers": (2**70, -1, 0.5, True),
}
EVERY_PACK = Policy.default(packs=opt_in_packs())
RULED = {entry.rule: name for name, entry in EVERY_PACK.entries.items() if entry.rule}


@pytest.mark.guarantee("G15")
@pytest.mark.parametrize("rule", sorted(RULED))
@pytest.mark.parametrize("case", ODD)
def test_no_rule_fails_whatever_it_is_given(rule: str, case: str) -> None:
    name, odd = Name(*RULED[rule]), ODD[case]
    fills: list[Fill] = [
        lambda p: p.object_(name, state=odd),
        lambda p: p.call(name, odd).save(odd).build(),
        lambda p: p.call(name, "a", odd, odd).mark().save(odd, odd).appends(),
        lambda p: p.save(name, odd).newobj(),
        lambda p: p.save(name, (odd,), odd).newobj_ex(),
        lambda p: p.save(name, odd).reduce(),
    ]

    for fill in fills:
        pickle = Pickle(4)
        fill(pickle)
        found = judge(scan(pickle.finish()), EVERY_PACK).findings
        assert "SL008" not in {finding.rule for finding in found}
