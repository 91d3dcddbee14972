"""Learning proposes exactly what legitimate models need, and nothing of a third party's gadgets."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.policy.team.learn import Learner, Outcome, Proposal
from safeload.report.proposal import as_toml
from safeload.scan.program import Scan, Use
from safeload.scan.scan import scan
from safeload.verdict import Finding, Severity, Verdict, verdict_of
from tests.builder import Name, Pickle
from tests.samples import Sample, samples_made_here

Fill = Callable[[Pickle], object]

MODEL = Name("acme.models", "Model")
BOUNDS = Name("acme.models", "Bounds")
COLOUR = Name("acme.models", "Colour")
TOKENISE = Name("acme.text", "tokenise")
TRANSFORMER = Name("sklearn.preprocessing._function_transformer", "FunctionTransformer")
VECTORISER = Name("sklearn.feature_extraction.text", "CountVectorizer")
SYSTEM = Name("posix", "system")
TEAM = b"""
[[group]]
reason = "ours"
uses = ["construct"]
[group.names]
"acme.models" = ["Model"]
"""


def scanned(fill: Fill) -> Scan:
    pickle = Pickle(4)
    fill(pickle)
    return scan(pickle.finish())


def listed(*fills: Fill) -> Scan:
    """A list of objects."""

    def fill(pickle: Pickle) -> None:
        pickle.mark()
        for each in fills:
            each(pickle)
        pickle.list_()

    return scanned(fill)


def learnt(*scans: Scan, policy: Policy | None = None) -> Proposal:
    learner = Learner(policy or Policy.default())
    for number, one in enumerate(scans):
        learner.add(f"{number}.pkl", one)
    return learner.proposal()


def taken_in(text: str) -> str:
    """The proposal after somebody has taken in all that was commented out."""
    return re.sub(r"(?m)^#(?=\S)", "", text)


def verdict_under(text: str | bytes, one: Scan) -> Verdict:
    policy = Policy.parse(text.encode() if isinstance(text, str) else text, "proposal")
    return verdict_of(judge(one, policy).findings)


def summary(proposal: Proposal) -> dict[str, tuple[str, str | None]]:
    return {
        f"{need.module}.{need.name}": (" ".join(sorted(need.uses)), need.rule)
        for need in proposal.entries
    }


def model(**state: Any) -> Fill:
    return lambda p: p.object_(MODEL, state=state or {"a": 1})


def mapping(pickle: Pickle) -> None:
    pickle.object_(Name("acme.models", "Vocabulary"))
    pickle.mark().save("a", 1).setitems()


PROPOSED: dict[str, tuple[Fill, dict[str, tuple[str, str | None]]]] = {
    "a class": (model(), {"acme.models.Model": ("construct", None)}),
    "a class with slots": (
        lambda p: p.object_(MODEL, state=(None, {"a": 1})),
        {"acme.models.Model": ("construct", None)},
    ),
    "a nested class": (
        lambda p: p.object_(Name("acme.models", "Outer.Inner")),
        {"acme.models.Outer.Inner": ("construct", None)},
    ),
    "a named tuple of numbers": (
        lambda p: p.object_(BOUNDS, 1, 2.5),
        {"acme.models.Bounds": ("construct", "plain_arguments")},
    ),
    "a named tuple of objects": (
        lambda p: p.object_(BOUNDS, model()),
        {
            "acme.models.Bounds": ("construct", "namedtuple"),
            "acme.models.Model": ("construct", None),
        },
    ),
    "a dictionary with attributes": (
        mapping,
        {"acme.models.Vocabulary": ("construct fill", None)},
    ),
    "a function that is kept": (
        lambda p: p.save(TOKENISE),
        {"acme.text.tokenise": ("reference", None)},
    ),
    "a function that a transformer calls": (
        lambda p: p.object_(TRANSFORMER, state={"func": TOKENISE, "kw_args": None}),
        {"acme.text.tokenise": ("reference", None)},
    ),
    "a function that cuts texts": (
        lambda p: p.object_(VECTORISER, state={"tokenizer": TOKENISE}),
        {"acme.text.tokenise": ("reference", None)},
    ),
    "a partial function of a transformer": (
        lambda p: p.object_(
            TRANSFORMER,
            state={"func": lambda q: q.call(Name("functools", "partial"), TOKENISE)},
        ),
        {"acme.text.tokenise": ("reference", None)},
    ),
    "a class that is kept as well": (
        lambda p: p.object_(MODEL, state={"type": MODEL}),
        {"acme.models.Model": ("construct reference", None)},
    ),
    "a bound method": (
        lambda p: p.call(Name("builtins", "getattr"), model(), "predict"),
        {
            "acme.models.Model": ("construct", None),
            "acme.models.Model.predict": ("reference", None),
        },
    ),
}


KINDS: dict[str, tuple[str, ...]] = {
    "a function that is kept": (),
    "a function that a transformer calls": ("array",),
    "a function that cuts texts": ("tokens",),
    "a partial function of a transformer": ("array",),
    "a bound method": ("array",),
}


@pytest.mark.parametrize("case", KINDS)
def test_a_callable_is_proposed_with_the_kind_of_where_it_stands(case: str) -> None:
    needs = learnt(scanned(PROPOSED[case][0])).entries
    assert [need.kinds for need in needs if Use.REFERENCE in need.uses] == [KINDS[case]]


@pytest.mark.parametrize("case", PROPOSED)
def test_what_a_model_needs_is_proposed_and_suffices(case: str) -> None:
    fill, expected = PROPOSED[case]
    one = scanned(fill)
    proposal = learnt(one)
    assert summary(proposal) == expected
    assert [lesson.outcome for lesson in proposal.lessons] == [Outcome.PROPOSED]
    assert verdict_under(as_toml(proposal), one) is Verdict.ACCEPT


@pytest.mark.parametrize("case", PROPOSED)
def test_each_entry_is_needed(case: str) -> None:
    one = scanned(PROPOSED[case][0])
    for need in learnt(one).entries:
        entries = dict(Policy.parse(as_toml(learnt(one)).encode(), "all").entries)
        del entries[need.module, need.name]
        assert verdict_of(judge(one, Policy(entries, "")).findings) is Verdict.REFUSE


def stateful(pickle: Pickle) -> None:
    pickle.call(COLOUR).save({"a": 1}).build()


HELD: dict[str, tuple[Fill, str, str | None]] = {
    "an enumeration": (lambda p: p.call(COLOUR, 1), "call", "plain_arguments"),
    "a call without arguments": (lambda p: p.call(COLOUR), "call", "no_arguments"),
    "a call with objects": (
        lambda p: p.call(COLOUR, lambda q: q.call(Name("decimal", "Decimal"), "1")),
        "call",
        "namedtuple",
    ),
    "a call whose result is given a state": (stateful, "build call", "no_arguments"),
    "a name that sounds like reading": (
        lambda p: p.save(Name("acme.io", "load_rates")),
        "reference",
        None,
    ),
    "a class of a covered library": (
        lambda p: p.object_(Name("sklearn.pipeline", "Novelty"), state={"a": 1}),
        "construct",
        None,
    ),
}


@pytest.mark.parametrize("case", HELD)
def test_what_a_person_has_to_decide_is_commented_out(case: str) -> None:
    fill, uses, rule = HELD[case]
    one = scanned(fill)
    proposal = learnt(one)
    assert proposal.entries == ()
    (need,) = proposal.held
    assert (" ".join(sorted(need.uses)), need.rule) == (uses, rule)
    assert proposal.lessons[0].outcome is Outcome.HELD
    text = as_toml(proposal)
    assert verdict_under(text, one) is Verdict.REFUSE
    assert verdict_under(taken_in(text), one) is Verdict.ACCEPT


HOSTILE: dict[str, Fill] = {
    "a gadget that is called": lambda p: p.call(SYSTEM, "id"),
    "a gadget that is kept": lambda p: p.save(SYSTEM),
    "a gadget in a state": model(function=SYSTEM),
    "a module reached through a team's": lambda p: p.save(Name("acme.models", "os.system")),
    "an attribute of Python's own": model(function=Name("acme.models", "Model.__init__")),
    "a name of a script": lambda p: p.object_(Name("__main__", "Model"), state={"a": 1}),
    "code by value": lambda p: p.call(Name("cloudpickle.cloudpickle", "_make_function"), 1),
    "a state that sets Python's own names": model(__class__=MODEL),
    "a state that is not a dict": lambda p: p.object_(MODEL, state="a"),
    "a second state": lambda p: p.object_(MODEL, state={"a": 1}).save({"b": 1}).build(),
    "a state for a function": lambda p: p.save(TOKENISE).save({"a": 1}).build(),
    "items for something else": lambda p: p.save(TOKENISE).mark().save("a", 1).setitems(),
    "a call of what was made": lambda p: p.object_(MODEL, state={"a": 1}).empty_tuple().reduce(),
    "forbidden arguments": model(pattern=lambda p: p.call(Name("re", "_compile"), "(a+)+$", 128)),
    "an entry of the packs in another use": lambda p: p.save(Name("numpy", "memmap")),
    "a name that is TOML": model(f=Name('acme"]\n[[group]]\nuses=["call"]#', "x")),
    "a name of another script": lambda p: p.object_(Name("\u0430cme", "Model"), state={"a": 1}),
}


# What is refused for its names alone.
BY_NAME = {
    "a gadget that is called",
    "a gadget that is kept",
    "a gadget in a state",
    "a module reached through a team's",
    "an attribute of Python's own",
    "a name of a script",
    "an entry of the packs in another use",
    "a name that is TOML",
    "a name of another script",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_of_a_hostile_file_nothing_is_proposed(case: str) -> None:
    one = listed(HOSTILE[case], model(), lambda p: p.save(TOKENISE))
    proposal = learnt(one)
    assert (proposal.entries, proposal.held) == ((), ())
    # A person may add a name; nothing else that is wrong with a file goes away by an entry.
    withheld = case in BY_NAME
    assert proposal.lessons[0].outcome is (Outcome.WITHHELD if withheld else Outcome.REFUSED)
    text = as_toml(proposal)
    assert verdict_under(text, one) is Verdict.REFUSE
    assert taken_in(text) == text
    assert Policy.parse(text.encode(), "proposal").entries == Policy.default().entries


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_among_legitimate_ones_stays_refused(case: str) -> None:
    hostile = scanned(HOSTILE[case])
    legitimate = listed(model(), lambda p: p.save(TOKENISE), lambda p: p.call(COLOUR, 1))
    text = as_toml(learnt(hostile, legitimate, hostile))
    assert verdict_under(taken_in(text), legitimate) is Verdict.ACCEPT
    assert verdict_under(taken_in(text), hostile) is Verdict.REFUSE


# A class of a package that nobody knows is what a team's class looks like; a person sees the name.
UNKNOWN_PACKAGE = {"estimator-from-another-package"}
# These name what scikit-learn might have in another release.
OF_A_COVERED_LIBRARY = {"name-by-a-prefix", "obj-of-an-allowed-function"}
# These need a pack that a person may switch on, and are then what their library writes.
OF_A_PACK = {"model-of-a-library-whose-pack-is-off"}


@pytest.mark.slow
@pytest.mark.parametrize("sample", samples_made_here(), ids=lambda sample: sample.name)
def test_no_sample_is_accepted_for_having_been_learnt_from(sample: Sample) -> None:
    one = scan(sample.build("canary"))
    before = verdict_of(judge(one, Policy.default()).findings)
    text = as_toml(learnt(one))
    assert text.isascii()
    if sample.name not in UNKNOWN_PACKAGE:
        assert verdict_under(text, one) is before
        if sample.name not in OF_A_COVERED_LIBRARY | OF_A_PACK:
            assert verdict_under(taken_in(text), one) is before


def test_what_is_accepted_needs_nothing() -> None:
    proposal = learnt(scanned(lambda p: p.save({"a": 1})))
    assert (proposal.entries, proposal.held, proposal.refusals) == ((), (), ())
    assert [lesson.outcome for lesson in proposal.lessons] == [Outcome.ACCEPTED]


def test_what_is_not_read_is_not_learnt_from() -> None:
    learner = Learner(Policy.default())
    learner.add("empty", scan(b""))
    learner.unread("gone", Finding("SL000", Severity.WARNING, "It is not there."))
    assert [lesson.outcome for lesson in learner.proposal().lessons] == [Outcome.UNREAD] * 2
    assert learner.proposal().entries == ()


def test_only_what_a_teams_policy_lacks_is_proposed() -> None:
    policy = Policy.parse(TEAM, "team.toml")
    assert learnt(scanned(model()), policy=policy).entries == ()
    proposal = learnt(scanned(model(kind=MODEL)), policy=policy)
    assert summary(proposal) == {"acme.models.Model": ("reference", None)}


def test_the_rule_of_a_teams_entry_stays() -> None:
    policy = Policy.parse(TEAM.replace(b"uses", b'rule = "no_arguments"\nuses'), "team.toml")
    ruled = listed(model(), lambda p: p.save(MODEL))
    assert summary(learnt(ruled, policy=policy)) == {"acme.models.Model": ("reference", None)}
    broken = listed(lambda p: p.object_(MODEL, 1), lambda p: p.save(MODEL))
    proposal = learnt(broken, policy=policy)
    assert proposal.entries == ()
    assert [finding.rule for finding in proposal.lessons[0].obstacles] == ["SL103"]


def test_one_rule_serves_all_models() -> None:
    plain, objects = (
        scanned(lambda p: p.object_(BOUNDS, 1)),
        scanned(PROPOSED["a named tuple of objects"][0]),
    )
    for scans in ((plain, objects), (objects, plain)):
        text = as_toml(learnt(*scans))
        assert all(verdict_under(text, one) is Verdict.ACCEPT for one in scans)
        assert summary(learnt(*scans))["acme.models.Bounds"] == ("construct", "namedtuple")


def test_a_class_that_is_made_here_and_called_there_has_one_rule() -> None:
    made, called = scanned(lambda p: p.object_(COLOUR)), scanned(lambda p: p.call(COLOUR, 1))
    proposal = learnt(made, called)
    assert summary(proposal) == {"acme.models.Colour": ("construct", "plain_arguments")}
    text = taken_in(as_toml(proposal))
    assert verdict_under(text, made) is verdict_under(text, called) is Verdict.ACCEPT
    assert verdict_under(as_toml(proposal), called) is Verdict.REFUSE


def test_uses_that_no_one_rule_admits_are_not_proposed() -> None:
    # One object is given plain arguments and a state, another one objects.
    stated = scanned(lambda p: p.object_(BOUNDS, 1, state={"a": 1}))
    objects = scanned(
        lambda p: p.object_(BOUNDS, lambda q: q.call(Name("decimal", "Decimal"), "1"))
    )
    assert learnt(stated).entries
    assert learnt(objects).entries
    proposal = learnt(stated, objects)
    assert (proposal.entries, proposal.held) == ((), ())
    assert {lesson.outcome for lesson in proposal.lessons} == {Outcome.REFUSED}


def test_models_are_named_with_what_they_need() -> None:
    proposal = learnt(scanned(model()), scanned(model()), scanned(lambda p: p.save(TOKENISE)))
    assert [need.models for need in proposal.entries] == [("0.pkl", "1.pkl"), ("2.pkl",)]


WORDS = st.text(st.sampled_from("aA_.1\n\"\\#]['\u0430\x1b "), max_size=8)


@given(st.lists(st.tuples(WORDS, WORDS), max_size=4), st.text(max_size=20))
def test_whatever_the_names_the_text_allows_what_is_proposed(
    names: list[tuple[str, str]], path: str
) -> None:
    learner = Learner(Policy.default())
    for module, name in names:
        learner.add(path, scan(Pickle(4).save(module, name).stack_global().finish()))
    proposal = learner.proposal()
    text = as_toml(proposal)
    policy = Policy.parse(text.encode("ascii"), "proposal")
    assert policy.entries.keys() - Policy.default().entries.keys() == {
        (need.module, need.name) for need in proposal.entries
    }
    entries = [policy.entries[need.module, need.name] for need in proposal.entries]
    assert [entry.uses for entry in entries] == [frozenset([Use.REFERENCE])] * len(entries)
    Policy.parse(taken_in(text).encode("ascii"), "taken in")


KMEANS = Name("mlxtend.cluster.kmeans", "Kmeans")


def test_a_pack_that_is_off_is_for_a_person_to_switch_on() -> None:
    one = scanned(lambda p: p.object_(KMEANS, state={"k": 2}))

    proposal = learnt(one, one)

    assert [lesson.outcome for lesson in proposal.lessons] == [Outcome.HELD] * 2
    assert proposal.packs == {"mlxtend": ("0.pkl", "1.pkl")}
    assert (proposal.entries, proposal.held, proposal.refusals) == ((), (), ())
    text = as_toml(proposal)
    assert '#packs = ["mlxtend"]' in text.splitlines()
    assert "mlxtend, in 0.pkl, 1.pkl: off by default because" in text
    assert verdict_under(text, one) is Verdict.INCOMPLETE
    assert verdict_under(taken_in(text), one) is Verdict.ACCEPT


def test_a_pack_and_entries_are_proposed_together() -> None:
    ours = Name("acme.models", "Model")
    one = listed(lambda p: p.object_(KMEANS, state={"k": 2}), lambda p: p.object_(ours, state={}))

    proposal = learnt(one)

    assert summary(proposal) == {"acme.models.Model": ("construct", None)}
    assert verdict_under(as_toml(proposal), one) is Verdict.INCOMPLETE
    assert verdict_under(taken_in(as_toml(proposal)), one) is Verdict.ACCEPT
    assert learnt(one, policy=Policy.default(packs=["mlxtend"])).packs == {}


def test_a_model_that_is_refused_anyhow_is_no_reason_for_a_pack() -> None:
    proposal = learnt(
        listed(
            lambda p: p.object_(KMEANS, state={"k": 2}),
            lambda p: p.call(Name("posix", "system"), "id"),
        )
    )
    assert proposal.packs == {}
    assert [lesson.outcome for lesson in proposal.lessons] == [Outcome.WITHHELD]
