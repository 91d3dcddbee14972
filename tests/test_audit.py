"""An audit reads files by their content, runs nothing, and adds up to one verdict."""

from __future__ import annotations

import argparse
import os
import pickle
import shutil
from pathlib import Path

import joblib
import pytest
from sklearn.linear_model import LogisticRegression

import safeload
from safeload.auditing.walk import walk
from safeload.errors import UsageError
from safeload.rule_ids import RULE_IDS, effect
from safeload.verdict import FileReport, Finding, Verdict, verdict_of
from tests.builder import Name, Pickle

EVIL = Pickle(4).call(Name("posix", "system"), "true").finish()
LEGITIMATE = pickle.dumps({"a": 1})
UNREAD = b"\x89HDF\r\n\x1a\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in {
        "evil.png": EVIL,
        "notes.txt": b"Nothing to see here.\n",
        "deep/er/model": LEGITIMATE,
        "deep/weights.h5": UNREAD,
        "empty": b"",
        "nothing.pkl": b"",
    }.items():
        path = tmp_path / "models" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    joblib.dump(LogisticRegression(), tmp_path / "models" / "model.joblib", compress=3)
    return tmp_path / "models"


def verdicts(report: safeload.AuditReport) -> dict[str, str]:
    return {Path(file.path).name: str(file.verdict) for file in report.files}


def write(folder: Path, data: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(data)
    return path


def test_a_folder_is_searched_by_content_and_by_name(folder: Path) -> None:
    report = safeload.audit(folder)

    assert verdicts(report) == {
        "evil.png": "refuse",
        "model": "accept",
        "weights.h5": "incomplete",
        "model.joblib": "accept",
        "nothing.pkl": "incomplete",
    }
    assert {Path(file.path).name for file in report.skipped} == {"notes.txt", "empty"}
    assert all(file.reason for file in report.skipped)


def test_files_come_in_a_fixed_order(folder: Path) -> None:
    paths = [file.path for file in safeload.audit(folder).files]

    assert paths == [file.path for file in safeload.audit(folder).files]
    assert paths.index(str(folder / "evil.png")) < paths.index(str(folder / "model.joblib"))


@pytest.mark.parametrize("name", ["notes.txt", "empty"])
def test_a_file_that_was_named_is_reported_whatever_it_is(folder: Path, name: str) -> None:
    report = safeload.audit(folder / name)

    assert verdicts(report) == {name: "incomplete"}


def test_several_paths_are_one_report(folder: Path) -> None:
    report = safeload.audit(folder / "evil.png", str(folder / "deep"), folder / "notes.txt")

    assert set(verdicts(report)) == {"evil.png", "model", "weights.h5", "notes.txt"}


def test_links_to_folders_are_not_followed(folder: Path) -> None:
    (folder / "again").symlink_to(folder, target_is_directory=True)

    assert len(safeload.audit(folder).files) == 5


def test_a_pipe_in_a_folder_is_passed_by_and_one_that_was_named_reported(folder: Path) -> None:
    os.mkfifo(folder / "pipe")

    assert "pipe" not in verdicts(safeload.audit(folder))
    assert verdicts(safeload.audit(folder / "pipe")) == {"pipe": "incomplete"}


def test_what_cannot_be_read_is_incomplete(tmp_path: Path) -> None:
    report = safeload.audit(tmp_path / "nothing")

    (file,) = report.files
    assert [finding.rule for finding in file.findings] == ["SL000"]
    assert (file.sha256, file.format, report.exit_code) == ("", "unknown", 3)


def test_a_file_beyond_a_limit_is_incomplete(folder: Path) -> None:
    report = safeload.audit(folder / "evil.png", limits=safeload.Limits(bytes_in=3))

    assert verdicts(report) == {"evil.png": "incomplete"}


@pytest.mark.parametrize(
    ("files", "verdict", "code"),
    [
        ([], "accept", 0),
        ([LEGITIMATE], "accept", 0),
        ([LEGITIMATE, UNREAD], "incomplete", 3),
        ([LEGITIMATE, EVIL], "refuse", 1),
        ([UNREAD, EVIL, LEGITIMATE], "refuse", 1),
    ],
)
def test_the_verdict_of_all_is_that_of_the_worst(
    tmp_path: Path, files: list[bytes], verdict: str, code: int
) -> None:
    for number, data in enumerate(files):
        (tmp_path / f"{number}").write_bytes(data)

    report = safeload.audit(tmp_path)

    assert (report.verdict, report.exit_code) == (verdict, code)


def test_a_team_s_policy_counts(tmp_path: Path) -> None:
    path, policy = write(tmp_path, pickle.dumps(argparse.Namespace())), tmp_path / "policy.toml"
    policy.write_text(
        '[[group]]\nreason = "ours"\nuses = ["construct"]\n[group.names]\n'
        '"argparse" = ["Namespace"]\n'
    )

    assert safeload.audit(path).verdict == "refuse"
    assert safeload.audit(path, policy=policy).verdict == "accept"
    with pytest.raises(UsageError):
        safeload.audit(path, policy=tmp_path / "nothing.toml")


def test_progress_wraps_every_file_there_is_to_read(folder: Path) -> None:
    seen = []

    def noted(candidates):  # type: ignore[no-untyped-def]
        for candidate in candidates:
            seen.append(candidate.path.name)
            yield candidate

    safeload.audit(folder, progress=noted)

    assert len(seen) == 7


def test_nothing_is_imported_or_run(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    path = write(tmp_path, Pickle(4).call(Name("pathlib", "Path.touch"), str(canary)).finish())
    ours = tmp_path / "a_module_of_theirs.py"
    ours.write_text(f"open({str(canary)!r}, 'w')")

    safeload.audit(path, tmp_path)

    assert not canary.exists()


def test_the_report_of_an_array_of_objects_names_its_member(tmp_path: Path) -> None:
    nested = Pickle.nested_objects(lambda p: p.call(Name("posix", "system"), "true"))
    path = write(tmp_path, Pickle(4).array(bytes(8)).object_array(nested).tuple2().finish())

    (file,) = safeload.audit(path).files

    assert [member.path for member in file.members] == ["", "[1]"]
    assert [member.verdict for member in file.members] == ["accept", "refuse"]
    assert {finding.member for finding in file.findings} == {"[1]"}


def test_globals_are_reported_with_their_uses(tmp_path: Path) -> None:
    path = write(tmp_path, EVIL)

    (file,) = safeload.audit(path).files

    (found,) = file.globals
    assert (found.name, found.uses, found.allowed) == ("posix.system", ("call",), False)
    assert found.offset is not None
    assert b"posix" in EVIL[: found.offset + 20]


def test_names_of_a_file_are_printed_without_what_a_terminal_obeys(tmp_path: Path) -> None:
    path = write(tmp_path, Pickle(4).global_("a\x1b[2J\u202e", "b" * 500).finish())

    (file,) = safeload.audit(path).files

    for text in (file.globals[0].name, *(finding.message for finding in file.findings)):
        assert text.isascii()
        assert text.isprintable()
        assert len(text) < 400


def test_a_file_that_is_audited_is_not_changed(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)

    safeload.audit(folder)

    for path in copy.rglob("*"):
        if path.is_file():
            assert (folder / path.relative_to(copy)).read_bytes() == path.read_bytes()


def test_a_walk_yields_files_it_is_given_and_those_below_folders(folder: Path) -> None:
    found = {candidate.path.name: candidate.named for candidate in walk([folder / "deep"])}

    assert found == {"weights.h5": False, "model": False}
    assert [candidate.named for candidate in walk([folder / "evil.png"])] == [True]


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ([], Verdict.ACCEPT),
        (["SL901"], Verdict.ACCEPT),
        (["SL001"], Verdict.INCOMPLETE),
        (["SL901", "SL001"], Verdict.INCOMPLETE),
        (["SL101"], Verdict.REFUSE),
        (["SL001", "SL101"], Verdict.REFUSE),
    ],
)
def test_findings_add_up(findings: list[str], verdict: Verdict) -> None:
    assert verdict_of(Finding(rule, "") for rule in findings) is verdict


@pytest.mark.parametrize("rule", ["SL199", "SL500", "SL899", "SLX", "sl901", ""])
def test_a_rule_that_nobody_has_heard_of_refuses(rule: str) -> None:
    assert verdict_of([Finding(rule, "")]) is Verdict.REFUSE


def test_a_finding_does_to_the_verdict_what_is_said_of_its_rule() -> None:
    verdicts = {
        "refused": Verdict.REFUSE,
        "incomplete": Verdict.INCOMPLETE,
        "none": Verdict.ACCEPT,
    }
    assert {rule: verdict_of([Finding(rule, "")]) for rule in RULE_IDS} == {
        rule: verdicts[effect(rule)] for rule in RULE_IDS
    }


def test_the_digest_and_size_are_those_of_the_file(tmp_path: Path) -> None:
    import hashlib

    path = write(tmp_path, LEGITIMATE)

    (file,) = safeload.audit(path).files

    assert isinstance(file, FileReport)
    assert (file.size, file.sha256) == (len(LEGITIMATE), hashlib.sha256(LEGITIMATE).hexdigest())
    assert len(file.members) == 1
