"""A policy is the packs and what a file adds to them; nothing else, and nothing by prefix."""

from __future__ import annotations

from pathlib import Path

import pytest

from safeload.errors import UsageError
from safeload.policy.policy import Entry, Policy
from safeload.scan.program import Use

OURS = """
[[group]]
reason = "ours"
uses = ["construct", "reference"]
[group.names]
"our.models" = ["Model", "Model.Inner"]
"""


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "policy.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_file_adds_to_the_packs(tmp_path: Path) -> None:
    policy = Policy.read(written(tmp_path, OURS))

    assert policy.entries.items() >= Policy.default().entries.items()
    added = policy.get("our.models", "Model")
    assert added is not None
    assert added.uses == {Use.CONSTRUCT, Use.REFERENCE}
    assert added.rule is None
    assert policy.get("our.models", "Model.Inner") is not None


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("our.models", "Other"),
        ("our.models", "Model.Other"),
        ("our.models.deeper", "Model"),
        ("our", "models.Model"),
        ("our.models", "Mode"),
        ("our.models", ""),
        ("our.models.Model", "Inner"),
        ("", "our.models.Model"),
    ],
)
def test_a_name_is_allowed_exactly(tmp_path: Path, module: str, name: str) -> None:
    assert Policy.read(written(tmp_path, OURS)).get(module, name) is None


def test_groups_that_name_the_same_add_their_uses(tmp_path: Path) -> None:
    text = OURS + OURS.replace('"construct", "reference"', '"call"')

    entry = Policy.read(written(tmp_path, text)).get("our.models", "Model")

    assert entry is not None
    assert entry.uses == {Use.CONSTRUCT, Use.REFERENCE, Use.CALL}


def test_one_rule_serves_all_groups_of_a_name(tmp_path: Path) -> None:
    text = OURS + OURS.replace("uses", 'rule = "no_arguments"\nuses')

    entry = Policy.read(written(tmp_path, text)).get("our.models", "Model")

    assert entry is not None
    assert entry.rule == "no_arguments"


MALFORMED: dict[str, str | bytes] = {
    "no TOML": "[[group",
    "no text": b"\xff\xfe",
    "an unknown key": 'allow = ["os.system"]',
    "an unknown key in a group": OURS.replace("reason", "raison"),
    "an unknown use": OURS.replace('"reference"', '"run"'),
    "an unknown rule": OURS.replace("uses", 'rule = "anything"\nuses'),
    "a rule that is a list": OURS.replace("uses", "rule = []\nuses"),
    "a check that is a table": OURS.replace("uses", "native = {}\nuses"),
    "a group that is a number": "group = 1",
    "groups that are not tables": "group = [1]",
    "two rules for one name": OURS.replace("uses", 'rule = "regex"\nuses')
    + OURS.replace("uses", 'rule = "getattr"\nuses'),
    "a group without uses": OURS.replace('uses = ["construct", "reference"]', ""),
    "a group without names": '[[group]]\nreason = "x"\nuses = ["reference"]\n',
    "a name that is not a string": OURS.replace('"Model",', "3,"),
    "names that are not a list": OURS.replace('["Model", "Model.Inner"]', '"Model"'),
    "uses that are not a list": OURS.replace('["construct", "reference"]', "3"),
    "an unknown version check": 'versions = "never"',
    "names that are not a table": (
        '[[group]]\nreason = "x"\nuses = ["reference"]\nnames = ["Model"]\n'
    ),
    "a group that is a string": 'group = "everything"',
    "groups that are strings": 'group = ["everything"]',
}


@pytest.mark.parametrize("case", MALFORMED)
def test_what_is_no_policy_is_a_usage_error(tmp_path: Path, case: str) -> None:
    with pytest.raises(UsageError) as caught:
        Policy.read(written(tmp_path, MALFORMED[case]))

    assert caught.value.code == "policy-malformed"


@pytest.mark.parametrize("name", ["nothing.toml", "."])
def test_a_file_that_cannot_be_read_is_a_usage_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        Policy.read(tmp_path / name)

    assert caught.value.code == "policy-unreadable"


def test_a_policy_may_be_given_as_itself_as_a_file_or_not_at_all(tmp_path: Path) -> None:
    path = written(tmp_path, OURS)
    policy = Policy.read(path)

    assert Policy.of(policy) is policy
    assert Policy.of(str(path)) == policy
    assert Policy.of(None) is Policy.default()


def test_the_digest_is_that_of_all_sources(tmp_path: Path) -> None:
    one = Policy.read(written(tmp_path, OURS))
    other = Policy.read(written(tmp_path, OURS + "\n"))

    assert len({one.digest, other.digest, Policy.default().digest}) == 3
    assert len(one.digest) == 64


def test_another_release_of_scikit_learn_is_an_error_where_it_was_signed() -> None:
    default = Policy.default()

    assert default.version_check("scikit-learn", signed=True) == "error"
    assert default.version_check("scikit-learn", signed=False) == "warn"
    assert default.version_check("numpy", signed=True) == "ignore"


@pytest.mark.parametrize("check", ["error", "warn", "ignore"])
def test_what_is_said_of_versions_holds_with_and_without_a_signature(
    tmp_path: Path, check: str
) -> None:
    policy = Policy.read(written(tmp_path, f'versions = "{check}"'))

    assert policy.version_check("scikit-learn", signed=True) == check
    assert policy.version_check("scikit-learn", signed=False) == check
    assert policy.version_check("numpy", signed=True) == "ignore"


def test_versions_of_several_libraries(tmp_path: Path) -> None:
    policy = Policy.read(written(tmp_path, '[versions]\nnumpy = "error"\npython = "warn"'))

    assert policy.version_check("numpy", signed=True) == "error"
    assert policy.version_check("python", signed=True) == "warn"
    assert policy.version_check("scikit-learn", signed=True) == "error"


@pytest.mark.parametrize(
    "text",
    [
        'versions = "never"',
        "versions = 3",
        'versions = ["warn"]',
        '[versions]\nnumpy = "never"',
        '[versions]\nnumpy = ["warn"]',
        '[versions]\nsklearn = "error"',
    ],
)
def test_versions_that_would_have_no_effect_are_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Policy.read(written(tmp_path, text))

    assert caught.value.code == "policy-malformed"


def test_narrowing_never_allows_more_than_either() -> None:
    both = frozenset([Use.CONSTRUCT, Use.REFERENCE])
    policy = Policy({("a", "A"): Entry(both, "no_arguments", "x")}, "digest", {"numpy": "warn"})

    narrowed = policy.narrowed(
        {("a", "A"): frozenset(["reference", "call"]), ("posix", "system"): frozenset(["call"])}
    )

    assert dict(narrowed.entries) == {
        ("a", "A"): Entry(frozenset([Use.REFERENCE]), "no_arguments", "x")
    }
    assert narrowed.versions == {"numpy": "warn"}
    assert policy.narrowed({}).entries == {}


def test_a_word_that_is_no_use_grants_nothing() -> None:
    policy = Policy({("a", "A"): Entry(frozenset([Use.REFERENCE]), None, "x")}, "digest")

    entry = policy.narrowed({("a", "A"): frozenset(["everything"])}).get("a", "A")

    assert entry is not None
    assert entry.uses == frozenset()


def test_a_policy_file_without_end_is_not_read_to_the_end() -> None:
    with pytest.raises(UsageError) as caught:
        Policy.of("/dev/zero")
    assert caught.value.code == "policy-unreadable"
