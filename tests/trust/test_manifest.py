"""A manifest says what the verified bytes say, and bytes that are off make none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeload.errors import SafeloadError, TrustError, UsageError
from safeload.trust.manifest import (
    ANNOTATION,
    Manifest,
    Model,
    Resource,
    SignedGlobal,
    to_payload,
)
from tests.trust.names import NAMES
from tests.trust.statements import (
    CONTENT,
    FILE,
    MODEL,
    PAYLOAD,
    SHA256,
    digests,
    dropping,
    edited,
    manifest_of,
    payload_of,
    setting,
    verified,
)

SUBJECT = ("subject", 0)
OURS = ("subject", 0, "annotations", ANNOTATION)
PREDICATE = ("predicate",)
OTHER = "f" * 64


def refused(payload: bytes) -> str:
    with pytest.raises(TrustError) as caught:
        manifest_of(payload)
    return caught.value.code


def root_digest(*digests: str) -> str:
    return hashlib.sha256(b"".join(map(bytes.fromhex, digests))).hexdigest()


def covering(*resources: tuple[str, str]) -> bytes:
    """A statement of another tool about any files."""

    def edit(statement: Any) -> None:
        statement["subject"] = [
            {"name": "model", "digest": {"sha256": root_digest(*[r[1] for r in resources])}}
        ]
        statement["predicate"]["resources"] = [
            {"name": name, "algorithm": "sha256", "digest": digest} for name, digest in resources
        ]

    return edited(PAYLOAD, edit)


def test_a_written_statement_reads_back() -> None:
    manifest = manifest_of()
    assert manifest.model == MODEL
    assert manifest.resources == (FILE,)
    assert manifest.subject == FILE.name
    assert manifest.payload_sha256 == hashlib.sha256(PAYLOAD).hexdigest()


def test_the_statement_has_the_form_of_open_model_signing() -> None:
    statement = json.loads(PAYLOAD)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://model_signing/signature/v1.0"
    assert statement["predicate"] == {
        "serialization": {"method": "files", "hash_type": "sha256", "allow_symlinks": False},
        "resources": [{"name": "churn.joblib", "algorithm": "sha256", "digest": SHA256}],
    }
    (subject,) = statement["subject"]
    assert subject["name"] == "churn.joblib"
    assert subject["digest"] == {"sha256": root_digest(SHA256)}
    assert set(subject["annotations"]) == {"safeload_manifest_v1"}


def test_resources_are_signed_in_the_order_of_their_names() -> None:
    files = [Resource(name, digit * 64) for name, digit in (("b", "1"), ("C", "2"), ("a", "3"))]
    payload = to_payload(subject="model", resources=files, model=None)
    assert [r.name for r in manifest_of(payload).resources] == ["C", "a", "b"]


def test_a_statement_without_our_content_has_resources_and_no_model() -> None:
    manifest = manifest_of(covering(("a.bin", SHA256), ("b.bin", OTHER)))
    assert manifest.model is None
    assert manifest.resources == (Resource("a.bin", SHA256), Resource("b.bin", OTHER))


def test_fields_that_the_specifications_leave_open_are_ignored() -> None:
    def edit(statement: Any) -> None:
        statement["extra"] = 1
        statement["predicate"]["extra"] = 1
        statement["predicate"]["serialization"]["ignore_paths"] = [".git"]
        statement["predicate"]["resources"][0]["media_type"] = "x"
        statement["subject"][0]["uri"] = "x"
        statement["subject"][0]["digest"]["sha512"] = "0"
        statement["subject"][0]["annotations"]["somebody_else"] = {"a": None}

    assert manifest_of(edited(PAYLOAD, edit)).model == MODEL


MODELS = st.builds(
    replace,
    st.just(MODEL),
    name=NAMES,
    serial=st.integers(0, 2**53 - 1),
    size=st.integers(0, 2**53 - 1),
    globals=st.lists(
        st.builds(
            SignedGlobal,
            st.sampled_from(["a", "b", "ü"]),
            st.uuids().map(str),
            st.sets(st.sampled_from(["call", "fill", "reference"]), min_size=1).map(
                lambda uses: tuple(sorted(uses))
            ),
        ),
        max_size=4,
    ).map(tuple),
    signed=st.datetimes(timezones=st.just(UTC)),
    not_after=st.none() | st.datetimes(timezones=st.just(UTC)),
    training=st.builds(
        replace,
        st.just(MODEL.training),
        metrics=st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
            st.floats(allow_nan=False, allow_infinity=False),
        ),
        dataset=st.none(),
        feature_names=st.none() | st.just(()),
        n_features=st.none(),
        date=st.none(),
    ),
    packs=st.sets(st.sampled_from(["mlxtend", "statsmodels", "a pack to come"])).map(
        lambda packs: tuple(sorted(packs))
    ),
    probe=st.none() | st.just({}),
)


@given(model=MODELS)
def test_any_model_makes_the_round_trip(model: Model) -> None:
    payload = to_payload(subject=FILE.name, resources=[FILE], model=model)
    assert manifest_of(payload).model == model


def test_a_model_that_needs_no_pack_is_described_as_it_was_before_there_were_any() -> None:
    assert "packs" not in MODEL.to_json()
    assert replace(MODEL, packs=("mlxtend",)).to_json()["packs"] == ["mlxtend"]
    empty = manifest_of(edited(PAYLOAD, setting(*OURS, "packs", to=[])))
    assert empty.model == MODEL


def test_times_are_written_in_utc() -> None:
    abroad = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    model = manifest_of(payload_of(signed=abroad)).model
    assert model is not None
    assert model.signed == abroad
    assert model.signed.utcoffset() == timedelta(0)


MALFORMED: dict[str, Callable[[Any], object]] = {
    "another statement type": setting("_type", to="https://in-toto.io/Statement/v0.1"),
    "no statement type": dropping("_type"),
    "another predicate": setting("predicateType", to="https://slsa.dev/provenance/v1"),
    "the predicate of model_signing 0.2": setting(
        "predicateType", to="https://model_signing/Digests/v0.1"
    ),
    "no subject": setting("subject", to=[]),
    "two subjects": lambda s: s["subject"].append(s["subject"][0]),
    "a subject that is not an object": setting(*SUBJECT, to="churn"),
    "a subject without a name": dropping(*SUBJECT, "name"),
    "a subject with an empty name": setting(*SUBJECT, "name", to=""),
    "a subject without a digest": dropping(*SUBJECT, "digest"),
    "a subject's digest of other files": setting(*SUBJECT, "digest", "sha256", to=OTHER),
    "a subject's digest of another kind only": setting(*SUBJECT, "digest", to={"sha1": "0"}),
    "no predicate": dropping(*PREDICATE),
    "files hashed in shards": setting(*PREDICATE, "serialization", "method", to="shards"),
    "files hashed by BLAKE2": setting(*PREDICATE, "serialization", "hash_type", to="blake2b"),
    "no serialization": dropping(*PREDICATE, "serialization"),
    "no resources": setting(*PREDICATE, "resources", to=[]),
    "resources that are not a list": setting(*PREDICATE, "resources", to={}),
    "a resource hashed by SHA-1": setting(*PREDICATE, "resources", 0, "algorithm", to="sha1"),
    "a digest in upper case": setting(*PREDICATE, "resources", 0, "digest", to=SHA256.upper()),
    "a digest cut short": setting(*PREDICATE, "resources", 0, "digest", to=SHA256[:-2]),
    "a digest with a line break": setting(*PREDICATE, "resources", 0, "digest", to=SHA256 + "\n"),
    "annotations that are not an object": setting(*SUBJECT, "annotations", to=[1]),
    "content of a newer release": setting(*SUBJECT, "annotations", "safeload_manifest_v2", to={}),
    "our content as null": setting(*OURS, to=None),
    "a member of our content that is unknown": setting(*OURS, "trusted", to=True),
    "a name that is not a text": setting(*OURS, "name", to=1),
    "an empty name": setting(*OURS, "name", to=""),
    "a name of a million letters": setting(*OURS, "name", to="x" * 1_000_000),
    "a version that is a number": setting(*OURS, "version", to=1.2),
    "a serial that is true": setting(*OURS, "serial", to=True),
    "a serial that is a float": setting(*OURS, "serial", to=7.0),
    "a serial in quotes": setting(*OURS, "serial", to="7"),
    "a negative serial": setting(*OURS, "serial", to=-1),
    "a serial beyond what doubles hold": setting(*OURS, "serial", to=2**53),
    "a size that is null": setting(*OURS, "size", to=None),
    "a serializer that is a list": setting(*OURS, "serializer", to=["joblib"]),
    "versions that are a list": setting(*OURS, "versions", to=[]),
    "a version of a library that is a number": setting(*OURS, "versions", "python", to=3.11),
    "training that is null": setting(*OURS, "training", to=None),
    "a training date without a zone": setting(*OURS, "training", "date", to="2026-01-01T00:00:00"),
    "a dataset without a digest": dropping(*OURS, "training", "dataset", "sha256"),
    "a metric that is text": setting(*OURS, "training", "metrics", "auc", to="0.9"),
    "a metric that is true": setting(*OURS, "training", "metrics", "auc", to=True),
    "a metric beyond every float": setting(*OURS, "training", "metrics", "auc", to=10**400),
    "feature names that are numbers": setting(*OURS, "training", "feature_names", to=[1]),
    "a negative number of features": setting(*OURS, "training", "n_features", to=-1),
    "globals that are an object": setting(*OURS, "globals", to={}),
    "a global as one dotted name": setting(*OURS, "globals", to=["os.system"]),
    "a global without uses": setting(*OURS, "globals", to=[["os", "system", []]]),
    "a global with a use that is not a text": setting(*OURS, "globals", to=[["os", "x", [1]]]),
    "a global with uses as one text": setting(*OURS, "globals", to=[["os", "x", "call"]]),
    "a global with uses out of order": setting(
        *OURS, "globals", to=[["os", "x", ["reference", "call"]]]
    ),
    "a global with a use twice": setting(*OURS, "globals", to=[["os", "x", ["call", "call"]]]),
    "a global twice": setting(
        *OURS, "globals", to=[["os", "x", ["call"]], ["os", "x", ["reference"]]]
    ),
    "a global with a fourth part": setting(*OURS, "globals", to=[["os", "x", ["call"], 1]]),
    "packs that are a text": setting(*OURS, "packs", to="mlxtend"),
    "packs that are numbers": setting(*OURS, "packs", to=[1]),
    "packs out of order": setting(*OURS, "packs", to=["sktime", "mlxtend"]),
    "a pack twice": setting(*OURS, "packs", to=["mlxtend", "mlxtend"]),
    "a probe that is a list": setting(*OURS, "probe", to=[]),
    "a signing time as a number": setting(*OURS, "signed", to=1_700_000_000),
    "a signing time with another offset": setting(*OURS, "signed", to="2026-01-01T00:00:00+01:00"),
    "a signing time that is no time": setting(*OURS, "signed", to="2026-02-30T00:00:00Z"),
    "a signing time in other digits": setting(*OURS, "signed", to="\uff12026-01-01T00:00:00Z"),
    "an expiry that is an empty text": setting(*OURS, "not_after", to=""),
    **{
        f"our content without {member}": dropping(*OURS, member)
        for member in json.loads(PAYLOAD)["subject"][0]["annotations"][ANNOTATION]
    },
}


@pytest.mark.parametrize("edit", MALFORMED.values(), ids=list(MALFORMED))
def test_a_signed_statement_that_is_off_is_refused(edit: Callable[[Any], object]) -> None:
    assert refused(edited(PAYLOAD, edit)) == "manifest-malformed"


@pytest.mark.guarantee("G4")
@pytest.mark.parametrize(
    "name", ["team/churn", "a\\b", "churn\n", "a\0b", "mode\u0301le", "a\u202eb", " a", "x" * 256]
)
def test_a_statement_about_a_model_of_no_name_is_refused_by_whomever_it_was_signed(
    name: str,
) -> None:
    assert refused(edited(PAYLOAD, setting(*OURS, "name", to=name))) == "manifest-malformed"


MALFORMED_BYTES = {
    "no JSON": b"hello",
    "a list": b"[]",
    "a member twice": PAYLOAD.replace(b'"serial":7', b'"serial":7,"serial":8'),
    "a NaN": PAYLOAD.replace(b'"auc":0.93', b'"auc":NaN'),
    "a number that overflows": PAYLOAD.replace(b'"auc":0.93', b'"auc":1e999'),
    "half a surrogate pair": PAYLOAD.replace(b'"name":"churn"', rb'"name":"\udc80"'),
    "100,000 nested lists": b"[" * 100_000 + b"]" * 100_000,
    "a byte order mark": b"\xef\xbb\xbf" + PAYLOAD,
}


@pytest.mark.guarantee("G3")
@pytest.mark.parametrize("payload", MALFORMED_BYTES.values(), ids=list(MALFORMED_BYTES))
def test_signed_bytes_that_parsers_could_read_differently_are_refused(payload: bytes) -> None:
    assert refused(payload) == "manifest-malformed"


NOT_BASENAMES = {
    "a parent directory": "..",
    "a path upwards": "../churn.joblib",
    "an absolute path": "/etc/passwd",
    "a path of Windows": "models\\churn.joblib",
    "a drive of Windows": "C:churn.joblib",
    "a stream of Windows": "churn.joblib:stream",
    "a NUL": "churn\0.joblib",
    "a line break": "churn\n.joblib",
    "an empty name": "",
    "a name no file system takes": "x" * 256,
}


@pytest.mark.parametrize("name", NOT_BASENAMES.values(), ids=list(NOT_BASENAMES))
def test_a_resource_name_that_could_be_a_path_is_refused(name: str) -> None:
    assert refused(covering((name, SHA256))) == "manifest-malformed"
    with pytest.raises(UsageError) as caught:
        to_payload(subject="churn", resources=[Resource(name, SHA256)], model=None)
    assert caught.value.code == "manifest-unsuitable"


def test_a_dot_names_the_only_file_and_none_of_several() -> None:
    assert manifest_of(covering((".", SHA256))).resources == (Resource(".", SHA256),)
    assert refused(covering((".", SHA256), ("a", OTHER))) == "manifest-malformed"


def test_a_file_in_a_subfolder_may_be_named() -> None:
    manifest = manifest_of(covering(("models/churn.joblib", SHA256)))
    assert manifest.check_content("models/churn.joblib", digests(1, SHA256))


def test_a_file_named_twice_is_refused() -> None:
    assert refused(covering(("a", SHA256), ("a", OTHER))) == "manifest-malformed"


def test_a_model_is_one_file() -> None:
    with pytest.raises(UsageError) as caught:
        to_payload(subject="m", resources=[FILE, Resource("b", OTHER)], model=MODEL)
    assert caught.value.code == "manifest-unsuitable"


@given(payload=st.binary(min_size=1))
def test_any_signed_bytes_give_a_manifest_or_a_trust_error(payload: bytes) -> None:
    assert refused(payload) == "manifest-malformed"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    steps: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        steps = list(value.items())
    elif isinstance(value, list):
        steps = list(enumerate(value))
    found = [path] if path else []
    for step, inner in steps:
        found += places(inner, (*path, step))
    return found


@given(place=st.sampled_from(places(json.loads(PAYLOAD))), value=JSON_VALUES)
def test_any_json_in_any_place_gives_a_manifest_or_a_trust_error(
    place: tuple[str | int, ...], value: Any
) -> None:
    payload = verified(edited(PAYLOAD, setting(*place, to=value)))
    code = "manifest-malformed"
    try:
        assert Manifest.from_payload(payload).resources
    except SafeloadError as error:
        code = error.code
    assert code == "manifest-malformed"


UNSUITABLE: dict[str, dict[str, Any]] = {
    "an empty name": {"name": ""},
    "a negative serial": {"serial": -1},
    "a metric that is not a number": {
        "training": replace(MODEL.training, metrics={"auc": float("nan")})
    },
    "a probe that JSON cannot hold": {"probe": {"rows": {1, 2}}},
    "a time without a zone": {"signed": datetime(2026, 1, 1)},  # noqa: DTZ001
    "half a surrogate pair": {"name": "\ud800"},
}


@pytest.mark.parametrize("changes", UNSUITABLE.values(), ids=list(UNSUITABLE))
def test_what_could_not_be_read_is_not_signed(changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        payload_of(**changes)
    assert caught.value.code == "manifest-unsuitable"


def test_a_probe_nested_without_end_is_not_signed() -> None:
    probe: dict[str, Any] = {}
    probe["again"] = probe
    with pytest.raises(UsageError) as caught:
        payload_of(probe=probe)
    assert caught.value.code == "manifest-unsuitable"


def test_the_signed_file_passes_under_any_name() -> None:
    for name in ("churn.joblib", "current.joblib"):
        assert manifest_of().check_content(name, digests(len(CONTENT), SHA256)) == FILE


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize(("size", "sha256"), [(len(CONTENT), OTHER), (len(CONTENT) + 1, SHA256)])
def test_another_file_does_not_pass(size: int, sha256: str) -> None:
    with pytest.raises(TrustError) as caught:
        manifest_of().check_content("churn.joblib", digests(size, sha256))
    assert caught.value.code == "digest-mismatch"


@pytest.mark.guarantee("G2")
def test_of_several_files_each_passes_under_its_own_name_only() -> None:
    manifest = manifest_of(covering(("a.bin", SHA256), ("b.bin", OTHER)))
    assert manifest.check_content("a.bin", digests(1, SHA256)).name == "a.bin"
    with pytest.raises(TrustError) as caught:
        manifest.check_content("b.bin", digests(1, SHA256))
    assert caught.value.code == "digest-mismatch"
    with pytest.raises(TrustError) as caught:
        manifest.check_content("c.bin", digests(1, SHA256))
    assert caught.value.code == "not-covered"
