"""The plugin of pytest, in runs of pytest of their own: as a user has it, by its entry point."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from safeload.auditing.accepting import add_entries
from safeload.auditing.baseline import Acceptance
from safeload.auditing.run import audit
from tests.builder import Pickle

pytest_plugins = ["pytester"]

GOOD = b"\x80\x04N."
CALL = Pickle(4).global_("posix", "system").unicode("touch canary").tuple1().reduce().stop()
UNREAD = b"\x89HDF\r\n\x1a\n"
POLICY = """
[[group]]
reason = "our scorer"
uses = ["construct"]
[group.names]
"acme.models" = ["Scorer"]
"""


# Of other plugins, none is part of what is tested, and each takes its time.
OTHERS = ("cacheprovider", "xdist", "hypothesispytest", "pytest_cov")
WITHOUT = [word for name in OTHERS for word in ("-p", f"no:{name}")]


def fill(folder: Path) -> None:
    """A project: a folder of models."""
    models = folder / "models" / "of" / "ours"
    models.mkdir(parents=True)
    (models / "good.pkl").write_bytes(GOOD)
    (models / "readme.txt").write_text("no model")


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project, and nothing of the run that it is tested in."""
    for variable in ("PYTEST_ADDOPTS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        monkeypatch.delenv(variable, raising=False)
    fill(pytester.path)
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run pytest in a process of its own."""
    return project.runpytest_subprocess(*WITHOUT, *arguments)


# -- one run over files of all kinds ---------------------------------------------------------------


@dataclass(frozen=True)
class Whole:
    """A run, and the folder that it was in."""

    folder: Path
    code: int
    text: str

    def outcome_of(self, name: str) -> str:
        """What became of a test, by the line that says so."""
        (line,) = re.findall(rf"^{re.escape(name)}::safeload ([A-Z]+)", self.text, re.MULTILINE)
        return str(line)

    def failure_of(self, name: str) -> str:
        """What the run says of a test that failed."""
        found = re.search(
            rf"^_+ {re.escape(name)} _+$\n(.*?)^[_=]{{4}}", self.text, re.MULTILINE | re.DOTALL
        )
        assert found is not None
        return found[1]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """A run over files of every verdict and with names of every kind."""
    folder = tmp_path_factory.mktemp("whole")
    fill(folder)
    models = folder / "models"
    (models / "photo.jpg").write_bytes(bytes(CALL))
    (models / "weights.h5").write_bytes(UNREAD)
    (models / "\x1b[2J::()\n.pkl").write_bytes(bytes(CALL))
    Path(os.fsdecode(os.fsencode(models) + b"/\xff.pkl")).write_bytes(bytes(CALL))
    (models / "\t.pkl").write_bytes(GOOD)
    (models / "\\t.pkl").write_bytes(bytes(CALL))
    (models / "linked.pkl").symlink_to(folder)
    (folder / "empty").mkdir()
    audits = [f"--safeload-audit={name}" for name in ("models", "missing", "empty")]
    alien = {"PYTEST_ADDOPTS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *WITHOUT, "-v", "--junit-xml=report.xml", *audits],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name not in alien},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return Whole(folder, done.returncode, done.stdout.decode())


def test_each_model_is_a_test_and_other_files_are_counted(whole: Whole) -> None:
    assert whole.outcome_of("models/of/ours/good.pkl") == "PASSED"
    assert "safeload: 10 audits; 1 other file skipped" in whole.text
    assert "2 passed" in whole.text.splitlines()[-1]
    assert whole.code == pytest.ExitCode.TESTS_FAILED


def test_a_refused_model_is_a_failure_that_says_why(whole: Whole) -> None:
    text = whole.failure_of("models/photo.jpg")
    assert text.startswith("REFUSE ")
    assert "SL101 error: posix.system runs a shell command" in text
    # The report, and no line of ours.
    assert "runtest" not in text
    assert not (whole.folder / "canary").exists()


def test_what_was_not_read_is_a_failure(whole: Whole) -> None:
    assert whole.failure_of("models/weights.h5").startswith("INCOMPLETE ")
    assert whole.failure_of("models/linked.pkl").startswith("INCOMPLETE ")


def test_a_place_without_a_model_is_a_failure(whole: Whole) -> None:
    assert whole.failure_of("empty").startswith("No model was found in empty.\n")
    assert whole.failure_of("missing").startswith("INCOMPLETE ")


def test_a_hostile_name_is_shown_and_not_obeyed(whole: Whole) -> None:
    assert "\x1b" not in whole.text
    assert whole.outcome_of(r"models/\x1b[2J:\x3a()\n.pkl") == "FAILED"
    assert whole.outcome_of(r"models/\udcff.pkl") == "FAILED"


def test_two_names_that_are_shown_alike_are_two_tests(whole: Whole) -> None:
    assert whole.outcome_of(r"models/\t.pkl") == "PASSED"
    assert whole.outcome_of(r"models/\t.pkl+") == "FAILED"


# -- options and other tests -----------------------------------------------------------------------


def test_what_was_not_read_is_skipped_where_only_refusals_fail(project: pytest.Pytester) -> None:
    (project.path / "weights.h5").write_bytes(UNREAD)
    fail_on = ["--safeload-fail-on", "refuse", "-o", "safeload_fail_on=incomplete"]
    outcome = run(project, "--safeload-audit", "weights.h5", "-rs", *fail_on)
    outcome.assert_outcomes(skipped=1)
    outcome.stdout.fnmatch_lines(["SKIPPED * weights.h5: not decided*"])


def test_audits_are_chosen_and_left_out_like_other_tests(project: pytest.Pytester) -> None:
    project.makepyfile("def test_other(): pass")
    chosen = run(project, "--safeload-audit", "models", "-m", "safeload_audit", "--strict-markers")
    chosen.assert_outcomes(passed=1, deselected=1)
    by_name = run(project, "--safeload-audit", "models", "-k", "good.pkl", "--collect-only", "-q")
    by_name.stdout.fnmatch_lines(["models/of/ours/good.pkl::safeload"])
    by_name.stdout.no_fnmatch_line("*test_other*")


@pytest.mark.slow
def test_each_of_several_runners_has_the_same_tests(project: pytest.Pytester) -> None:
    for number in range(6):
        (project.path / "models" / f"{number}.pkl").write_bytes(GOOD)
    outcome = project.runpytest_subprocess("--safeload-audit", "models", "-n", "2")
    outcome.assert_outcomes(passed=7)


# -- the ini-file ----------------------------------------------------------------------------------


def test_the_ini_file_says_what_to_audit_and_by_which_rules(project: pytest.Pytester) -> None:
    own = Pickle(4).global_("acme.models", "Scorer").empty_tuple().newobj().stop()
    (project.path / "models" / "own.pkl").write_bytes(bytes(own))
    project.makeini("[pytest]\nsafeload_audit =\n  models\n  s3.pkl\nsafeload_policy = our.toml")
    (project.path / "s3.pkl").write_bytes(GOOD)
    (project.path / "our.toml").write_text(POLICY)
    below = project.path / "tests"
    below.mkdir()
    # Paths in an ini-file are relative to it, wherever pytest is called.
    os.chdir(below)
    run(project).assert_outcomes(passed=3)


def test_what_a_baseline_accepts_is_no_failure(project: pytest.Pytester) -> None:
    path = project.path / "models" / "theirs.pkl"
    path.write_bytes(bytes(CALL))
    (found,) = audit(path).files
    rules = {finding.rule for finding in found.findings if finding.severity != "note"}
    entries = [
        Acceptance(found.sha256, rule, "seen", "maria", date(2999, 1, 1), "") for rule in rules
    ]
    add_entries(project.path / "accepted.toml", entries)
    accepted = ["-o", "safeload_baseline=accepted.toml"]
    run(project, "--safeload-audit", "models", *accepted).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("setting", "workers"),
    [
        pytest.param("safeload_policy=missing.toml", "2", marks=pytest.mark.slow),
        ("safeload_baseline=missing.toml", "0"),
        ("safeload_fail_on=sometimes", "0"),
    ],
)
def test_a_setting_that_cannot_be_used_ends_the_run(
    project: pytest.Pytester, setting: str, workers: str
) -> None:
    settings = ["--safeload-audit", "models", "-o", setting, "-n", workers]
    outcome = project.runpytest_subprocess(*settings)
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines(["ERROR: *"])


# -- the fixture -----------------------------------------------------------------------------------


def test_the_fixture_takes_paths_and_bytes_and_fails_with_what_was_found(
    project: pytest.Pytester,
) -> None:
    (project.path / "bad.pkl").write_bytes(bytes(CALL))
    project.makepyfile(
        f"""
        import pathlib
        import pytest
        import safeload

        def test_path(audited):
            report = audited(pathlib.Path("models"))
            assert [file.verdict for file in report.files] == ["accept"]
            assert len(report.skipped) == 1

        def test_bytes(audited):
            assert audited({GOOD!r}).files[0].size == 4
            assert audited(memoryview({GOOD!r})).files[0].path == "<bytes>"

        def test_bad_path(audited):
            audited("bad.pkl")

        def test_bad_bytes(audited):
            audited({bytes(CALL)!r})

        def test_no_model(audited):
            audited({b"no model"!r})

        def test_no_file(audited, tmp_path):
            audited(tmp_path)

        def test_no_path(audited):
            with pytest.raises(safeload.UsageError):
                audited(7)
        """
    )
    outcome = run(project, "-rA")
    outcome.assert_outcomes(passed=3, failed=4)
    outcome.stdout.fnmatch_lines(["*REFUSE * (pickle, *", "*SL101 error: posix.system*"])
    outcome.stdout.fnmatch_lines(["*No model was found in what was given.*"])


# -- those who ask for nothing ---------------------------------------------------------------------


def test_a_run_that_asks_for_nothing_imports_nothing(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import sys

        def test_modules():
            ours = {name.split(".")[1] for name in sys.modules if name.startswith("safeload.")}
            # What "import safeload" imports.
            assert ours == {"errors", "forks", "pytest_plugin"}
            others = {"sklearn", "numpy", "scipy", "joblib", "rich", "cryptography", "fickling"}
            assert others.isdisjoint(sys.modules)
        """
    )
    run(project).assert_outcomes(passed=1)
