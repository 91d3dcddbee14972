"""The machine-readable report has exactly the fields of schema 1."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

import safeload
from safeload.report.json import as_document, as_json
from safeload.shipped import shipped
from tests.builder import Name, Pickle
from tests.report.reports import EMPTY, EVIL, ORDINARY, SUPPRESSED

SCHEMA = json.loads(shipped("safeload.report", "report.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)

FILE = {"path", "sha256", "size", "format", "verdict", "members", "globals", "findings", "skipped"}
MEMBER = {"path", "format", "verdict", "opcodes", "arrays"}
GLOBAL = {"name", "uses", "offset", "allowed", "member"}
FINDING = {
    "rule", "severity", "weight", "message", "remedy", "member", "offset", "suppressed",
}  # fmt: skip


@pytest.fixture
def document(tmp_path: Path) -> Any:
    nested = Pickle.nested_objects("a", Name("posix", "system"))
    for name, data in {
        "1.pkl": Pickle(4).call(Name("posix", "system"), "id").finish(),
        "2.joblib": Pickle(4).array(bytes(8)).object_array(nested).tuple2().finish(),
        "3.pkl": Pickle(4).save({"a": 1}).finish(),
        "4.h5": b"\x89HDF\r\n\x1a\n",
        "notes.txt": b"no model",
    }.items():
        (tmp_path / name).write_bytes(data)
    return json.loads(as_json(safeload.audit(tmp_path, tmp_path / "nothing")))


def test_the_fields_are_those_of_schema_1(document: Any) -> None:
    assert set(document) == {
        "schema",
        "safeload",
        "files",
        "skipped",
        "unfinished",
        "changed_since",
        "excluded",
        "summary",
    }
    assert document["schema"] == 1
    assert document["safeload"] == safeload.__version__
    for file in document["files"]:
        assert set(file) == FILE
        for part, fields in (("members", MEMBER), ("globals", GLOBAL), ("findings", FINDING)):
            assert all(set(item) == fields for item in file[part])


def test_the_schema_that_ships_is_one_and_describes_every_report(document: Any) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    VALIDATOR.validate(document)
    for report in (EMPTY, ORDINARY, SUPPRESSED, EVIL):
        VALIDATOR.validate(json.loads(as_json(report)))


def test_the_schema_describes_every_field(document: Any) -> None:
    assert set(SCHEMA["properties"]) == set(document)
    fields = {"file": FILE, "stream": MEMBER, "global": GLOBAL, "finding": FINDING}
    for name, expected in fields.items():
        assert set(SCHEMA["$defs"][name]["properties"]) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"summary": {}},
        {"files": [{}]},
        {"skipped": [{"path": "a"}]},
    ],
    ids=str,
)
def test_the_schema_tells_another_document(document: Any, change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        VALIDATOR.validate(document | change)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("verdict", "safe"),
        ("verdict", "accept"),
        ("verdict", "incomplete"),
        ("size", -1),
        ("sha256", "ab"),
        ("findings", [{"rule": "101"}]),
        ("globals", [{"name": "a.b"}]),
    ],
)
def test_the_schema_tells_a_file_that_is_none(document: Any, field: str, value: object) -> None:
    # It is the file that is refused.
    document["files"][0][field] = value

    with pytest.raises(ValidationError):
        VALIDATOR.validate(document)


def test_later_releases_may_add_fields(document: Any) -> None:
    document["more"] = document["files"][0]["more"] = 1

    VALIDATOR.validate(document)


def test_a_name_is_told_with_the_stream_that_it_is_in(document: Any) -> None:
    names = {item["name"]: item["member"] for item in document["files"][1]["globals"]}

    assert names["posix.system"] == "[1]"
    assert names["joblib.numpy_pickle.NumpyArrayWrapper"] == ""


def test_what_was_skipped_is_listed_with_its_reason(document: Any) -> None:
    (skipped,) = document["skipped"]

    assert set(skipped) == {"path", "reason"}
    assert Path(skipped["path"]).name == "notes.txt"
    assert skipped["reason"]


def test_values_are_of_the_types_that_readers_expect(document: Any) -> None:
    for file in document["files"]:
        assert isinstance(file["path"], str)
        assert isinstance(file["size"], int)
        assert file["verdict"] in ("accept", "refuse", "incomplete")
        assert file["sha256"] == "" or len(file["sha256"]) == 64
        for item in file["globals"]:
            assert isinstance(item["allowed"], bool)
            assert item["offset"] is None or isinstance(item["offset"], int)
            assert set(item["uses"]) <= {"construct", "call", "fill", "build", "reference"}
            assert item["uses"] == sorted(item["uses"])
        for finding in file["findings"]:
            assert finding["severity"] in ("note", "warning", "error")
            assert finding["offset"] is None or isinstance(finding["offset"], int)
        for member in file["members"]:
            assert isinstance(member["opcodes"], int)
            assert isinstance(member["arrays"], int)


def test_the_summary_counts_files_by_verdict(document: Any) -> None:
    assert document["summary"] == {"files": 5, "accept": 1, "refuse": 2, "incomplete": 2}


def test_the_example_of_the_design_looks_as_it_says(document: Any) -> None:
    file = document["files"][0]

    assert (file["format"], file["verdict"]) == ("pickle", "refuse")
    (found,) = file["globals"]
    assert (found["name"], found["uses"], found["allowed"]) == ("posix.system", ["call"], False)
    assert [finding["rule"] for finding in file["findings"]] == ["SL101"]
    (member,) = file["members"]
    assert (member["path"], member["arrays"]) == ("", 0)


def test_members_are_those_of_the_file(document: Any) -> None:
    file = document["files"][1]

    assert [member["path"] for member in file["members"]] == ["", "[1]"]
    assert [member["format"] for member in file["members"]] == ["joblib", "pickle"]
    assert [member["arrays"] for member in file["members"]] == [2, 0]


def test_an_audit_of_nothing_is_a_report_all_the_same(tmp_path: Path) -> None:
    document = as_document(safeload.audit(tmp_path))

    assert document["files"] == []
    assert document["summary"] == {"files": 0, "accept": 0, "refuse": 0, "incomplete": 0}


def test_the_text_is_ascii_whatever_the_file_says(tmp_path: Path) -> None:
    (tmp_path / "\u202emodel.pkl").write_bytes(
        Pickle(4).global_("a\x1b[2J", "\udcff".encode("utf-8", "surrogatepass")).finish()
    )

    text = as_json(safeload.audit(tmp_path))

    assert text.isascii()
    assert "\x1b" not in text
    assert not text.endswith("\n")
