"""What is loaded may end its own work, and never the program of whoever loads it."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import safeload
from safeload.errors import LoadError, UsageError
from safeload.policy.team.existence import examine
from safeload.policy.team.review import own_entries
from safeload.trust.trustfile import TrustFile
from tests.trust.statements import ALICE

# A team's library, of which everything raises what it is told to, once it is told to.
LIBRARY = """
RAISED = None
def act():
    if RAISED is not None:
        raise RAISED
class Model:
    coef = 1
    def __init__(self): self.value = 1
    def __setstate__(self, state):
        act() if WHERE == "state" else None
        self.__dict__.update(state)
    def predict(self, rows):
        act() if WHERE == "predict" else None
        return [0.0 for row in rows]
    @property
    def feature_names_in_(self):
        act() if WHERE == "names" else None
        raise AttributeError
    @property
    def n_features_in_(self):
        act() if WHERE == "columns" else None
        return 2
WHERE = None
"""
POLICY = """
[[group]]
reason = "a team's model"
uses = ["construct", "reference"]
[group.names]
"acme_unruly" = ["Model"]
"""
UNRULY = [SystemExit(0), SystemExit("over"), GeneratorExit(), RecursionError(), MemoryError()]
ROWS = np.arange(4.0).reshape(2, 2)


class Unprintable(Exception):  # noqa: N818  # it is what a library raises
    """An error whose text raises another one."""

    def __str__(self) -> str:
        raise SystemExit(0)


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The team's library, a model of it, and a policy that allows it."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acme_unruly.py").write_text(LIBRARY)
    (tmp_path / "policy.toml").write_text(POLICY)
    module = __import__("acme_unruly")
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(module.Model(), 4))
    yield module
    sys.modules.pop("acme_unruly", None)
    from safeload.loading.names import _object

    _object.cache_clear()


def tell(module: ModuleType, where: str, raised: BaseException) -> None:
    vars(module).update(WHERE=where, RAISED=raised)


def sign(**facts: Any) -> Path:
    return safeload.sign(
        "model.pkl", key=ALICE, name="a", version="1", policy="policy.toml", **facts
    )


@pytest.mark.parametrize("raised", [*UNRULY, Unprintable()], ids=repr)
def test_a_state_that_ends_the_program_ends_the_load(acme: Any, raised: BaseException) -> None:
    tell(acme, "state", raised)
    with pytest.raises(LoadError) as caught:
        safeload.load_unsigned("model.pkl", policy="policy.toml")
    assert caught.value.code == "load-failed"
    assert caught.value.__cause__ is raised


@pytest.mark.parametrize("where", ["state", "predict", "names", "columns"])
def test_an_interrupt_passes_and_leaves_nothing_behind(
    tmp_path: Path, acme: Any, where: str
) -> None:
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    tell(acme, where, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        sign(probe=ROWS)
    model = acme.Model()
    with pytest.raises(KeyboardInterrupt):
        safeload.dump(
            model, "dumped.pkl", key=ALICE, name="a", version="1", policy="policy.toml", probe=ROWS
        )
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("[!.]*")} == {
        path: time for path, time in before.items() if not path.name.startswith(".")
    }


@pytest.mark.parametrize("raised", UNRULY, ids=repr)
def test_a_library_that_ends_the_program_when_imported_ends_the_load(
    tmp_path: Path, acme: Any, raised: BaseException
) -> None:
    what = type(raised).__name__
    (tmp_path / "acme_unruly.py").write_text(f"raise {what}")
    sys.modules.pop("acme_unruly")
    from safeload.loading.names import _object

    _object.cache_clear()
    with pytest.raises(LoadError) as caught:
        safeload.load_unsigned("model.pkl", policy="policy.toml")
    assert caught.value.code == "library-failed"


@pytest.mark.parametrize("raised", UNRULY, ids=repr)
def test_predictions_that_end_the_program_are_no_probe(acme: Any, raised: BaseException) -> None:
    sign(probe=ROWS)
    trust = TrustFile.add("trust.toml", name="alice", key=ALICE.public, models=["a"])
    tell(acme, "predict", raised)
    with pytest.raises(LoadError) as caught:
        safeload.load("model.pkl", trust=trust, policy="policy.toml", probe=True)
    assert caught.value.code == "probe-failed"
    with pytest.raises(LoadError) as refused:
        sign(probe=ROWS)
    assert refused.value.code == "probe-failed"


@pytest.mark.parametrize("where", ["names", "columns"])
@pytest.mark.parametrize("raised", UNRULY, ids=repr)
def test_facts_that_end_the_program_are_none(acme: Any, raised: BaseException, where: str) -> None:
    tell(acme, where, raised)
    with pytest.raises(LoadError) as caught:
        sign()
    assert caught.value.code == "model-unreadable"


@pytest.mark.parametrize("raised", UNRULY, ids=repr)
def test_a_model_that_ends_the_program_is_not_written(
    tmp_path: Path, raised: BaseException
) -> None:
    class Model:
        def __reduce__(self) -> Any:
            raise raised

    with pytest.raises(UsageError) as caught:
        safeload.dump(Model(), tmp_path / "model.pkl", key=ALICE, name="a", version="1")
    assert caught.value.code == "model-unwritable"
    assert not list(tmp_path.glob("[!.]*"))


@pytest.mark.parametrize("what", ["raise SystemExit(0)", "def __getattr__(name): raise SystemExit"])
def test_a_name_that_ends_the_program_is_remarked_on(tmp_path: Path, acme: Any, what: str) -> None:
    (tmp_path / "acme_unruly.py").write_text(what)
    sys.modules.pop("acme_unruly")
    entries = own_entries(POLICY.encode(), "policy.toml")
    remarks = list(examine("acme_unruly", "Model", entries["acme_unruly", "Model"]))
    assert [remark.severity.value for remark in remarks] == ["warning"]


def test_a_command_does_not_end_in_what_a_model_says(tmp_path: Path, acme: Any) -> None:
    (tmp_path / "acme_unruly.py").write_text("raise SystemExit(0)")
    ALICE.write(tmp_path / "alice.key", passphrase=None)
    facts = ["--policy", "policy.toml", "--key", "alice.key", "--name", "a", "--version", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "safeload", "sign", "model.pkl", *facts],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 3
    assert b": library-failed: " in done.stderr
