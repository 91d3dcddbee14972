"""``safeload audit``: verdicts become exit codes, on the console, as JSON and in a file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.builder import Pickle
from tests.cli.conftest import Run


@pytest.fixture
def files(folder: Path, attack: Path) -> Path:
    """Files of every verdict, below one folder."""
    below = folder / "below" / "deeper"
    below.mkdir(parents=True)
    (below / "good.bin").write_bytes(b"\x80\x04N.")
    (below / "readme.txt").write_text("no model")
    (folder / "bad").mkdir()
    attack.rename(folder / "bad" / "photo.jpg")
    (folder / "odd").mkdir()
    (folder / "odd" / "data.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    (folder / "none").mkdir()
    (folder / "empty").write_bytes(b"")
    return folder


@pytest.mark.parametrize(
    ("paths", "code"),
    [
        (["below"], 0),
        (["churn.joblib"], 0),
        (["none"], 0),
        (["bad"], 1),
        (["bad", "odd"], 1),
        (["odd", "below"], 3),
        (["below/deeper/readme.txt"], 3),
        (["empty"], 3),
        (["nothing"], 3),
        (["fifo"], 3),
    ],
)
@pytest.mark.parametrize("form", ["console", "json"])
def test_the_exit_code_is_the_weightiest_verdict(
    run: Run, files: Path, paths: list[str], code: int, form: str
) -> None:
    os.mkfifo("fifo")
    outcome = run("audit", *paths, "--format", form)
    assert outcome.code == code
    assert not Path("canary").exists()


def test_the_console_names_what_is_not_allowed_and_where(run: Run, files: Path) -> None:
    outcome = run("audit", "bad")
    lines = outcome.out.splitlines()
    assert lines[0].startswith("REFUSE     bad/photo.jpg")
    assert "SL101 error: posix.system" in lines[1]
    assert "at byte" in lines[1]
    assert lines[-1] == "1 file: 0 accepted, 1 refused, 0 incomplete"


def test_a_file_that_is_no_model_is_counted(run: Run, files: Path) -> None:
    assert "1 other file skipped" in run("audit", "below").out


def test_no_model_at_all_is_said(run: Run, files: Path) -> None:
    assert "No model was found." in run("audit", "none").err


def test_json_goes_to_stdout_and_nothing_else_does(run: Run, files: Path) -> None:
    outcome = run("audit", "bad", "odd", "below", "--format", "json")
    document = json.loads(outcome.out)
    assert document["schema"] == 1
    assert document["summary"] == {"files": 3, "accept": 1, "refuse": 1, "incomplete": 1}
    assert {Path(file["path"]).name: file["verdict"] for file in document["files"]} == {
        "photo.jpg": "refuse",
        "data.h5": "incomplete",
        "good.bin": "accept",
    }


def test_a_policy_file_adds_names(run: Run, files: Path) -> None:
    Path("team.toml").write_text(
        '[[group]]\nreason = "ours"\nuses = ["construct"]\n[group.names]\n"acme" = ["Model"]\n'
    )
    data = Pickle(4).global_("acme", "Model").empty_tuple().newobj().stop()
    Path("ours.pkl").write_bytes(bytes(data))
    assert run("audit", "ours.pkl").code == 1
    assert run("audit", "ours.pkl", "--policy", "team.toml").code == 0


@pytest.mark.parametrize("text", ["?", '[[group]]\nuses = ["eat"]\n', None])
def test_a_policy_file_that_will_not_do(run: Run, files: Path, text: str | None) -> None:
    if text is not None:
        Path("team.toml").write_text(text)
    assert run("audit", "below", "--policy", "team.toml").code == 2


@pytest.mark.parametrize("form", ["console", "json"])
def test_the_report_goes_to_a_file(run: Run, files: Path, form: str) -> None:
    shown = run("audit", "bad", "--format", form)
    Path("report").write_text("of yesterday")
    outcome = run("audit", "bad", "--format", form, "--output", "report")
    assert (outcome.code, outcome.out) == (1, "")
    assert Path("report").read_text() == shown.out


@pytest.mark.parametrize("output", ["nowhere/report", "below", "churn.joblib/report"])
def test_a_report_that_has_no_place(run: Run, files: Path, output: str) -> None:
    outcome = run("audit", "bad", "--output", output)
    assert (outcome.code, outcome.error) == (2, "output-unwritable")


def test_a_device_is_written_to_and_not_replaced(run: Run, files: Path) -> None:
    assert run("audit", "below", "--output", os.devnull).code == 0
    assert Path(os.devnull).is_char_device()


def test_reports_in_several_formats_come_of_one_run(run: Run, files: Path) -> None:
    shown = run("audit", "bad", "below")
    outcome = run("audit", "bad", "below", "--report", "json=a.json", "--report", "console=a.txt")
    assert (outcome.code, outcome.out) == (1, shown.out)
    assert json.loads(Path("a.json").read_text())["summary"]["files"] == 2
    assert Path("a.txt").read_text() == shown.out


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--report", "jsn=a.json"], "format-unknown"),
        (["--report", "a.json"], "format-unknown"),
        (["--report", "json"], "report-malformed"),
        (["--report", "json="], "report-malformed"),
        (["--report", "json=a", "--report", "console=./a"], "output-twice"),
        (["--output", "a", "--report", "json=a"], "output-twice"),
        (["--report", "json=bad/photo.jpg"], "output-is-input"),
        (["--report", "json=a.json", "--report", "console=below"], "output-unwritable"),
    ],
)
def test_reports_that_cannot_all_be_written_are_not_begun(
    run: Run, files: Path, options: list[str], code: str
) -> None:
    outcome = run("audit", "bad", *options)
    assert (outcome.code, outcome.error) == (2, code)
    assert not Path("a").exists()
    assert not Path("a.json").exists()


def test_what_is_excluded_is_counted_and_files_that_are_given_are_not(
    run: Run, files: Path
) -> None:
    outcome = run("audit", ".", "--exclude", "bad", "--exclude", "*.h5", "--exclude", "/empty")
    assert (outcome.code, "; 3 files excluded\n" in outcome.out) == (0, True)
    assert "photo.jpg" not in outcome.out
    assert run("audit", "bad/photo.jpg", "--exclude", "*.jpg").code == 1
    assert run("audit", "bad", "--exclude", "*.jpg", "-q").out == ""
    refused = run("audit", "bad", "--exclude", "../bad")
    assert (refused.code, refused.error) == (2, "exclude-malformed")


def test_quiet_and_summary_are_for_people(run: Run, files: Path) -> None:
    quiet = run("audit", "bad", "below", "--quiet")
    assert quiet.code == 1
    assert "good.bin" not in quiet.out
    assert run("audit", "below", "-q").out == ""
    assert "photo.jpg" not in run("audit", "bad", "--summary").out
    assert run("audit", "bad", "-q", "-o", "report").out == ""
    assert Path("report").read_text() == run("audit", "bad", "-q").out
    for flag in ("--quiet", "--summary"):
        outcome = run("audit", "bad", flag, "--format", "json")
        assert (outcome.code, outcome.error) == (2, "report-is-whole")
    assert run("audit", "bad", "--quiet", "--summary").code == 2


def test_the_page_shows_the_program_of_what_is_refused(run: Run, files: Path) -> None:
    outcome = run("audit", "bad", "below", "--format", "html")
    assert outcome.code == 1
    assert outcome.out.startswith("<!DOCTYPE html>")
    assert "from posix import system" in outcome.out
    assert "<time datetime=" in outcome.out
    assert not Path("canary").exists()


def test_a_list_that_nobody_chose_is_audited_as_a_folder_is(run: Run, files: Path) -> None:
    text = "below/deeper/readme.txt"
    assert run("audit", "--if-model", "--", text, "below/deeper/good.bin").code == 0
    assert "1 other file skipped" in run("audit", "--if-model", "--", text).out
    assert run("audit", "--if-model", "--", text, "bad/photo.jpg").code == 1
    assert run("audit", "--if-model", "--", "nothing").code == 3
    os.mkfifo("fifo")
    Path("link.pkl").symlink_to("nowhere")
    assert run("audit", "--if-model", "--", "fifo").code == 0
    assert run("audit", "--if-model", "--", "link.pkl").code == 3


def test_such_a_list_stands_behind_the_options(run: Run, files: Path) -> None:
    Path("--fail-on=never").write_bytes(b"no model")
    assert run("audit", "--if-model", "bad/photo.jpg", "--fail-on=never").code == 2
    assert run("audit", "--if-model", "--", "bad/photo.jpg", "--fail-on=never").code == 1
    assert run("audit", "--if-model", "--fail-on=never", "--", "bad/photo.jpg").code == 0
