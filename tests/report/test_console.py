"""The console report: whole, bounded, and with nothing of a file's that a terminal obeys."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest

from safeload.auditing.run import AuditReport
from safeload.report.console import as_text, print_report
from safeload.report.detail import Detail
from safeload.report.html.page import as_html
from safeload.rule_ids import RULE_IDS
from safeload.verdict import (
    FileReport,
    Finding,
    GlobalReport,
    MemberReport,
    Skipped,
    Suppressed,
    Verdict,
    Weight,
)


def printed(
    *files: FileReport, skipped: tuple[Skipped, ...] = (), detail: Detail = Detail.ALL
) -> str:
    return as_text(AuditReport(files, skipped), detail=detail)


class Terminal(io.StringIO):
    """What somebody looks at."""

    def isatty(self) -> bool:
        return True


def drawn(*files: FileReport, columns: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines of a terminal, without its colours."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm-256color")
    screen = Terminal()
    print_report(AuditReport(files), file=screen)
    assert "\x1b[" in screen.getvalue()
    return re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue()).splitlines()


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
        "REFUSE", "INCOMPLETE", "ACCEPT",
    ]  # fmt: skip
    total = "3 files: 1 accepted, 1 refused, 1 incomplete; 2 other files skipped"
    assert (lines[0], lines.count(total)) == (total, 2)


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


# -- as a tree of folders --------------------------------------------------------------------------

IN_FOLDERS = (
    replace(ACCEPTED, path="m/ours/b.joblib"),
    replace(ACCEPTED, path="m/ours/sub/alone/c.joblib"),
    refused("m/theirs/one.pkl"),
    refused("m/theirs/two.pkl", count=3),
    replace(UNREAD, path="m/theirs/odd.bin"),
    replace(ACCEPTED, path="m/z.joblib"),
)


def outline(text: str) -> list[str]:
    """Folders and files of a report, indented as they are."""
    shown = r"^( *)(?:(?:ACCEPT|REFUSE|INCOMPLETE) +)?(\S+(?:/|\.\w+))  .*$"
    found = re.findall(shown, text, re.MULTILINE)
    return [f"{indent}{name}" for indent, name in found]


def test_files_stand_in_their_folders_and_what_weighs_most_comes_first() -> None:
    assert outline(printed(*IN_FOLDERS)) == [
        "m/",
        "  theirs/",
        "    two.pkl",
        "    one.pkl",
        "    odd.bin",
        "  z.joblib",
        "  ours/",
        "    b.joblib",
        "    sub/alone/c.joblib",
    ]


def test_of_refused_files_attacks_come_first() -> None:
    attack = Finding("SL101", "posix.system runs a shell command.", "", 2, Weight.ATTACK)
    files = [refused("a.pkl", count=5), replace(refused("b.pkl"), findings=(attack,)), UNREAD]
    assert outline(printed(*files)) == ["b.pkl", "a.pkl", "c.bin"]
    assert outline(printed(*(replace(one, path=f"m/{one.path}/x.pkl") for one in files))) == [
        "m/",
        "  b.pkl/x.pkl",
        "  a.pkl/x.pkl",
        "  c.bin/x.pkl",
    ]


def test_what_was_escaped_is_not_escaped_again() -> None:
    text = printed(refused(message="s\\u043alearn", name="s\\u043alearn.X"))
    assert "\\\\" not in text
    assert text.count("s\\u043alearn") == 2


def test_each_folder_begins_with_its_counts() -> None:
    lines = printed(*IN_FOLDERS).splitlines()
    assert lines[:3] == [
        "6 files: 3 accepted, 2 refused, 1 incomplete",
        "m/  3 accepted, 2 refused, 1 incomplete",
        "  theirs/  2 refused, 1 incomplete",
    ]
    assert "  ours/  2 accepted" in lines


def test_a_file_that_is_alone_has_its_whole_path() -> None:
    assert printed(refused("/a/b/c.pkl")).startswith("REFUSE     /a/b/c.pkl  (")


def test_a_file_that_lies_very_deep_is_shown_on_a_screen_all_the_same() -> None:
    deep = "/".join(["d"] * 1_500)
    text = printed(refused(f"{deep}/a.pkl"), refused(f"{deep}/b.pkl"), refused("c.pkl"))
    assert f"{deep}/"[-200:] in text
    branching = [refused("/".join(["d"] * depth + ["a.pkl"])) for depth in range(1, 200)]
    text = printed(*branching)
    assert text.count("REFUSE") == 199
    assert max(len(line) - len(line.lstrip()) for line in text.splitlines()) < 40


def test_each_finding_has_its_reason_and_what_to_do_once() -> None:
    lines = [line.strip() for line in printed(refused(count=3)).splitlines()]
    about = RULE_IDS["SL101"]
    assert lines.count(f"why: {about.why}") == 1
    assert lines.count(f"what to do: {about.remedy}") == 1


# -- less of it ------------------------------------------------------------------------------------


def test_quiet_shows_what_is_not_accepted() -> None:
    text = printed(*IN_FOLDERS, detail=Detail.QUIET)
    assert outline(text) == ["m/theirs/", "  two.pkl", "  one.pkl", "  odd.bin"]
    assert text.endswith("6 files: 3 accepted, 2 refused, 1 incomplete\n")


def test_quiet_says_nothing_where_all_is_accepted() -> None:
    assert printed(ACCEPTED, detail=Detail.QUIET) == ""
    assert printed(detail=Detail.QUIET) == ""


def test_what_a_baseline_has_is_shown_and_is_not_new() -> None:
    accepted = Suppressed("SL101", "We made it.", "Ada", "2027-03-31")
    file = refused()
    for text in (printed(replace(file, suppressed=(accepted,))), page(file, accepted)):
        assert "SL101 is accepted until 2027-03-31, and does not count (Ada: We made it.)" in text
        assert "REFUSE" in text
    over = replace(file, expired=(accepted,))
    assert "SL101 was accepted until 2027-03-31, and counts again" in printed(over)
    assert printed(replace(file, suppressed=(accepted,)), detail=Detail.QUIET) == ""
    assert "a.pkl" in printed(over, detail=Detail.QUIET)


def page(file: FileReport, accepted: Suppressed) -> str:
    return as_html(AuditReport((replace(file, suppressed=(accepted,)),)))


@pytest.mark.parametrize("detail", Detail)
def test_an_audit_that_was_ended_says_so(detail: Detail) -> None:
    ended = AuditReport((ACCEPTED,), unfinished=3)
    assert "3 files not looked at" in as_text(ended, detail=detail)
    assert "3 files not looked at" in as_html(ended)


def test_a_summary_counts_files_and_rules_and_names_none() -> None:
    lines = printed(*IN_FOLDERS, detail=Detail.SUMMARY).splitlines()
    assert lines[0] == "6 files: 3 accepted, 2 refused, 1 incomplete"
    assert [line.split()[:3] for line in lines[1:]] == [
        ["SL101", "2", "files"],
        ["SL001", "1", "file"],
    ]


# -- on a terminal ---------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [80, 40, 20])
def test_a_terminal_breaks_lines_and_goes_on_where_they_began(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = " ".join(["word"] * 60)
    long = refused("x" * 300, message=words, name="n" * 100)
    lines = drawn(long, columns=columns, monkeypatch=monkeypatch)
    assert max(map(len, lines)) <= columns
    # Every character is there, and in its order.
    assert "".join("".join(lines).split()) == "".join(printed(long).split())
    if columns > 40:
        first = next(number for number, line in enumerate(lines) if "SL101" in line)
        begin = lines[first].index("word")
        assert lines[first + 1].index("word") == begin == len("  SL101 error: ")


@pytest.mark.parametrize("columns", [80, 60])
def test_what_has_no_label_goes_on_further_in(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = drawn(refused(name="n." + "a" * 70), columns=columns, monkeypatch=monkeypatch)
    assert max(map(len, lines)) <= columns
    assert not any(line.endswith(" ") for line in lines)
    first = next(number for number, line in enumerate(lines) if "n.aaa" in line)
    indents = [len(line) - len(line.lstrip()) for line in lines[first : first + 2]]
    assert indents == [6, 8]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_moves_no_cursor(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = drawn(refused(path=text, message=text, name=text), columns=80, monkeypatch=monkeypatch)
    assert all(line.isascii() and line.isprintable() for line in lines)
    assert not any(line.startswith("ACCEPT") for line in lines)


def test_a_pipe_gets_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b" not in printed(*IN_FOLDERS)
