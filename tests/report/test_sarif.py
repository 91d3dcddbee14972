"""SARIF that its schema, its specification and GitHub take."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from sarif_kit.validate import validation_errors

from safeload.auditing.run import AuditReport
from safeload.report import sarif
from safeload.report.sarif import as_sarif
from safeload.verdict import Finding
from tests.report.reports import (
    EMPTY,
    EVIL,
    HOSTILE,
    INVOCATION,
    ORDINARY,
    SUPPRESSED,
    file_of,
    large,
    refused,
)


def run_of(report: AuditReport) -> Any:
    """The one run of a log."""
    (run,) = json.loads(as_sarif(report, INVOCATION))["runs"]
    return run


def written(report: AuditReport) -> Any:
    """The same of a log that is valid; to check that takes milliseconds for each result."""
    assert validation_errors(json.loads(as_sarif(report, INVOCATION))) == []
    return run_of(report)


@pytest.mark.parametrize("report", [ORDINARY, EMPTY, EVIL], ids=["ordinary", "empty", "hostile"])
def test_it_is_valid(report: AuditReport) -> None:
    written(report)


def test_a_file_and_a_rule_are_one_result_with_its_first_places() -> None:
    results = written(AuditReport((refused(),)))["results"]

    assert [result["ruleId"] for result in results] == ["SL101", "SL103", "SL002"]
    assert [result["level"] for result in results] == ["error", "error", "warning"]
    assert [result["occurrenceCount"] for result in results] == [1, 30, 1]
    many = results[1]
    places = many["locations"] + many["relatedLocations"]
    assert [place["properties"]["offsetInMember"] for place in places] == [*range(10)]
    assert {place["logicalLocations"][0]["fullyQualifiedName"] for place in places} == {"[1]"}
    assert "30" in many["message"]["text"] or "29" in many["message"]["text"]


def test_an_offset_is_one_in_the_file_only_where_the_file_is_what_was_read() -> None:
    run = written(ORDINARY)
    regions = {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]: result["locations"][
            0
        ]
        for result in run["results"]
        if result["ruleId"] == "SL101"
    }

    assert regions["a/theirs.pkl"]["physicalLocation"]["region"] == {"byteOffset": 2}
    whole = {"byteOffset": 0, "byteLength": 27}
    assert regions["b/packed.joblib"]["physicalLocation"]["region"] == whole
    assert regions["b/packed.joblib"]["properties"] == {"offsetInMember": 9}


def test_results_point_at_their_rule_and_artifact() -> None:
    run = written(ORDINARY)

    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        location = result["locations"][0]["physicalLocation"]["artifactLocation"]
        artifact = run["artifacts"][location.pop("index")]
        assert artifact["location"] == location
    assert len(run["artifacts"]) == 4
    assert run["artifacts"][0]["hashes"] == {"sha-256": "ab" * 32}
    assert "hashes" not in run["artifacts"][3]


def test_rules_say_what_github_sorts_by() -> None:
    for rule in written(ORDINARY)["tool"]["driver"]["rules"]:
        assert 0 < float(rule["properties"]["security-severity"]) <= 10
        assert rule["helpUri"].endswith(f"/{rule['id']}.md")
        assert rule["helpUri"] in rule["help"]["markdown"]
        assert len(rule["properties"]["tags"]) <= 10
        for text in ("shortDescription", "fullDescription"):
            assert 0 < len(rule[text]["text"]) <= 1024


def test_what_was_not_read_is_a_result_and_a_notification() -> None:
    run = written(ORDINARY)
    (invocation,) = run["invocations"]

    assert {r["level"] for r in run["results"] if r["ruleId"] == "SL000"} == {"warning"}
    (note,) = invocation["toolExecutionNotifications"]
    assert note["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "gone.pkl"
    assert (invocation["exitCode"], invocation["executionSuccessful"]) == (1, True)
    assert invocation["startTimeUtc"] == "2026-11-30T23:59:58.000Z"
    assert invocation["endTimeUtc"] == "2026-12-01T00:00:01.250Z"


def test_a_fingerprint_stays_when_the_same_thing_moves_within_the_file() -> None:
    def prints(*findings: Finding, path: str = "a.pkl") -> list[Any]:
        results = written(AuditReport((file_of(path, *findings),)))["results"]
        return [result["partialFingerprints"] for result in results]

    before = prints(Finding("SL101", "x.y.", "", 2))
    assert prints(Finding("SL101", "x.y.", "", 90), Finding("SL101", "x.z.", "", 1)) == before
    assert prints(Finding("SL102", "x.y.", "", 2)) != before
    assert prints(Finding("SL101", "x.y.", "", 2), path="b.pkl") != before


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_told_byte_by_byte(name: str) -> None:
    path = HOSTILE[name]
    (artifact,) = written(AuditReport((file_of(path),)))["artifacts"]
    parts = urlsplit(artifact["location"]["uri"])

    assert (parts.query, parts.fragment, parts.netloc) == ("", "", "")
    found = unquote_to_bytes(parts.path).decode("utf-8", "surrogateescape")
    if name in ("absolute", "above"):
        assert (parts.scheme, found) == ("file", "/etc/passwd")
        assert "uriBaseId" not in artifact["location"]
    else:
        assert (parts.scheme, artifact["location"]["uriBaseId"]) == ("", "%SRCROOT%")
        path = path.replace("//", "/")
        expected = path.encode("utf-8", "surrogatepass" if "\ud800" in path else "surrogateescape")
        assert found == expected.decode("utf-8", "surrogateescape")


def test_a_file_that_is_given_twice_is_one_artifact() -> None:
    run = written(AuditReport((refused("a.pkl"), refused("./a.pkl"), refused("/srv/models/a.pkl"))))

    assert len(run["artifacts"]) == 1
    assert len(run["results"]) == 9


def test_a_bucket_keeps_its_scheme() -> None:
    (artifact,) = written(AuditReport((file_of("s3://bucket/a b.pkl"),)))["artifacts"]

    assert artifact["location"] == {"uri": "s3://bucket/a%20b.pkl"}


def test_no_message_forms_a_link_or_a_placeholder() -> None:
    message = "x[y](https://evil.example) {0} is not on the allow-list."
    (result,) = written(AuditReport((file_of("a.pkl", Finding("SL101", message)),)))["results"]

    assert "](" not in result["message"]["text"]
    assert "{{0}}" in result["message"]["text"]


def texts_of(value: Any) -> Iterator[str]:
    """Every text in a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts_of(part)


def test_every_text_is_printable_but_for_the_help_on_rules() -> None:
    for text in texts_of(written(EVIL)):
        assert text.isprintable() or "**What to do:**" in text


def test_what_github_does_not_take_is_cut_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (sarif._RESULTS, sarif._COMPRESSED) == (25_000, 10_000_000)
    monkeypatch.setattr(sarif, "_RESULTS", 2_500)
    refusing = [file_of(f"{n}.pkl", Finding("SL101", "x.y.")) for n in range(2_490)]
    unread = [file_of(f"{n}.h5", Finding("SL001", "Unknown.")) for n in range(20)]
    run = run_of(AuditReport((*unread, *refusing)))

    assert len(run["results"]) == 2_500
    assert sum(result["ruleId"] == "SL101" for result in run["results"]) == 2_490
    (cut,) = [
        note
        for note in run["invocations"][0]["toolExecutionNotifications"]
        if note["descriptor"]["id"] == "cut"
    ]
    assert "10 of 2,510" in cut["message"]["text"]


@pytest.mark.parametrize("bound", [20_000, 2_500, 10])
def test_a_file_is_as_small_as_github_asks(bound: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "_COMPRESSED", bound)
    text = as_sarif(large(1_000), INVOCATION)

    # What says that nothing else is left takes some bytes, too.
    assert len(gzip.compress(text.encode(), 6)) <= max(bound, 1_500)
    (run,) = json.loads(text)["runs"]
    assert len(run["results"]) < 500 or len(run["artifacts"]) < 1_000
    notes = run["invocations"][0]["toolExecutionNotifications"]
    assert [note["descriptor"]["id"] for note in notes] == ["cut"]
    for result in run["results"]:
        place = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert run["artifacts"][place["index"]]["location"]["uri"] == place["uri"]


def test_what_was_cut_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "_RESULTS", 3)
    assert len(written(ORDINARY)["results"]) == 3
    monkeypatch.setattr(sarif, "_COMPRESSED", 10)
    assert written(ORDINARY)["results"] == []


def test_very_many_accepted_files_are_cut_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "_COMPRESSED", 2_000)
    run = run_of(AuditReport(tuple(file_of(f"{n}.pkl") for n in range(3_000))))

    assert run["artifacts"] == []
    assert run["invocations"][0]["toolExecutionNotifications"]


def test_a_run_that_was_interrupted_by_the_clock_is_written() -> None:
    backwards = replace(INVOCATION, ended=INVOCATION.started.replace(hour=1))

    assert validation_errors(json.loads(as_sarif(ORDINARY, backwards))) == []


def test_what_somebody_accepted_is_suppressed_and_all_else_is_not() -> None:
    run = written(SUPPRESSED)

    assert [[one["status"] for one in result["suppressions"]] for result in run["results"]] == [
        ["accepted"],
        [],
        [],
        ["accepted"],
    ]
    assert run["results"][0]["suppressions"][0]["properties"]["author"] == "ann@example.org"
    assert all("suppressions" not in result for result in written(ORDINARY)["results"])


def test_an_audit_that_was_ended_did_not_succeed() -> None:
    (invocation,) = written(SUPPRESSED)["invocations"]

    assert invocation["executionSuccessful"] is False
    names = [note["descriptor"]["id"] for note in invocation["toolExecutionNotifications"]]
    assert names == ["remark", "unfinished"]
