"""A statement covers files under names that mean one thing everywhere, whole or in shards."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeload.errors import TrustError, UsageError
from safeload.hashing import Digests, root_digest, shards_of
from safeload.trust.manifest import ANNOTATION, Manifest, Resource, to_payload
from safeload.trust.resources import (
    folded,
    is_ignored,
    read_covered,
    why_no_file_name,
    why_no_ignored,
)
from tests.trust.statements import MODEL, PAYLOAD, edited, manifest_of, payload_of

ONE, TWO, THREE = ("1" * 64, "2" * 64, "3" * 64)
SHARD = 100


def predicate(
    resources: Iterable[tuple[str, str]], *, shard_size: Any = None, **how: Any
) -> dict[str, Any]:
    algorithm = "sha256" if shard_size is None else f"sha256-sharded-{shard_size:.0f}"
    serialization = {"method": "files", "hash_type": "sha256", "allow_symlinks": False}
    if shard_size is not None:
        serialization |= {"method": "shards", "shard_size": shard_size}
    return {
        "serialization": serialization | how,
        "resources": [
            {"name": name, "algorithm": algorithm, "digest": digest} for name, digest in resources
        ],
    }


def refused(value: object) -> str:
    with pytest.raises(TrustError) as caught:
        read_covered(value)
    assert caught.value.code == "manifest-malformed"
    return caught.value.message


def of(content: bytes) -> Digests:
    return Digests(lambda start, end: content[start:end], len(content))


# -- names ---------------------------------------------------------------------------------------

NO_NAMES = {
    "a parent directory": "..",
    "a path upwards": "../churn.joblib",
    "a path upwards from a folder": "models/../../churn.joblib",
    "an absolute path": "/etc/passwd",
    "an empty part": "models//churn.joblib",
    "a folder": "models/",
    "this folder": "./churn.joblib",
    "a path of Windows": "models\\churn.joblib",
    "a drive of Windows": "C:churn.joblib",
    "a stream of Windows": "churn.joblib:stream",
    "a device of Windows": "models/NUL",
    "a device of Windows with an ending": "com1.joblib",
    "a NUL": "churn\0.joblib",
    "a line break": "churn\n.joblib",
    "an escape sequence": "\x1b[2Jchurn.joblib",
    "nothing": "",
    "a part that no file system takes": "x" * 256,
    "a thousand folders": "x/" * 1_000 + "x",
    "more than any path": "/".join(["x" * 200] * 30),
}


@pytest.mark.guarantee("G3")
@pytest.mark.parametrize("name", NO_NAMES.values(), ids=list(NO_NAMES))
def test_a_name_that_some_system_reads_otherwise_is_refused(name: str) -> None:
    refused(predicate([(name, ONE), ("other", TWO)]))
    assert name == "" or why_no_file_name(name)
    with pytest.raises(UsageError):
        to_payload(subject="m", resources=[Resource(name, ONE), Resource("z", TWO)], model=None)


TOGETHER = {
    "the same name twice": ["a", "a"],
    "names that differ by case": ["Model.bin", "model.bin"],
    "folders that differ by case": ["A/x", "a/y", "a/x"],
    "names that differ by composition": ["mode\u0301le", "mod\u00e9le"],
    "a sharp s and two": ["stra\u00dfe", "strasse"],
    "a name with a dot at its end": ["model", "model."],
    "a file and a folder": ["a", "a/b"],
    "a file and a folder that differ by case": ["A", "a/b"],
    "names out of order": ["b", "a"],
    "the only file and another one": [".", "a"],
}


@pytest.mark.guarantee("G3")
@pytest.mark.parametrize("names", TOGETHER.values(), ids=list(TOGETHER))
def test_names_that_cannot_stand_beside_each_other_are_refused(names: list[str]) -> None:
    refused(predicate([(name, ONE) for name in names]))


@pytest.mark.parametrize(
    "names", [["a-b", "a/b"], ["a/b", "a-b"], ["Z", "a"], ["a", "a.b", "a1/x"]]
)
def test_names_in_the_order_of_either_tool_are_read(names: list[str]) -> None:
    # By code points, and part by part, as model_signing sorts paths.
    covered = read_covered(predicate([(name, ONE) for name in names]))
    assert [resource.name for resource in covered.resources] == names


def test_no_file_at_all_is_refused() -> None:
    refused(predicate([]))


@given(st.text(), st.text())
def test_names_that_fold_to_one_have_the_same_length_or_are_caught(one: str, two: str) -> None:
    if folded(one) == folded(two) and one != two and not why_no_file_name(one):
        refused(predicate([(name, ONE) for name in sorted((one, two))]))


# -- shards --------------------------------------------------------------------------------------


def test_shards_make_up_a_file() -> None:
    covered = read_covered(
        predicate([("a:0:100", ONE), ("a:100:130", TWO), ("b:0:1", THREE)], shard_size=SHARD)
    )
    assert covered.resources == (
        Resource("a", "", 130, (ONE, TWO)),
        Resource("b", "", 1, (THREE,)),
    )
    assert covered.root == root_digest((ONE, TWO, THREE))


def test_shards_come_in_the_order_of_their_bytes_and_not_of_their_names() -> None:
    ends = [(f"a:{start}:{end}", ONE) for start, end in shards_of(1_200, SHARD)]
    assert read_covered(predicate(ends, shard_size=SHARD)).resources[0].size == 1_200
    refused(predicate(sorted(ends), shard_size=SHARD))


def test_the_size_of_shards_may_be_written_as_model_signing_writes_numbers() -> None:
    assert read_covered(predicate([("a:0:9", ONE)], shard_size=100.0)).shard_size == 100


LYING: dict[str, list[str]] = {
    "that overlap": ["a:0:100", "a:50:120"],
    "that are the same": ["a:0:100", "a:0:100"],
    "that leave a gap": ["a:0:100", "a:101:120"],
    "that begin later": ["a:100:200"],
    "that go on after a short one": ["a:0:99", "a:99:120"],
    "that are too long": ["a:0:101"],
    "that are empty": ["a:0:0"],
    "that end before they begin": ["a:0:100", "a:100:50"],
    "with a sign": ["a:0:+50"],
    "below nothing": ["a:-1:50"],
    "with leading zeros": ["a:00:050"],
    "in digits of another script": ["a:0:\u0665\u0660"],
    "of more bytes than there can be": ["a:0:" + "9" * 30],
    "without an end": ["a:0"],
    "without a name": [":0:50"],
    "that are a whole file": ["a"],
    "of one file around another one": ["a:0:100", "b:0:50", "a:100:150"],
    "of a name that is a path upwards": ["../a:0:50"],
    "of a name with a stream": ["a:b:0:50"],
}


@pytest.mark.guarantee("G3")
@pytest.mark.parametrize("names", LYING.values(), ids=list(LYING))
def test_shards_are_refused(names: list[str]) -> None:
    refused(predicate([(name, ONE) for name in names], shard_size=SHARD))


@pytest.mark.parametrize(
    "size", [0, -1, 0.5, 2**60, float("1e300"), True, "100", None, [], float("nan"), float("inf")]
)
def test_shards_of_no_size_are_refused(size: Any) -> None:
    value = predicate([("a:0:1", ONE)], shard_size=SHARD)
    value["serialization"]["shard_size"] = size
    refused(value)


HASHED: dict[str, dict[str, Any]] = {
    "by another function": {"hash_type": "md5"},
    "in another way": {"method": "blocks"},
    "in no way": {"method": None},
}


@pytest.mark.parametrize("how", HASHED.values(), ids=list(HASHED))
def test_files_hashed_otherwise_are_refused(how: dict[str, Any]) -> None:
    refused(predicate([("a", ONE)], **how))


def test_the_algorithm_of_a_shard_names_its_size() -> None:
    value = predicate([("a:0:1", ONE)], shard_size=SHARD)
    value["resources"][0]["algorithm"] = "sha256-sharded-200"
    refused(value)


@pytest.mark.guarantee("G2")
@given(content=st.binary(max_size=700), other=st.binary(max_size=700))
def test_only_the_content_that_was_hashed_is_the_file(content: bytes, other: bytes) -> None:
    if not content:
        return
    shards = [
        (f".:{start}:{end}", hashlib.sha256(content[start:end]).hexdigest())
        for start, end in shards_of(len(content), SHARD)
    ]
    covered = read_covered(predicate(shards, shard_size=SHARD))
    (resource,) = covered.resources
    assert covered.is_of(resource, of(content))
    assert covered.is_of(resource, of(other)) == (content == other)


# -- what a signer adds ----------------------------------------------------------------------------


def sharded(files: object, **changes: Any) -> Manifest:
    payload = to_payload(
        subject="m",
        resources=[Resource("a", ONE, 130, (ONE, TWO)), Resource("b", TWO, 0, ())],
        model=replace(MODEL, size=130, file="a", files={"a": (130, ONE), "b": (0, TWO)}),
        shard_size=SHARD,
    )

    def edit(statement: Any) -> None:
        statement["subject"][0]["annotations"][ANNOTATION].update({"files": files, **changes})

    return manifest_of(edited(payload, edit))


def test_an_empty_file_has_no_shard_and_is_covered() -> None:
    manifest = sharded({"a": [130, ONE], "b": [0, TWO]})
    assert [(r.name, r.size, r.sha256) for r in manifest.resources] == [
        ("a", 130, ONE),
        ("b", 0, TWO),
    ]


ADDED: dict[str, Any] = {
    "another size than the shards": {"a": [131, ONE]},
    "fewer files than have shards": {"b": [0, TWO]},
    "a file that is not empty and has no shards": {"a": [130, ONE], "c": [5, ONE]},
    "a name that is a path upwards": {"a": [130, ONE], "../c": [0, ONE]},
    "no digest": {"a": [130, "x"]},
    "no size": {"a": ["130", ONE]},
    "no list": {"a": 130},
    "no object": ["a"],
    "a size below nothing": {"a": [-130, ONE]},
}


@pytest.mark.guarantee("G3")
@pytest.mark.parametrize("files", ADDED.values(), ids=list(ADDED))
def test_what_is_added_has_to_fit_the_shards(files: Any) -> None:
    with pytest.raises(TrustError) as caught:
        sharded(files)
    assert caught.value.code == "manifest-malformed"


def test_files_hashed_whole_have_no_second_digest() -> None:
    def edit(statement: Any) -> None:
        statement["subject"][0]["annotations"][ANNOTATION]["files"] = {"churn.joblib": [1, ONE]}

    with pytest.raises(TrustError):
        manifest_of(edited(PAYLOAD, edit))


def test_the_model_is_one_of_the_files() -> None:
    with pytest.raises(UsageError) as caught:
        payload_of(file="other.joblib")
    assert caught.value.code == "manifest-unsuitable"


# -- what need not be covered ----------------------------------------------------------------------

IGNORED = {
    "a file": ("a.log", ["a.log"], True),
    "a file in a folder": ("sub/a.log", ["sub/a.log"], True),
    "all in a folder": (".git/objects/x", [".git"], True),
    "a folder of a longer name": (".github/x", [".git"], False),
    "a file of that name elsewhere": ("sub/a.log", ["a.log"], False),
    "a pattern": ("a.log", ["*.log"], True),
    "a pattern in a folder": ("sub/a.log", ["*.log"], True),
    "a pattern of a folder": ("__pycache__/x.pyc", ["__*__"], True),
    "a pattern that is longer": ("a.logs", ["*.log"], False),
    "one character": ("a1", ["a?"], True),
    "a name like a pattern": ("sub/a*b", ["sub/a*b"], True),
    "a folder with a name like a pattern": ("a?/b", ["a?"], True),
    "what a shell takes for more": ("ab", ["[a]b"], False),
    "a dot that stands for itself": ("axlog", ["*.log"], False),
}


@pytest.mark.parametrize(("name", "ignored", "expected"), IGNORED.values(), ids=list(IGNORED))
def test_what_is_ignored(name: str, ignored: list[str], expected: bool) -> None:
    assert is_ignored(name, ignored) is expected


def test_a_pattern_of_many_stars_takes_no_longer_than_others() -> None:
    """By backtracking, this would not end in a lifetime."""
    assert not is_ignored("a" * 250, ["*a" * 100 + "b"])
    assert is_ignored("a" * 250 + "b", ["*a" * 100 + "*b"])


def test_very_many_ignored_names_are_refused() -> None:
    with pytest.raises(TrustError) as caught:
        read_covered(predicate([("a", ONE)], ignore_paths=["*b"] * 1_001))
    assert caught.value.code == "manifest-malformed"


NOT_SIGNED = ["../x", "/x", "a/*", "*/../..", ".", "C:*", "a//b"]


@pytest.mark.parametrize("name", [*NOT_SIGNED, ""])
def test_what_is_no_name_is_not_signed_as_ignored(name: str) -> None:
    assert why_no_ignored(name)


@pytest.mark.parametrize("name", NOT_SIGNED)
def test_what_is_no_name_ignores_nothing_that_has_one(name: str) -> None:
    """Other tools may ignore files whose names cannot be signed here: these and no others."""
    ignored = read_covered(predicate([("a", ONE)], ignore_paths=[name])).ignored
    assert ignored == (name,)
    assert not any(is_ignored(other, ignored) for other in ("x", "a", "a/b", "a/b/x", "C"))
