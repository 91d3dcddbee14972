"""A report says what would be refused and changes nothing; its summary says what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import joblib
import pytest
from sklearn.linear_model import LinearRegression

from safeload.cli.main import main
from tests.builder import Name, Pickle
from tests.serving.guard.scripts import run

PROGRAM = """\
import io, os, pickle, sys
import joblib

class Own(pickle.Unpickler):
    pass

class Pipe:
    def __init__(self, data): self._file = io.BytesIO(data)
    def read(self, size): return self._file.read(size)
    def readline(self): return self._file.readline()

def tried(load):
    try:
        return type(load()).__name__
    except Exception as error:
        return f"{type(error).__name__}: {error}"

print(sys.argv[1:], __name__)
evil = open("evil.pkl", "rb").read()
print(tried(lambda: joblib.load("model.joblib")))
print(tried(lambda: joblib.load("evil.pkl")), os.path.isdir("canary"))
with open("evil.pkl", "rb") as file:
    print(tried(lambda: pickle.load(file)), file.tell() == len(evil))
print(tried(lambda: pickle.loads(evil)))
print(tried(lambda: pickle.load(Pipe(evil))))
print(tried(lambda: Own(io.BytesIO(evil)).load()))
print(tried(lambda: joblib.load("team.joblib")))
print(tried(lambda: pickle.loads(b"")), tried(lambda: pickle.loads(pickle.dumps({"a": 1}))))
"""


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A folder with a report in it; and what the program says with a guard and without."""
    folder = tmp_path_factory.mktemp("reported")
    (folder / "serve.py").write_text(PROGRAM)
    (folder / "evil.pkl").write_bytes(Pickle(4).call(Name("posix", "mkdir"), "canary").finish())
    joblib.dump(LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]), folder / "model.joblib")
    (folder / "team.py").write_text("class Scaler:\n    factor = 2\n")
    team = Pickle(4).global_("team", "Scaler").raw(b")\x81}b").finish()
    (folder / "team.joblib").write_bytes(team)
    plainly = run("serve.py", "--loud", folder=folder)
    (folder / "canary").rmdir()
    guarded = run(
        *("-m", "safeload.serving.guard", "--report", "loads.jsonl", "--", "serve.py", "--loud"),
        folder=folder,
    )
    return folder, plainly, guarded


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "loads.jsonl").read_text().splitlines()]


def test_a_report_changes_nothing(reported: tuple[Path, str, str]) -> None:
    _, plainly, guarded = reported
    assert "LinearRegression" in plainly
    assert guarded == plainly


def test_each_load_has_a_line_with_verdict_and_stack(reported: tuple[Path, str, str]) -> None:
    found = [(each["loader"], each["verdict"], each["names"]) for each in records(reported[0])]
    evil = ("refuse", ["posix.mkdir"])
    assert found == [
        ("joblib.load", "accept", []),
        ("joblib.load", *evil),
        ("pickle.load", *evil),
        ("pickle.loads", *evil),
        ("pickle.load", *evil),
        ("unpickler", *evil),
        ("joblib.load", "refuse", ["team.Scaler"]),
        ("pickle.loads", "incomplete", []),
    ]
    for each in records(reported[0]):
        assert each["mode"] == "report"
        assert any("serve.py" in line and "tried" in line for line in each["stack"])
    assert records(reported[0])[2]["source"] == str(reported[0] / "evil.pkl")


def test_a_summary_says_what_to_do(
    reported: tuple[Path, str, str], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    folder, _, _ = reported
    monkeypatch.chdir(folder)
    assert main(["guard", "summarise", "loads.jsonl", "-o", "draft.toml"]) == 1
    said = capsys.readouterr().out
    assert "8 loads, 7 not accepted" in said
    assert "evil.pkl: posix.mkdir creates or changes files" in said
    assert "serve.py:21 <lambda>: 1 refuse" in said
    assert "team" in Path("draft.toml").read_text()
    # With what was proposed, the team's own model is accepted; the other one never is.
    assert main(["audit", "team.joblib", "--policy", "draft.toml"]) == 0
    assert main(["audit", "evil.pkl", "--policy", "draft.toml"]) == 1


WRONG = {
    "no JSON": "what\n",
    "no object": "[1]\n",
    "no stack": '{"verdict": "accept", "loader": "a", "source": "b", "names": []}\n',
    "numbers for text": '{"verdict": 1, "loader": 2, "source": 3, "names": [], "stack": []}\n',
    "deep": "[" * 100_000 + "\n",
}


@pytest.mark.parametrize("line", WRONG.values(), ids=WRONG)
def test_a_line_that_is_no_record_is_left_out(line: str, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "report").write_text(line)
    assert main(["guard", "summarise", str(tmp_path / "report")]) == 3
    assert "1 lines are not records" in capsys.readouterr().err


def test_a_report_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    assert main(["guard", "summarise", str(tmp_path / "none")]) == 2


def test_names_in_a_report_do_not_move_the_cursor(tmp_path: Path, capsys: Any) -> None:
    record = {
        "verdict": "refuse", "loader": "\x1b[2J", "source": "<bytes>", "names": ["\x1b]0;a\x07"],
        "stack": ["\x1b[1m"], "findings": [{"message": "\x1b[0m"}], "error": None,
    }  # fmt: skip
    (tmp_path / "report").write_text(json.dumps(record) + "\n")
    assert main(["guard", "summarise", str(tmp_path / "report")]) == 1
    assert "\x1b" not in capsys.readouterr().out


MISUSES: dict[str, list[str]] = {
    "no program": [],
    "a module that is missing": ["--", "-m"],
    "a policy that is not there": ["--policy", "none.toml", "--", "a.py"],
    "a report that cannot be written": ["--report", "no/such/folder/log", "--", "a.py"],
    "a function that is none": ["--exempt", "own.read", "--", "a.py"],
}


@pytest.mark.parametrize("arguments", MISUSES.values(), ids=MISUSES)
def test_a_mistake_is_told_of_before_the_program_begins(
    arguments: list[str], tmp_path: Path
) -> None:
    (tmp_path / "a.py").write_text("print('begun')\n")
    said = run("-m", "safeload.serving.guard", *arguments, folder=tmp_path, code=2)
    assert "begun" not in said
    assert "  hint: " in said or ": error: " in said
