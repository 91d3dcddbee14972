"""``safeload ledger show``, and ``safeload load`` with a ledger."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from safeload.ledger.database import Ledger
from tests.cli.conftest import Run
from tests.ledger.told import accepted, refused

# Names of all kinds that a file, a signer or whoever types a reason may come up with.
HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "\uff1d1+1",
    "\uff0bx",
    "\uff0d1",
    "\uff20x",
    'a",=1+1,"',
    "a;=1+1",
    "a|=1+1",
    "'=1+1",
    "a\nb",
    "\x1b[2J",
    "\u202egpj",
    "[bold]x[/bold]",
    "m\u00f6del \u6a21\u578b" * 30,
    "",
]
BEGINS_A_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


@pytest.fixture
def ledger(folder: Path) -> Ledger:
    return Ledger(folder / "ledger.sqlite")


def test_a_dry_run_of_an_older_release_ends_in_1_unless_a_reason_is_given(
    run: Run, folder: Path, ledger: Ledger
) -> None:
    text = Path("trust.toml").read_text()
    Path("trust.toml").write_text(f'ledger = "ledger.sqlite"\n{text}')
    ledger.add(accepted(2**53 - 1))
    trusted = ("churn.joblib", "--trust", "trust.toml")

    outcome = run("load", *trusted)
    assert (outcome.code, outcome.error, outcome.out) == (1, "rollback", "")
    # Looking at an old release is no load.
    assert run("verify", *trusted).code == 0
    assert run("load", *trusted, "--allow-rollback", "the last one is bad").code == 0

    shown = json.loads(run("ledger", "show", *trusted[1:], "--format", "json").out)
    assert [(each["action"], each["code"], each["rollback"]) for each in shown["records"]] == [
        ("load", "", ""),
        ("dry-run", "rollback", ""),
        ("dry-run", "", "the last one is bad"),
    ]
    assert shown["schema"] == 1


@pytest.mark.parametrize("option", [("--ledger", "l"), ("--allow-rollback", "I say so")])
def test_what_nobody_signed_has_no_serial(run: Run, unsigned: Path, option: tuple[str]) -> None:
    outcome = run("load", unsigned, "--unsigned", *option)
    assert (outcome.code, outcome.error) == (2, "unsigned")


def test_a_ledger_that_cannot_be_used_is_an_error(run: Run, folder: Path) -> None:
    Path("ledger.sqlite").write_text("no ledger")
    for command in (
        ("load", "churn.joblib", "--trust", "trust.toml", "--ledger", "ledger.sqlite"),
        ("ledger", "show", "--ledger", "ledger.sqlite"),
    ):
        outcome = run(*command)
        assert (outcome.code, outcome.error, outcome.out) == (2, "ledger-malformed", "")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--trust", "trust.toml"], "no-ledger"),
        ([], "trustfile-missing"),
        (["--ledger", "nowhere.sqlite"], "ledger-unreadable"),
        (["--ledger", ""], "no-path"),
    ],
)
@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_without_a_ledger_there_is_nothing_to_show(
    run: Run, folder: Path, options: list[str], error: str, form: str
) -> None:
    outcome = run("ledger", "show", *options, "--format", form)
    assert (outcome.code, outcome.error, outcome.out) == (2, error, "")


def test_only_records_of_one_model_are_shown(run: Run, ledger: Ledger) -> None:
    for model in ("churn", "fraud"):
        ledger.add(accepted(1, model))
    shown = ("ledger", "show", "--ledger", ledger.path, "--model", "fraud", "--format")
    assert [each["model"] for each in json.loads(run(*shown, "json").out)["records"]] == ["fraud"]
    assert "churn 1" not in run(*shown, "table").out
    assert len(run(*shown, "csv").out.splitlines()) == 2


@pytest.mark.guarantee("G16")
def test_hostile_texts_are_no_formulas_in_csv_and_stay_in_their_cells(
    run: Run, ledger: Ledger
) -> None:
    for text in HOSTILE:
        ledger.add(refused(1, file=text, model=text, version=text, signers=(text,), rollback=text))

    out = run("ledger", "show", "--ledger", ledger.path, "--format", "csv").out

    assert len(out.splitlines()) == len(HOSTILE) + 1
    # As it is read with commas, with semicolons as in half of Europe, and with bars.
    for delimiter in ",;|\t":
        rows = list(csv.reader(io.StringIO(out), delimiter=delimiter))
        for cell in (cell for row in rows for cell in row):
            assert not cell.lstrip(" ").startswith(BEGINS_A_FORMULA), cell
            assert cell.isprintable()
    rows = list(csv.reader(io.StringIO(out)))
    assert {len(row) for row in rows} == {len(rows[0])}
    named = dict(zip(rows[0], rows[1], strict=True))
    assert named["model"] == "'=1+1"
    assert (named["serial"], named["milliseconds"]) == ("1", "2")


@pytest.mark.guarantee("G16")
def test_hostile_texts_do_not_break_out_of_a_table_of_80_columns(
    run: Run, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for text in HOSTILE:
        ledger.add(refused(1, file=text, model=text, version=text, signers=(text,), rollback=text))

    lines = run("ledger", "show", "--ledger", ledger.path).out.splitlines()

    assert all(line.isprintable() for line in lines)
    assert max(map(cell_len, lines)) <= 80
    assert sum(line.startswith("2026-12-01 09:30:00") for line in lines) == len(HOSTILE)
    assert "[bold]x[/bold]" in "".join(lines)


def test_a_table_says_when_what_and_how_it_ended(
    run: Run, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("safeload.report.ledger._ROWS", 2)
    ledger.add(accepted(5))
    ledger.add(refused(4, milliseconds=1_234))
    ledger.add(accepted(3), reason="5 is bad")
    ledger.add(replace(refused(0), model=None, version=None, payload=None, code="unreadable"))

    out = run("ledger", "show", "--ledger", ledger.path).out
    assert [line.rstrip() for line in out.splitlines()] == [
        "time (UTC)           verdict    model",
        "2026-12-01 09:30:00  accepted   churn 1.5 (5)                by alice; 2 ms",
        "2026-12-01 09:30:00  refused    churn 1.4 (4)                revoked; by alice;",
        "                                                             1,234 ms",
        "2026-12-01 09:30:00  accepted   churn 1.3 (3)                rollback: 5 is bad;",
        "                                                             by alice; 2 ms",
        "2026-12-01 09:30:00  refused    churn.joblib                 unreadable; by",
        "                                                             alice; 2 ms",
    ]


def test_what_has_neither_a_name_nor_a_path_is_bytes(run: Run, ledger: Ledger) -> None:
    ledger.add(replace(refused(1), model=None, file="", signers=(), code="bundle-malformed"))
    ledger.add(replace(refused(1), serial=None, signers=()))

    lines = run("ledger", "show", "--ledger", ledger.path).out.splitlines()
    assert [line.split()[2:4] for line in lines if line.startswith("2026")] == [
        ["refused", "bytes"],
        ["refused", "churn"],
    ]


def test_json_has_every_text_as_it_is(run: Run, ledger: Ledger) -> None:
    told = [refused(1, file=text, model=text, signers=(text,)) for text in HOSTILE]
    for record in told:
        ledger.add(record)

    out = run("ledger", "show", "--ledger", ledger.path, "--format", "json").out

    assert out.isascii()
    shown = json.loads(out)["records"]
    assert shown == [asdict(record) | {"signers": list(record.signers)} for record in told]


@pytest.mark.parametrize("form", ["json", "csv"])
def test_nothing_is_shown_in_part_to_a_program(run: Run, ledger: Ledger, form: str) -> None:
    for serial in range(3):
        ledger.add(accepted(serial))
    with closing(sqlite3.connect(ledger.path)) as database:
        database.execute("UPDATE records SET verdict = 'maybe' WHERE number = 3")
        database.commit()
    outcome = run("ledger", "show", "--ledger", ledger.path, "--format", form)
    assert (outcome.code, outcome.error, outcome.out) == (2, "ledger-malformed", "")


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_an_empty_ledger_has_no_records(run: Run, ledger: Ledger, form: str) -> None:
    ledger.require_current("churn", 1, reason=None)
    outcome = run("ledger", "show", "--ledger", ledger.path, "--format", form)
    assert outcome.code == 0
    if form == "json":
        assert json.loads(outcome.out)["records"] == []
    else:
        assert len(outcome.out.splitlines()) == 1
