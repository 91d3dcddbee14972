"""``safeload policy``: proposals, lists and reviews become text and exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from safeload.policy.policy import Policy
from tests.builder import Name, Pickle
from tests.cli.conftest import Run
from tests.test_architecture import HEAVY, modules_after

MODEL = Name("acme.models", "Model")
TEAM = """
[[group]]
reason = "our models"
uses = ["construct"]
[group.names]
"acme.models" = ["Model"]
"""


def write(path: str, data: bytes) -> None:
    Path(path).parent.mkdir(exist_ok=True)
    Path(path).write_bytes(data)


@pytest.fixture
def files(folder: Path, attack: Path) -> Path:
    """Models of a team that need nothing, an entry, a decision, and what no entry fixes."""
    write("none/churn.joblib", Path("churn.joblib").read_bytes())
    write("ours/model.pkl", Pickle(4).object_(MODEL, state={"a": 1}).finish())
    write("enum/model.pkl", Pickle(4).call(Name("acme.models", "Colour"), 1).finish())
    write("bad/photo.jpg", attack.read_bytes())
    attack.unlink()
    write("odd/data.h5", b"\x89HDF\r\n\x1a\n")
    Path("empty").mkdir()
    Path("team.toml").write_text(TEAM)
    return folder


@pytest.mark.parametrize(
    ("models", "code"),
    [
        (["none"], 0),
        (["ours"], 0),
        (["none", "ours"], 0),
        (["enum"], 1),
        (["bad"], 1),
        (["ours", "bad"], 1),
        (["odd", "bad"], 1),
        (["odd", "ours"], 3),
        (["empty"], 3),
        (["nothing"], 3),
    ],
)
def test_learning_exits_with_what_becomes_of_the_models(
    run: Run, files: Path, models: list[str], code: int
) -> None:
    outcome = run("policy", "learn", *models)
    assert outcome.code == code
    Policy.parse(outcome.out.encode("ascii"), "stdout")
    assert not Path("canary").exists()


def test_what_was_learnt_is_accepted_by_an_audit(run: Run, files: Path) -> None:
    assert run("audit", "ours").code == 1
    assert run("policy", "learn", "ours", "-o", "learnt.toml").code == 0
    assert run("audit", "ours", "--policy", "learnt.toml").code == 0
    # Until somebody has said why, it is not in order.
    assert run("policy", "check", "learnt.toml").code == 1


def test_the_proposal_and_the_help_say_that_a_person_has_to_read(run: Run, files: Path) -> None:
    outcome = run("policy", "learn", "ours")
    assert "A PERSON HAS TO READ THIS" in outcome.out.splitlines()[0]
    assert "models that you trust" in outcome.out
    assert "Read every line" in outcome.err
    help_text = run("policy", "learn", "--help").out
    assert "MODELS THAT YOU TRUST" in help_text
    assert "read every line" in help_text


def test_each_model_is_told_of(run: Run, files: Path) -> None:
    outcome = run("policy", "learn", "ours", "bad", "enum")
    told = [line.partition(": ") for line in outcome.err.splitlines() if ".pkl" in line]
    assert [path for path, _, _ in told] == ["ours/model.pkl", "enum/model.pkl"]
    assert "posix.system" in outcome.out
    assert Policy.parse(outcome.out.encode(), "stdout").get("posix", "system") is None


def test_what_is_in_use_already_is_not_proposed_again(run: Run, files: Path) -> None:
    outcome = run("policy", "learn", "ours", "--policy", "team.toml")
    assert outcome.code == 0
    assert "acme" not in outcome.out


def test_an_output_is_not_overwritten_without_force(run: Run, files: Path) -> None:
    Path("learnt.toml").write_text("read by Ann")
    outcome = run("policy", "learn", "ours", "-o", "learnt.toml")
    assert (outcome.code, outcome.error) == (2, "output-exists")
    assert Path("learnt.toml").read_text() == "read by Ann"
    assert run("policy", "learn", "ours", "-o", "learnt.toml", "--force").code == 0
    assert "acme.models" in Path("learnt.toml").read_text()
    assert [path.name for path in Path().glob(".learnt*")] == []


def test_a_link_that_leads_nowhere_is_not_written_through(run: Run, files: Path) -> None:
    Path("learnt.toml").symlink_to("elsewhere.toml")
    assert run("policy", "learn", "ours", "-o", "learnt.toml").error == "output-exists"
    assert not Path("elsewhere.toml").exists()


def test_the_policy_in_use_is_never_replaced(run: Run, files: Path) -> None:
    Path("link.toml").symlink_to("team.toml")
    for output in ("team.toml", "link.toml"):
        outcome = run(
            "policy", "learn", "ours", "--policy", "team.toml", "-o", output, "--force"
        )  # fmt: skip
        assert (outcome.code, outcome.error) == (2, "output-is-policy")
    assert Path("team.toml").read_text() == TEAM


@pytest.mark.parametrize("output", ["nowhere/learnt.toml", "ours", "", "team.toml/x"])
def test_an_output_that_has_no_place(run: Run, files: Path, output: str) -> None:
    outcome = run("policy", "learn", "ours", "-o", output)
    assert (outcome.code, outcome.error) == (2, "output-unwritable")


@pytest.mark.parametrize("policy", ["nothing.toml", "churn.joblib"])
def test_a_policy_file_that_will_not_do(run: Run, files: Path, policy: str) -> None:
    assert run("policy", "learn", "ours", "--policy", policy).code == 2
    assert run("policy", "learn", "ours", "--policy", policy, "-o", "x", "--force").code == 2
    assert run("policy", "show", "--policy", policy).code == 2


def test_names_of_files_and_in_files_steer_no_terminal(run: Run, files: Path) -> None:
    name = 'x\x1b[2J\n[[group]]\nuses = ["call"]\u202e.pkl'
    write(f"bad/{name}", Pickle(4).global_(b"acme\x1b[2J\xe2\x80\xae", "Model").finish())
    outcome = run("policy", "learn", "bad", "ours")
    assert (outcome.out + outcome.err).replace("\n", "").isprintable()
    assert outcome.out.isascii()
    entries = Policy.parse(outcome.out.encode(), "stdout").entries
    assert entries.keys() - Policy.default().entries.keys() == {("acme.models", "Model")}


@pytest.mark.guarantee("G7")
def test_learning_imports_no_library_that_runs_models(files: Path) -> None:
    code = "from safeload.cli.main import main\nmain(['policy', 'learn', 'none', 'ours', 'bad'])"
    assert modules_after(code) & (HEAVY | {"acme"}) == set()
    assert not Path("canary").exists()


# -- show ------------------------------------------------------------------------------------------


def test_a_name_is_shown_with_uses_rule_reason_and_source(run: Run, files: Path) -> None:
    outcome = run("policy", "show", "acme.models.Model", "re._compile", "--policy", "team.toml")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert lines[:2] == ["acme.models.Model: construct", "  construct: our models [team.toml]"]
    assert lines[2] == "re._compile: call (rule regex)"
    assert lines[3].endswith("[python.toml]")
    assert lines[4].startswith("  regex admits: A pattern ")


def test_a_name_that_is_not_allowed_is_refused_with_a_reason(run: Run, files: Path) -> None:
    outcome = run("policy", "show", "os.system", "numpy.log1p", "log1p", "\x1b[2J.x")
    assert outcome.code == 1
    assert outcome.out.startswith("numpy.log1p: reference\n")
    assert "os.system: not on the allow-list\n  it " in outcome.out
    assert "on the allow-list: " in outcome.out
    assert "\x1b" not in outcome.out


def test_a_library_is_listed_by_reason(run: Run, files: Path) -> None:
    outcome = run("policy", "show", "--library", "scikit-learn")
    assert outcome.code == 0
    assert "  sklearn.pipeline: FeatureUnion, Pipeline" in outcome.out.splitlines()
    assert "  numpy" not in outcome.out
    ours = run("policy", "show", "--policy", "team.toml", "--library", "team.toml")
    assert ours.out == "team.toml: construct: our models\n  acme.models: Model\n"


def test_a_name_of_another_library_is_not_shown(run: Run, files: Path) -> None:
    assert run("policy", "show", "numpy.log1p", "--library", "scikit-learn").code == 1


def test_a_library_that_there_is_not(run: Run, files: Path) -> None:
    outcome = run("policy", "show", "--library", "nothing")
    assert (outcome.code, outcome.error) == (2, "library-unknown")
    assert "scikit-learn" in outcome.err


def test_a_name_of_a_pack_that_is_off_says_which(run: Run, files: Path) -> None:
    kmeans = "mlxtend.cluster.kmeans.Kmeans"
    outcome = run("policy", "show", kmeans)
    assert outcome.code == 1
    assert "it is on the allow-list mlxtend, which is off by default; --pack mlxtend" in outcome.out
    assert run("policy", "show", "mlxtend.cluster.kmeans:Kmeans").out.count("--pack mlxtend") == 1
    assert run("policy", "show", kmeans, "--pack", "mlxtend").code == 0
    assert run("policy", "show", "--library", "mlxtend").code == 2
    assert run("policy", "show", "--library", "mlxtend", "--pack", "mlxtend").code == 0


def test_all_is_shown_as_json(run: Run, files: Path) -> None:
    outcome = run("policy", "show", "--format", "json", "--policy", "team.toml")
    assert outcome.code == 0
    (document,) = json.loads(outcome.out)["results"]
    assert document["unknown"] == []
    assert len(document["entries"]) == len(Policy.default().entries) + 1
    (ours,) = [entry for entry in document["entries"] if entry["module"] == "acme.models"]
    assert ours == {
        "module": "acme.models",
        "name": "Model",
        "uses": ["construct"],
        "rule": None,
        "grants": [
            {
                "uses": ["construct"],
                "kinds": [],
                "reason": "our models",
                "source": "team.toml",
                "library": "team.toml",
            }
        ],
    }


def test_an_unknown_name_is_json_as_well(run: Run, files: Path) -> None:
    outcome = run("policy", "show", "os.system", "--format", "json")
    assert outcome.code == 1
    assert [item["name"] for item in json.loads(outcome.out)["results"][0]["unknown"]] == [
        "os.system"
    ]


# -- packs -----------------------------------------------------------------------------------------


def test_the_packs_are_listed_with_the_reason_why_they_are_on_or_off(run: Run, files: Path) -> None:
    outcome = run("policy", "packs")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert "statsmodels: off, " in outcome.out
    assert "scipy: on, " in outcome.out
    assert [line for line in lines if line.startswith("  off by default: its estimators were not")]
    # Those that are on come first.
    states = [line.split(": ")[1].split(",")[0] for line in lines if not line.startswith(" ")]
    assert states == sorted(states, reverse=True)


def test_the_packs_that_are_on_are_told_as_json(run: Run, files: Path) -> None:
    Path("team.toml").write_text('packs = ["mlxtend"]')
    given = ["policy", "packs", "--format", "json", "--policy", "team.toml", "--pack", "sktime"]
    outcome = run(*given)
    assert outcome.code == 0
    packs = {pack["name"]: pack for pack in json.loads(outcome.out)["results"][0]["packs"]}
    assert [name for name, pack in packs.items() if pack["on"] and pack["opt_in"]] == [
        "mlxtend",
        "sktime",
    ]
    assert packs["hdbscan"]["names"] == len(Policy.of_pack("hdbscan").entries)
    assert packs["xgboost"]["distributions"] == ["xgboost", "xgboost-cpu"]
    assert run("policy", "packs", "--pack", "nothing").code == 2


# -- check -----------------------------------------------------------------------------------------


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The team's package, which leaves a trace when it is imported."""
    package = tmp_path / "code" / "acme"
    package.mkdir(parents=True)
    trace = tmp_path / "trace"
    (package / "__init__.py").write_text(f"open({str(trace)!r}, 'w').close()")
    (package / "models.py").write_text("from os import system as helper\nclass Model: ...\n")
    monkeypatch.syspath_prepend(package.parent)
    yield trace
    for name in [name for name in sys.modules if name.partition(".")[0] == "acme"]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        ([TEAM], 0),
        ([TEAM.replace("our models", "")], 1),
        ([TEAM.replace('"acme.models" = ["Model"]', '"os" = ["system"]')], 1),
        ([TEAM.replace("construct", "call")], 3),
        ([TEAM.replace("construct", "eat")], 2),
        (["?"], 2),
        ([TEAM, "?", TEAM.replace("our models", "")], 2),
        ([TEAM.replace("construct", "call"), TEAM.replace("our models", "")], 1),
    ],
)
def test_checking_exits_with_the_weightiest_remark(
    run: Run, files: Path, texts: list[str], code: int
) -> None:
    names = []
    for number, text in enumerate(texts):
        names.append(f"{number}.toml")
        Path(names[-1]).write_text(text)
    outcome = run("policy", "check", *names)
    assert outcome.code == code
    # A file that is none does not keep the others from being looked through.
    assert outcome.out.count(".toml: ") + len(outcome.errors) == len(texts)
    assert "--import" in outcome.err


def test_nothing_is_imported_unless_asked_for(run: Run, files: Path, code: Path) -> None:
    assert run("policy", "check", "team.toml").code == 0
    assert not code.exists()
    outcome = run("policy", "check", "team.toml", "--import")
    assert (outcome.code, outcome.out) == (0, "team.toml: 1 name, 0 issues\n")
    assert code.exists()


@pytest.mark.parametrize("name", ["helper", "Missing", "system"])
def test_importing_finds_what_hides_and_what_is_missing(
    run: Run, files: Path, code: Path, name: str
) -> None:
    Path("team.toml").write_text(TEAM.replace("Model", name).replace("construct", "reference"))
    outcome = run("policy", "check", "team.toml", "--import")
    assert outcome.code == 1
    assert f"  error: acme.models.{name} " in outcome.out


def test_a_package_that_is_not_here_decides_nothing(run: Run, files: Path) -> None:
    Path("team.toml").write_text(TEAM.replace("acme.models", "no_such_team.models"))
    assert run("policy", "check", "team.toml", "--import").code == 3


def test_the_folder_of_the_policy_is_not_imported_from(run: Run, files: Path) -> None:
    Path("acme").mkdir()
    Path("acme", "__init__.py").touch()
    Path("acme", "models.py").write_text("open('canary', 'w').close()\nclass Model: ...\n")
    command = [sys.executable, "-P", "-m", "safeload", "policy", "check", "--import"]
    done = subprocess.run([*command, "team.toml"], capture_output=True, check=False)
    assert done.returncode == 3
    assert not Path("canary").exists()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_a_policy_file_that_anybody_may_write_is_no_use(run: Run, files: Path) -> None:
    Path("team.toml").chmod(0o666)
    assert run("policy", "check", "team.toml").error == "policy-writable"


def test_text_of_a_policy_file_steers_no_terminal(run: Run, files: Path) -> None:
    hostile = TEAM.replace("our models", "\\u001b[2J\\u202e").replace("Model", "a\\nb\\u001b[2J")
    Path("team.toml").write_text(hostile)
    for outcome in (
        run("policy", "check", "team.toml"),
        run("policy", "show", "--policy", "team.toml", "--library", "team.toml"),
    ):
        assert (outcome.out + outcome.err).replace("\n", "").isprintable()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["learn"],
        ["check"],
        ["learn", "x", "--out", "y"],
        ["check", "x", "--imp"],
        ["show", "--format", "xml"],
    ],
)
def test_wrong_usage_is_2(run: Run, arguments: list[str]) -> None:
    outcome = run("policy", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert "usage: safeload" in outcome.err


@pytest.mark.parametrize("verb", ["learn", "show", "check"])
def test_each_verb_has_help_with_its_exit_codes(run: Run, verb: str) -> None:
    outcome = run("policy", verb, "--help")
    assert outcome.code == 0
    assert "exit codes: 0 " in outcome.out
