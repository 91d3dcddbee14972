"""GitLab's security report: what its schema 15.2.0 for "sast" asks for, and what its pages show."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from jsonschema import Draft7Validator

from safeload.auditing.run import AuditReport
from safeload.report.gitlab import as_gitlab
from safeload.rule_ids import RULE_IDS
from safeload.verdict import Finding
from tests.report.reports import (
    EMPTY,
    EVIL,
    HOSTILE,
    INVOCATION,
    ORDINARY,
    SUPPRESSED,
    file_of,
    refused,
)


def some(pattern: str = ".", **more: Any) -> dict[str, Any]:
    """Text of a form."""
    return {"type": "string", "pattern": pattern, **more}


def thing(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    """An object with these fields and no others: a field with a slip in its name is found."""
    return {
        "type": "object",
        "required": [*required],
        "properties": {**required, **optional},
        "additionalProperties": False,
    }


WEB = r"^https?://.+"
MOMENT = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$"
IDENTIFIER = thing({"type": some(), "name": some(), "value": some()}, url=some(WEB))
TOOL = thing(
    {"id": some(), "name": some(), "version": some(), "vendor": thing({"name": some()})},
    url=some(WEB),
)
DETAIL = thing({"type": {"const": "value"}, "name": some(), "value": some()})
# No package that can be had in tests carries GitLab's own schema. This has its constraints on the
# fields that we write, and allows no other fields, which GitLab's does.
SCHEMA = thing(
    {
        "version": {"const": "15.2.0"},
        "scan": thing(
            {
                "analyzer": TOOL,
                "scanner": TOOL,
                "type": {"const": "sast"},
                "start_time": some(MOMENT),
                "end_time": some(MOMENT),
                "status": {"enum": ["success", "failure"]},
            },
            messages={
                "type": "array",
                "items": thing({"level": {"enum": ["info", "warn", "fatal"]}, "value": some()}),
            },
            primary_identifiers={"type": "array", "items": IDENTIFIER},
        ),
        "vulnerabilities": {
            "type": "array",
            "items": thing(
                {
                    "id": some(),
                    "identifiers": {"type": "array", "minItems": 1, "items": IDENTIFIER},
                    "location": thing({"file": some()}),
                },
                name=some(maxLength=255),
                description=some(maxLength=1_048_576),
                severity={"enum": ["Info", "Unknown", "Low", "Medium", "High", "Critical"]},
                solution=some(maxLength=7000),
                links={"type": "array", "items": thing({"url": some(WEB)}, name=some())},
                details={"type": "object", "additionalProperties": DETAIL},
            ),
        },
    },
    schema=some(WEB),
)


def written(report: AuditReport) -> Any:
    """A report that is valid."""
    document = json.loads(as_gitlab(report, INVOCATION))
    Draft7Validator.check_schema(SCHEMA)
    Draft7Validator(SCHEMA).validate(document)
    return document


@pytest.mark.parametrize("report", [ORDINARY, EMPTY, EVIL], ids=["ordinary", "empty", "hostile"])
def test_it_is_valid(report: AuditReport) -> None:
    written(report)


def test_a_file_and_a_rule_are_one_vulnerability() -> None:
    found = written(AuditReport((refused(),)))["vulnerabilities"]

    assert [one["identifiers"][0]["value"] for one in found] == ["SL101", "SL103", "SL002"]
    assert [one["severity"] for one in found] == ["High", "High", "Unknown"]
    assert {one["location"]["file"] for one in found} == {"a/theirs.pkl"}
    assert "and 20 more" in found[1]["description"]
    for one in found:
        assert one["identifiers"][0]["url"] in {link["url"] for link in one["links"]}


def test_an_accepted_file_is_no_vulnerability_and_is_counted() -> None:
    document = written(AuditReport((file_of("a.pkl"),)))

    assert document["vulnerabilities"] == []
    (message,) = document["scan"]["messages"]
    assert message["level"] == "info"


def test_what_was_not_read_is_said_of_the_scan_as_well() -> None:
    levels = [message["level"] for message in written(ORDINARY)["scan"]["messages"]]

    assert levels == ["info", "warn"]


def test_a_vulnerability_keeps_its_id_and_no_two_share_one() -> None:
    moved = file_of("a.pkl", Finding("SL101", "x.z.", "", 90))
    before = file_of("a.pkl", Finding("SL101", "x.y.", "", 2))
    ids = [written(AuditReport((one,)))["vulnerabilities"][0]["id"] for one in (moved, before)]
    assert ids[0] == ids[1]

    every = [one["id"] for one in written(ORDINARY)["vulnerabilities"]]
    assert len(set(every)) == len(every)
    assert all(UUID(one) for one in every)


def test_no_name_passes_for_another_that_is_escaped() -> None:
    names = ["a\x1b.pkl", "a\\x1b.pkl", "a\\\\x1b.pkl", "caf\udce9.pkl", "caf\\udce9.pkl"]
    files = [file_of(name, Finding("SL101", "x.y.")) for name in names]
    found = written(AuditReport(tuple(files)))["vulnerabilities"]

    assert len({one["location"]["file"] for one in found}) == len(names)
    assert len({one["id"] for one in found}) == len(names)


def test_the_rules_of_this_release_are_listed() -> None:
    listed = [one["value"] for one in written(EMPTY)["scan"]["primary_identifiers"]]

    assert listed == [*RULE_IDS]


def test_paths_are_those_of_the_project() -> None:
    inside = file_of("/srv/models/x/../y.pkl", Finding("SL101", "x.y."))
    outside = file_of("../z.pkl", Finding("SL101", "x.y."))
    found = written(AuditReport((inside, outside)))["vulnerabilities"]

    assert [one["location"]["file"] for one in found] == ["y.pkl", "/srv/z.pkl"]


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_of_a_name_is_markup(name: str) -> None:
    document = written(AuditReport((EVIL.files[list(HOSTILE).index(name)],)))
    (one,) = document["vulnerabilities"]

    assert one["location"]["file"].isprintable()
    quoted = one["description"].partition("<code>")[2].rpartition("</code>")[0]
    assert not set(quoted.replace("</code>", "").replace("<code>", "")) & set("<>`[]*_~|@!\\:")


def test_what_somebody_accepted_is_left_out_and_counted() -> None:
    document = written(SUPPRESSED)

    found = [one["identifiers"][0]["value"] for one in document["vulnerabilities"]]
    assert found == ["SL103", "SL002"]
    levels = [message["level"] for message in document["scan"]["messages"]]
    assert levels == ["info", "fatal", "info"]
    assert document["scan"]["status"] == "failure"
