"""A pack that is off is neither allowed nor refused, and says how it is switched on."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

import safeload
from safeload.errors import RefusedError, UsageError
from safeload.policy import policy as policies
from safeload.policy.judge import Judgement, judge
from safeload.policy.opt_in import packs_of
from safeload.policy.packs import opt_in_packs, shipped_packs, wanted_packs
from safeload.policy.policy import Entry, Policy
from safeload.scan.program import Use
from safeload.scan.scan import scan
from safeload.verdict import Verdict, verdict_of
from tests.builder import Name, Pickle

PACKS = shipped_packs()
OFF = sorted(opt_in_packs())
# Of mlxtend, whose estimators need no rule; and of statsmodels, a dict that needs one.
KMEANS = Name("mlxtend.cluster.kmeans", "Kmeans")
BUNCH = Name("statsmodels.tools.tools", "Bunch")
LEGITIMATE = Pickle(4).object_(KMEANS, state={"k": 2}).finish()


def judged(data: bytes, *packs: str) -> Judgement:
    return judge(scan(data), Policy.default(packs=packs))


def rules(data: bytes, *packs: str) -> list[str]:
    return [finding.rule for finding in judged(data, *packs).findings]


def test_what_is_not_checked_in_full_is_off() -> None:
    assert {"catboost", "hdbscan", "mlxtend", "sktime", "statsmodels", "umap-learn"} == set(OFF)


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_says_why_it_is_on_or_off(name: str) -> None:
    why = PACKS[name].why
    assert len(why.split()) > 5
    assert not why.endswith(".")
    assert why.isascii()


@pytest.mark.parametrize("name", OFF)
def test_the_names_of_an_opt_in_pack_lie_in_its_packages_and_no_other_does(name: str) -> None:
    packages = {module.partition(".")[0] for module, _ in Policy.of_pack(name).entries}
    others = {
        module.partition(".")[0]
        for other in PACKS
        if other != name
        for module, _ in Policy.of_pack(other).entries
    }
    assert packages == set(PACKS[name].packages)
    assert not packages & others


@pytest.mark.parametrize("name", OFF)
def test_a_name_of_a_pack_that_is_off_is_not_decided(name: str) -> None:
    (module, qualname), entry = next(
        (key, entry)
        for key, entry in Policy.of_pack(name).entries.items()
        if Use.CONSTRUCT in entry.uses
    )
    data = Pickle(4).object_(Name(module, qualname), state={"a": 1}).finish()

    found = judged(data)

    off = [finding for finding in found.findings if finding.rule == "SL009"]
    assert [finding.is_unread for finding in off] == [True]
    assert f"--pack {name}" in off[0].message
    assert PACKS[name].why in off[0].message
    assert [item.allowed for item in found.globals] == [False]
    assert "SL009" not in rules(data, name)
    # Whatever else is wrong is wrong either way.
    assert rules(data, name) == [rule for rule in rules(data) if rule != "SL009"]
    assert Policy.default().get(module, qualname) is None
    assert Policy.default(packs=[name]).get(module, qualname) == entry


def test_with_nothing_else_wrong_the_verdict_is_incomplete() -> None:
    assert verdict_of(judged(LEGITIMATE).findings) is Verdict.INCOMPLETE
    assert [member.verdict for member in judged(LEGITIMATE).members] == [Verdict.INCOMPLETE]
    assert judged(LEGITIMATE, "mlxtend").findings == ()


def test_a_refusal_outweighs_a_pack_that_is_off() -> None:
    data = Pickle(4).mark().object_(KMEANS, state={"k": 2})
    data.call(Name("posix", "system"), "id").list_()

    found = judged(data.finish()).findings

    assert {finding.rule for finding in found} == {"SL009", "SL101"}
    assert verdict_of(found) is Verdict.REFUSE


def test_the_rules_of_a_pack_hold_whether_it_is_on_or_off() -> None:
    # An attribute that is none of its items.
    data = Pickle(4).object_(BUNCH, state={"a": 1}).finish()

    assert rules(data) == ["SL103", "SL009"]
    assert rules(data, "statsmodels") == ["SL103"]


def test_the_native_checks_of_a_pack_hold_whether_it_is_on_or_off() -> None:
    linkage = Name("hdbscan.hdbscan_", "HDBSCAN")
    data = Pickle(4).object_(linkage, state={"_single_linkage_tree": [[0, 9, 1.0, 2]]}).finish()

    assert set(rules(data)) == {"SL009", "SL401"}
    assert set(rules(data, "hdbscan")) == {"SL401"}


def test_a_use_that_a_pack_leaves_out_is_refused() -> None:
    data = Pickle(4).save(KMEANS).finish()
    assert rules(data) == ["SL102", "SL009"]


def test_a_name_that_a_pack_leaves_out_is_on_no_list() -> None:
    data = Pickle(4).object_(Name("mlxtend.cluster.kmeans", "Other"), state={"k": 2}).finish()
    assert rules(data) == ["SL101"]
    assert rules(data, "mlxtend") == ["SL101"]


def test_one_finding_speaks_for_all_names_of_a_pack() -> None:
    copy = Name("mlxtend.preprocessing.copy_transformer", "CopyTransformer")
    kept = Name("hdbscan.prediction", "PredictionData")
    data = Pickle(4).mark().object_(KMEANS, state={"k": 2}).object_(copy, state={"a": 1})
    data.object_(KMEANS, state={"k": 3}).object_(kept, state={"a": 1}).list_()

    messages = [finding.message for finding in judged(data.finish()).findings]

    assert len(messages) == 2
    assert messages[0].startswith("hdbscan.prediction.PredictionData needs the allow-list hdbscan")
    assert messages[1].startswith(
        "mlxtend.cluster.kmeans.Kmeans and 1 other name need the allow-list"
    )


def test_an_unknown_pack_is_a_usage_error_that_lists_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        Policy.default(packs=["statsmodel"])
    assert caught.value.code == "pack-unknown"
    assert all(name in caught.value.hint for name in PACKS)


@pytest.mark.parametrize("odd", [["umap"], [""], ["statsmodels.toml"], ["../x"], [3], "umap"])
def test_a_pack_is_asked_for_by_its_exact_name(odd: Any) -> None:
    with pytest.raises(UsageError):
        wanted_packs(odd)


def test_a_pack_that_is_on_anyway_may_be_asked_for() -> None:
    assert Policy.default(packs=["scipy", "numpy"]) is Policy.default()
    assert wanted_packs("umap-learn") == {"umap-learn"}


def test_a_policy_file_switches_packs_on(tmp_path: Path) -> None:
    path = tmp_path / "team.toml"
    path.write_text('packs = ["mlxtend"]\n')

    policy = Policy.read(path)

    assert policy.packs == {"mlxtend"}
    assert judge(scan(LEGITIMATE), policy).findings == ()
    assert Policy.read(path, packs=["sktime"]).packs == {"mlxtend", "sktime"}
    assert Policy.of(path, packs=["sktime"]).packs == {"mlxtend", "sktime"}
    assert Policy.of(policy, packs=["sktime"]).packs == {"mlxtend", "sktime"}
    assert Policy.of(None, packs=["sktime"]).packs == {"sktime"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('packs = ["nothing"]', "pack-unknown"),
        ('packs = "mlxtend"', "policy-malformed"),
        ("packs = [3]", "policy-malformed"),
        ("opt_in = true", "policy-malformed"),
        ('why = "ours"', "policy-malformed"),
        ('packages = ["ours"]', "policy-malformed"),
    ],
)
def test_a_policy_file_that_asks_for_no_pack_is_an_error(text: str, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        Policy.parse(text.encode(), "team.toml")
    assert caught.value.code == code


def test_the_digest_changes_with_the_packs() -> None:
    every = [Policy.default(), *(Policy.default(packs=[name]) for name in OFF)]
    assert len({policy.digest for policy in every}) == len(every)


def test_the_versions_of_a_library_whose_pack_is_off_may_be_said() -> None:
    policy = Policy.parse(b'[versions]\nstatsmodels = "error"\n', "team.toml")
    assert policy.version_check("statsmodels", signed=True) == "error"


def test_what_a_policy_says_of_a_name_a_pack_only_adds_to() -> None:
    uses = frozenset([Use.CONSTRUCT, Use.REFERENCE])
    key, bunch = (KMEANS.module, KMEANS.name), (BUNCH.module, BUNCH.name)
    own = Policy(
        {key: Entry(uses, None, "team.toml"), bunch: Entry(uses, "no_arguments", "team.toml")},
        "digest",
    )

    both = own.with_packs(["mlxtend", "statsmodels"])

    assert both.entries[key].uses == uses
    assert both.entries[bunch] == own.entries[bunch]
    assert both.with_packs(["mlxtend"]) is both
    assert own.packs == frozenset()


def test_packs_that_are_off_are_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []
    parse = tomllib.loads

    def noted(text: str) -> Any:
        parsed.append(len(text))
        return parse(text)

    policies._packs.cache_clear()
    monkeypatch.setattr(tomllib, "loads", noted)
    try:
        Policy.default()
        # Refused by a name of no library that has a pack.
        judge(scan(Pickle(4).call(Name("posix", "system"), "id").finish()), Policy.default())
    finally:
        policies._packs.cache_clear()
    assert len(parsed) == sum(pack.is_core for pack in PACKS.values())


def test_the_packs_that_names_are_of() -> None:
    names = [(KMEANS.module, KMEANS.name), ("statsmodels", "nothing"), ("numpy", "log1p")]
    assert packs_of(names) == {"mlxtend"}
    assert packs_of([]) == frozenset()


def test_a_model_is_not_loaded_and_says_which_pack_it_needs(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(LEGITIMATE)

    with pytest.raises(RefusedError) as caught:
        safeload.load_unsigned(path)

    assert (caught.value.code, caught.value.exit_code) == ("incomplete", 3)
    assert "--pack mlxtend" in caught.value.message
    assert safeload.audit(path).exit_code == 3
    assert safeload.audit(path, packs=["mlxtend"]).exit_code == 0
