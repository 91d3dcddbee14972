"""The catalogue says of each name what is allowed, why, and by which list."""

from __future__ import annotations

import pytest

from safeload.errors import UsageError
from safeload.policy.policy import Policy
from safeload.policy.team.catalogue import Catalogue
from safeload.scan.program import Use

TEAM = b"""
[[group]]
reason = "ours"
uses = ["reference", "construct"]
[group.names]
"acme.models" = ["Model"]
"sklearn.pipeline" = ["Pipeline"]

[[group]]
reason = "as a value"
uses = ["call"]
rule = "plain_arguments"
[group.names]
"acme.models" = ["Model"]
"""


def test_it_lists_what_the_policy_allows_and_nothing_else() -> None:
    catalogue, policy = Catalogue(TEAM, "team.toml"), Policy.parse(TEAM, "team.toml")
    assert {(item.module, item.name): item.entry for item in catalogue} == policy.entries


def test_every_use_of_a_pack_has_its_reason() -> None:
    for item in Catalogue():
        assert {use for grant in item.grants for use in grant.uses} == item.entry.uses
        assert all(grant.reason for grant in item.grants), item.path


def test_all_groups_that_allow_a_name_are_told() -> None:
    (item,) = Catalogue(TEAM, "team.toml").find("acme.models.Model")
    assert item.uses == (Use.CONSTRUCT, Use.CALL, Use.REFERENCE)
    assert item.entry.rule == "plain_arguments"
    assert [(grant.reason, grant.rule, grant.source) for grant in item.grants] == [
        ("ours", None, "team.toml"),
        ("as a value", "plain_arguments", "team.toml"),
    ]


def test_a_name_of_the_packs_that_a_team_adds_to_has_both_sources() -> None:
    (item,) = Catalogue(TEAM, "team.toml").find("sklearn.pipeline:Pipeline")
    sources = dict.fromkeys(grant.source for grant in item.grants)
    assert list(sources) == ["scikit-learn.toml", "team.toml"]


@pytest.mark.parametrize(
    "path", ["sklearn.pipeline", "Pipeline", "", ".", ":", "sklearn.pipeline:", "sklearn:pipeline"]
)
def test_what_is_no_name_on_the_list_is_not_found(path: str) -> None:
    assert Catalogue().find(path) == []


def test_a_dotted_name_is_found() -> None:
    (item,) = Catalogue().find("zoneinfo.ZoneInfo._unpickle")
    assert (item.module, item.name) == ("zoneinfo", "ZoneInfo._unpickle")


def test_a_library_is_chosen_in_any_case_of_letters() -> None:
    catalogue = Catalogue(TEAM, "team.toml")
    assert "scikit-learn" in catalogue.libraries()
    assert catalogue.of_library("Scikit-Learn")
    assert [item.path for item in catalogue.of_library("team.toml")] == [
        "acme.models.Model",
        "sklearn.pipeline.Pipeline",
    ]
    assert catalogue.of_library("nothing") == []


def test_near_a_name_are_those_called_alike_and_those_of_a_module() -> None:
    catalogue = Catalogue()
    assert "numpy.log1p" in [item.path for item in catalogue.near("log1p")]
    assert "sklearn.pipeline.Pipeline" in [item.path for item in catalogue.near("sklearn.pipeline")]


def test_what_is_no_policy_is_a_usage_error() -> None:
    with pytest.raises(UsageError):
        Catalogue(b"?", "team.toml")
