"""What was accepted is shown and does not count: for these bytes, this rule and until that day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

import safeload
from safeload.auditing.accepting import add_entries, remove_entries
from safeload.auditing.baseline import Acceptance, Baseline
from safeload.auditing.run import FailOn
from safeload.errors import UsageError
from tests.builder import Name, Pickle

EVIL = Pickle(4).call(Name("posix", "system"), "true").finish()
TODAY = datetime.now(UTC).date()
LATER, EARLIER = TODAY + timedelta(days=30), TODAY - timedelta(days=2)


@pytest.fixture
def evil(tmp_path: Path) -> Path:
    path = tmp_path / "tree" / "evil.pkl"
    path.parent.mkdir()
    path.write_bytes(EVIL)
    return path


def accepting(path: Path, *, rule: str = "SL101", until: date = LATER) -> Baseline:
    (file,) = safeload.audit(path).files
    entry = Acceptance(file.sha256, rule, "reviewed", "maria", until)
    return Baseline({(entry.sha256, entry.rule): entry})


def test_a_finding_that_was_accepted_is_shown_and_does_not_count(evil: Path) -> None:
    report = safeload.audit(evil, baseline=accepting(evil))

    (file,) = report.files
    assert file.verdict == report.verdict == "refuse"
    assert [finding.rule for finding in file.findings] == ["SL101"]
    (suppressed,) = file.suppressed
    assert (suppressed.rule, suppressed.author, suppressed.until) == (
        "SL101",
        "maria",
        LATER.isoformat(),
    )
    assert (file.counted, report.exit_code) == ("accept", 0)


def test_another_file_in_its_place_counts(evil: Path) -> None:
    baseline = accepting(evil)
    evil.write_bytes(Pickle(4).call(Name("posix", "system"), "false").finish())

    assert safeload.audit(evil, baseline=baseline).exit_code == 1


def test_another_rule_counts(evil: Path) -> None:
    assert safeload.audit(evil, baseline=accepting(evil, rule="SL102")).exit_code == 1


def test_a_report_that_may_have_left_findings_out_is_not_accepted(
    evil: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("safeload.auditing.baseline._CUT", 1)

    assert safeload.audit(evil, baseline=accepting(evil)).exit_code == 1


def test_what_is_over_counts_again_and_is_said_but_is_not_new(evil: Path) -> None:
    report = safeload.audit(evil, baseline=accepting(evil, until=EARLIER))

    (file,) = report.files
    assert (file.suppressed, len(file.expired), len(report.remarks)) == ((), 1, 1)
    assert report.exit_code == 1
    assert report.exit_code_for(FailOn.INCOMPLETE, only_new=True) == 0


@pytest.mark.parametrize(
    ("fail_on", "refused", "incomplete"),
    [(FailOn.INCOMPLETE, 1, 3), (FailOn.REFUSE, 1, 0), (FailOn.NEVER, 0, 0)],
)
def test_from_which_verdict_on_an_audit_fails(
    evil: Path, fail_on: FailOn, refused: int, incomplete: int
) -> None:
    unread = evil.with_name("unread.pkl")
    unread.write_bytes(b"")

    assert safeload.audit(evil, unread).exit_code_for(fail_on) == refused
    assert safeload.audit(unread).exit_code_for(fail_on) == incomplete


def test_a_baseline_is_edited_around_what_people_wrote(tmp_path: Path) -> None:
    path = tmp_path / "baseline.toml"
    first = Acceptance("a" * 64, "SL101", 'so "they" say', "maria", LATER, "a.pkl")
    second = Acceptance("b" * 64, "SL001", "read by another tool", "jo", LATER)
    add_entries(path, [first])
    path.write_text("# ours\n" + path.read_text() + "# see the ticket\n")
    add_entries(path, [second])
    again = Acceptance("a" * 64, "SL101", "once more", "maria", LATER)
    add_entries(path, [again])

    assert set(Baseline.read(path).entries.values()) == {again, second}
    remove_entries(path, [("a" * 64, "SL101"), ("b" * 64, "SL001")])
    assert path.read_text().startswith("# ours\n")
    assert Baseline.read(path).entries == {}


ENTRY = 'sha256 = "{}"\nrule = "SL101"\nreason = "r"\nauthor = "a"\nuntil = 2030-01-01\n'
GOOD = "[[accepted]]\n" + ENTRY.format("a" * 64)


@pytest.mark.parametrize(
    "text",
    [
        "?",
        "\xff",
        "a = " + "[" * 100_000,
        "accepted = 1",
        "accepted = [1]",
        "other = 1",
        GOOD + GOOD,
        GOOD + "pattern = '*'\n",
        GOOD.replace("a" * 64, "A" * 64),
        GOOD.replace("SL101", "SL777"),
        GOOD.replace("SL101", "*"),
        GOOD.replace('"r"', '" "'),
        GOOD.replace('author = "a"\n', ""),
        GOOD.replace("2030-01-01", '"2030-01-01"'),
        GOOD.replace("2030-01-01", "2030-01-01T00:00:00"),
        GOOD.replace("until = 2030-01-01\n", ""),
    ],
)
def test_what_is_no_baseline_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "baseline.toml"
    path.write_bytes(text.encode("latin-1"))

    with pytest.raises(UsageError) as caught:
        Baseline.read(path)
    assert (caught.value.code, caught.value.exit_code) == ("baseline-malformed", 2)
    with pytest.raises(UsageError):
        add_entries(path, [])
    assert path.read_bytes() == text.encode("latin-1")


def test_a_baseline_that_others_may_write_to_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "baseline.toml"
    path.write_text(GOOD)
    path.chmod(0o666)

    with pytest.raises(UsageError) as caught:
        safeload.audit(tmp_path, baseline=path)
    assert caught.value.code == "baseline-writable"
