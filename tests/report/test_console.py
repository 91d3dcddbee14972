"""The console report: whole, bounded, and with nothing of a file's that a terminal obeys."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from safeload.auditing.run import AuditReport
from safeload.report.console import print_report
from safeload.verdict import (
    FileReport,
    Finding,
    GlobalReport,
    MemberReport,
    Skipped,
    Verdict,
)


def printed(*files: FileReport, skipped: tuple[Skipped, ...] = ()) -> str:
    text = io.StringIO()
    print_report(AuditReport(files, skipped), file=text)
    return text.getvalue()


def refused(
    path: str = "a.pkl", message: str = "no.", name: str = "a.b", count: int = 1
) -> FileReport:
    return FileReport(
        path, "0" * 64, 1234, "pickle", Verdict.REFUSE,
        globals=(GlobalReport(name, ("call",), 2, allowed=False),),
        findings=(Finding("SL101", message, "", 2),) * count,
    )  # fmt: skip


ACCEPTED = FileReport(
    "b.joblib", "0" * 64, 1, "joblib", Verdict.ACCEPT,
    members=(MemberReport("", "joblib", Verdict.ACCEPT, 12, 1),),
    globals=(GlobalReport("a.b", ("construct",), 2, allowed=True),),
)  # fmt: skip
UNREAD = FileReport(
    "c.bin", "0" * 64, 0, "unknown", Verdict.INCOMPLETE,
    findings=(Finding("SL001", "The file is empty."),),
)  # fmt: skip


def test_each_verdict_and_the_sum() -> None:
    text = printed(ACCEPTED, refused(), UNREAD, skipped=(Skipped("a.txt", "It is empty."),) * 2)
    lines = text.splitlines()
    assert [line.split()[0] for line in lines if line[0].isupper()][:3] == [
        "ACCEPT", "REFUSE", "INCOMPLETE",
    ]  # fmt: skip
    assert "3 files: 1 accepted, 1 refused, 1 incomplete; 2 other files skipped" in lines


def test_what_is_undecided_for_a_pack_is_not_called_unread() -> None:
    off = Finding("SL009", "It needs a pack.")
    text = printed(replace(UNREAD, findings=(off,)))
    assert "could do anything" not in text
    assert "not checked in full" in text
    assert "could do anything" in printed(replace(UNREAD, findings=(off, *UNREAD.findings)))


def test_an_incomplete_file_is_never_called_accepted() -> None:
    text = printed(UNREAD)
    assert "could do anything" in text
    assert "ACCEPT" not in text


@pytest.mark.parametrize("files", [(), (ACCEPTED,), (refused(),), (UNREAD,)])
def test_nothing_is_ever_called_safe(files: tuple[FileReport, ...]) -> None:
    words = printed(*files).lower().replace("safeload", "").split()
    assert "safe" not in words


HOSTILE = [
    "\x1b[2J",
    "\x1b]0;t\x07",
    "a\rb",
    "a\nACCEPT x",
    "\u202ex",
    "[bold]x[/]",
    ":smile:",
    "\x9b2J",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_and_not_obeyed(text: str) -> None:
    shown = printed(refused(path=text, message=text, name=text))
    assert shown.isascii()
    assert shown.replace("\n", "").isprintable()
    assert not any(line.startswith("ACCEPT") for line in shown.splitlines())
    if text.isprintable() and text.isascii():
        assert shown.count(text) == 3


def test_a_long_report_is_cut_and_says_so() -> None:
    text = printed(refused(count=100))
    assert text.count("SL101") == 20
    assert "80 more findings" in text


def test_a_pipe_gets_long_lines_whole() -> None:
    path = "x" * 3000
    assert path in printed(refused(path=path))
