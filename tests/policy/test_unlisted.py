"""What is not allowed is an attack, a suspect or unknown: words and order, never the verdict."""

from __future__ import annotations

import pytest

from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.rule_ids import RULE_IDS, about
from safeload.scan.scan import scan
from safeload.verdict import Finding, Severity, Weight
from tests.builder import Name, Pickle

SYSTEM, OURS = Name("posix", "system"), Name("acme.models", "Ours")


def found(data: bytes) -> list[Finding]:
    return list(judge(scan(data), Policy.default()).findings)


def called(module: str, name: str) -> Finding:
    (finding,) = found(Pickle(4).call(Name(module, name), "x").finish())
    return finding


@pytest.mark.parametrize(
    ("module", "name", "weight"),
    [
        ("posix", "system", Weight.ATTACK),
        ("nt", "system", Weight.ATTACK),
        ("builtins", "eval", Weight.ATTACK),
        ("s\u043alearn.pipeline", "Pipeline", Weight.ATTACK),
        ("argparse", "Namespace", Weight.SUSPECT),
        ("sklearn.pipeline", "Pipelines", Weight.SUSPECT),
        ("dask.base", "Thing", Weight.SUSPECT),
        ("acme.models", "Ours", Weight.ORDINARY),
        ("acme.models", "load_rates", Weight.ORDINARY),
    ],
)
def test_names_that_are_not_allowed_weigh_differently_and_refuse_alike(
    module: str, name: str, weight: Weight
) -> None:
    finding = called(module, name)
    assert (finding.rule, finding.severity) == ("SL101", Severity.ERROR)
    assert finding.weight is weight


def test_the_rule_of_a_script_stays_whatever_weighs() -> None:
    finding = called("__main__", "os.system")
    assert (finding.rule, finding.weight) == ("SL109", Weight.ATTACK)


def test_an_attack_says_what_it_does_and_when() -> None:
    assert called("posix", "system").message == (
        "posix.system runs a shell command when the file is loaded."
    )
    (kept,) = found(Pickle(4).save(SYSTEM).finish())
    assert kept.message == "posix.system runs a shell command; the file keeps it for later."


def test_an_unknown_name_is_unknown_and_not_harmless() -> None:
    message = called("acme.models", "Ours").message
    assert "is not on the allow-list" in message
    assert "if it is yours: `safeload policy learn FILE`" in message


def test_only_what_is_ordinary_leads_to_a_policy_file() -> None:
    attack, suspect, ordinary = (about("SL101", weight) for weight in Weight)
    assert attack.remedy.startswith("Do not load the file.")
    assert suspect.remedy.startswith("Do not load the file ")
    assert "policy learn" in ordinary.remedy
    assert "policy learn" not in attack.remedy + suspect.remedy
    assert ordinary == RULE_IDS["SL101"]
    assert {about(rule, Weight.ATTACK).remedy for rule in RULE_IDS} == {attack.remedy}


def test_attacks_come_first_and_the_rest_as_the_file_has_it() -> None:
    data = Pickle(4).save([OURS, Name("argparse", "Namespace"), SYSTEM])
    assert [finding.message.split()[0] for finding in found(data.finish())] == [
        "posix.system",
        "acme.models.Ours",
        "argparse.Namespace",
    ]


def test_a_partial_over_what_does_harm_is_an_attack() -> None:
    data = Pickle(4).call(Name("functools", "partial"), SYSTEM).finish()
    first = found(data)[0]
    assert (first.weight, first.message.split()[0]) == (Weight.ATTACK, "posix.system")


def test_getattr_that_is_kept_is_an_attack_and_the_same_rule() -> None:
    (finding,) = found(Pickle(4).save(Name("builtins", "getattr")).finish())
    assert (finding.rule, finding.weight) == ("SL102", Weight.ATTACK)
