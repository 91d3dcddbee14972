"""``safeload explain``: readable, never run, and nothing hostile in what is printed."""

from __future__ import annotations

import pickle
from pathlib import Path

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.preprocessing import StandardScaler

from safeload.cli.main import main
from safeload.limits import Limits
from safeload.report import decompiled
from safeload.report.rule_pages import page
from safeload.scan.scan import scan
from tests.builder import Pickle
from tests.cli.conftest import ROWS, Run
from tests.costs import cost_of, needs_status
from tests.samples import Sample, samples_made_here


def test_a_model_as_python(run: Run, folder: Path) -> None:
    outcome = run("explain", "churn.joblib")
    assert outcome.code == 0
    assert "from sklearn.pipeline import Pipeline" in outcome.out
    assert "UNPICKLER.persistent_load" in outcome.out
    assert "SL9" not in outcome.out
    assert "ACCEPT" in outcome.out


def test_an_attack_as_python(run: Run, attack: Path) -> None:
    outcome = run("explain", attack.name)
    assert outcome.code == 1
    assert "from posix import system" in outcome.out
    assert "system('touch canary')" in outcome.out
    # The second opinion is added, and the first stays.
    assert "SL101 error" in outcome.out
    assert "SL901 note" in outcome.out
    assert not Path("canary").exists()


def test_a_rule_is_explained_by_its_page(run: Run, folder: Path) -> None:
    outcome = run("explain", "SL101")
    assert (outcome.code, outcome.out) == (0, page("SL101"))


@pytest.mark.parametrize("name", ["SL999", "sl101", "SL-101"])
def test_a_rule_that_there_is_not_is_a_usage_error(name: str, run: Run, folder: Path) -> None:
    outcome = run("explain", name)
    assert (outcome.code, outcome.error) == (2, "rule-unknown")


def test_a_file_that_is_called_like_a_rule_is_a_file(run: Run, attack: Path) -> None:
    attack.rename("SL101")
    assert run("explain", "SL101").code == 1


def test_an_array_of_objects_is_a_program_of_its_own(run: Run, folder: Path) -> None:
    joblib.dump(np.array(["a", None], dtype=object), "objects.joblib")
    outcome = run("explain", "objects.joblib")
    assert outcome.out.count("opcodes") == 2


def test_a_long_program_is_cut_and_says_so(run: Run, folder: Path) -> None:
    outcome = run("explain", "churn.joblib", "--lines", "3")
    assert outcome.code == 0
    assert "more lines" in outcome.out
    assert len(outcome.out.splitlines()) < 12


def test_a_skops_file_as_a_tree(run: Run, folder: Path) -> None:
    skops.io.dump(StandardScaler().fit(ROWS), "scaler.skops")
    outcome = run("explain", "scaler.skops")
    assert outcome.code == 0
    assert outcome.out.startswith("model: sklearn.preprocessing._data.StandardScaler\n")
    assert "  mean_: numpy.ndarray in " in outcome.out
    assert "more lines" in run("explain", "scaler.skops", "--lines", "2").out


@pytest.mark.parametrize(
    ("data", "code"), [(b"", 3), (b"plain text", 3), (b"\x80\x04", 1), (b"\x93NUMPY", 1)]
)
def test_what_has_no_program(run: Run, folder: Path, data: bytes, code: int) -> None:
    Path("odd").write_bytes(data)
    assert run("explain", "odd").code == code


def test_a_file_that_is_not_there(run: Run, folder: Path) -> None:
    outcome = run("explain", "nothing")
    assert (outcome.code, outcome.error) == (3, "unreadable")


@pytest.mark.parametrize(
    "name",
    ["x\nREFUSE is ACCEPT", "x\rACCEPT", "\x1b[2J", "\u202e", "x\u2028y", "p\u0430ss", "a b", ""],
)
def test_hostile_names_are_escaped(run: Run, folder: Path, name: str) -> None:
    data = Pickle(4).short_binunicode("m").short_binunicode(name).stack_global().stop()
    Path("odd.pkl").write_bytes(bytes(data))
    outcome = run("explain", "odd.pkl")
    assert outcome.code == 1
    assert outcome.out.replace("\n", "").isprintable()
    assert outcome.out.isascii()
    assert not any(line.startswith("REFUSE is ACCEPT") for line in outcome.out.splitlines())


def test_hostile_strings_are_escaped(run: Run, folder: Path) -> None:
    data = Pickle(4).short_binunicode("a\nb\x1b[2J\u202e").stop()
    Path("odd.pkl").write_bytes(bytes(data))
    outcome = run("explain", "odd.pkl")
    assert outcome.code == 0
    assert outcome.out.replace("\n", "").isprintable()


def test_too_many_opcodes_for_fickling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decompiled, "_OPCODES", 1)
    (program,) = scan(b"\x80\x04N.").programs
    found = decompiled.decompile(program, allowed=frozenset(), lines=10)
    assert found.problem
    assert found.lines == ()


def test_deep_and_shared_structures_end_in_bounded_time(run: Run, folder: Path) -> None:
    deep = Pickle(4)
    for _ in range(400):
        deep.empty_list()
    for _ in range(399):
        deep.append()
    Path("deep.pkl").write_bytes(bytes(deep.stop()))
    assert run("explain", "deep.pkl").code in (0, 3)


@pytest.mark.parametrize("sample", samples_made_here(), ids=lambda sample: sample.name)
def test_every_sample_is_explained_or_said_why_not(tmp_path: Path, sample: Sample) -> None:
    data = sample.build(str(tmp_path / "canary"))
    for program in scan(data, Limits()).programs:
        if program.code:
            found = decompiled.decompile(program, allowed=frozenset(), lines=100)
            assert found.problem or found.lines
            assert all(line.isprintable() and line.isascii() for line in found.lines)
    assert not (tmp_path / "canary").exists()


def test_what_fickling_writes_to_stderr_is_kept_off(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # It has a bound of its own on what recurs, and says so on stderr when its analyses reach it.
    (folder / "recurs.pkl").write_bytes(pickle.dumps([{}] * 500))
    capfd.readouterr()
    assert main(["explain", str(folder / "recurs.pkl")]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    assert "SL901 note: fickling's analyses say nothing" in out


@pytest.mark.parametrize("lines", ["-5", "x", "1.5", ""])
@pytest.mark.parametrize("form", ["joblib", "skops"])
def test_a_number_of_lines_that_is_none(run: Run, folder: Path, lines: str, form: str) -> None:
    assert run("explain", f"churn.{form}", f"--lines={lines}").code == 2


@needs_status
def test_a_large_hostile_file_costs_no_gigabytes(folder: Path) -> None:
    path = folder / "large.pkl"
    path.write_bytes(b"\x80\x04cos\nsystem\n)\x81" + b"}b" * 2_000_000 + b".")
    cost = cost_of(
        "print(main(['explain', sys.argv[1]]))", path, before="from safeload.cli.main import main"
    )
    assert cost.out.endswith("1\n")
    assert cost.memory < 1 << 30
