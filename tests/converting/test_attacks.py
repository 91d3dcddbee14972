"""Whoever attacks a conversion, or is careless, gets nothing written that was not asked for."""

from __future__ import annotations

import io
import json
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import safeload
from safeload.cli.main import main
from safeload.converting import conversion, convert
from safeload.converting.comparing import Tolerance, compare
from safeload.converting.onnx import check_onnx
from safeload.isolation import model as isolated
from safeload.isolation.confinement import Confinement
from safeload.isolation.process import Process
from safeload.limits import Isolation, Limits
from safeload.policy.policy import Entry, Policy
from safeload.scan.program import Use
from safeload.trust.trustfile import TrustFile
from tests.builder import Name, Pickle
from tests.converting import hostile
from tests.converting.hostile import Hostile, Reducing, Unwritable

ROWS = np.random.default_rng(0).normal(size=(20, 2))
CLASSES = (ROWS[:, 0] > 0).astype(int)
MODEL = make_pipeline(StandardScaler(), LogisticRegression()).fit(ROWS, CLASSES)
ATTACK = Pickle(4).call(Name("posix", "mkdir"), "canary").finish()
# A careless policy, which lets classes do what they like.
CARELESS = Policy(
    {
        **Policy.default().entries,
        **{
            (hostile.__name__, name): Entry(frozenset(Use), None, "a careless policy")
            for name in ("Hostile", "Reducing", "Unwritable")
        },
    },
    "0" * 64,
)


def dumped(model: Any) -> bytes:
    """A model as joblib writes it."""
    file = io.BytesIO()
    joblib.dump(model, file)
    return file.getvalue()


class Kept(Process):
    """A process that is not ended by whoever is done with its model: the next one comes there."""

    def end(self) -> None:
        """Leave it."""


def keeping() -> Iterator[Callable[..., Process]]:
    """Give one of two processes and the other in turn, for a model and what becomes of it."""
    made: list[Kept] = []

    def process(*_: object) -> Process:
        if len(made) < 2:
            made.append(Kept(Isolation(seconds=600)))
        else:
            made.append(made.pop(0))
        try:
            made[-1].check()
        except safeload.UsageError:
            made[-1] = Kept(Isolation(seconds=600))
        return made[-1]

    yield process
    for each in made:
        Process.end(each)


@pytest.fixture(scope="module")
def process() -> Iterator[Callable[..., Process]]:
    """Two processes for all models here; they take seconds to come up."""
    yield from keeping()


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch, process: Callable[..., Process]) -> None:
    """Have models loaded in the same processes."""
    monkeypatch.setattr(isolated, "Process", process)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a model; what a payload makes is found there."""
    monkeypatch.chdir(tmp_path)
    joblib.dump(MODEL, "a.joblib")
    return tmp_path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# -- what comes back from a process that was taken over --------------------------------------------

RESULTS: dict[str, tuple[Any, str, str]] = {
    "a class that is written as a call, once it was loaded": (Reducing(), "b.joblib", "refused"),
    "a class that ends whatever writes it": (Unwritable(), "b.joblib", "cannot-convert"),
    "a program that runs a command": (Hostile(ATTACK), "b.joblib", "refused"),
    "an archive in the place of a pickle": (
        Hostile(skops.io.dumps(MODEL)),
        "b.joblib",
        "result-unlike",
    ),
    "a pickle in the place of an archive": (Hostile(dumped(MODEL)), "b.skops", "result-unlike"),
    "no model at all": (Hostile(b"\x89PNG\r\n\x1a\n" + bytes(64)), "b.joblib", "incomplete"),
}


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("case", RESULTS)
def test_a_result_that_is_not_what_was_asked_for_is_not_written(folder: Path, case: str) -> None:
    model, name, code = RESULTS[case]
    joblib.dump(model, "a.joblib")
    with pytest.raises(safeload.SafeloadError) as caught:
        convert("a.joblib", name, policy=CARELESS, compared=False)
    assert caught.value.code == code
    assert "'safeload audit' on the file" not in caught.value.hint
    assert names(folder) == ["a.joblib"]


@pytest.mark.usefixtures("shared")
def test_a_result_is_as_large_as_limits_allow(folder: Path) -> None:
    joblib.dump(Hostile(200_000), "a.joblib")
    with pytest.raises(safeload.ArtefactError) as caught:
        convert(
            "a.joblib",
            "b.joblib",
            policy=CARELESS,
            compared=False,
            limits=Limits(bytes_in=100_000),
        )
    assert caught.value.code == "too-large"
    assert names(folder) == ["a.joblib"]


@pytest.mark.usefixtures("shared")
def test_what_differs_on_other_rows_alone_is_not_seen(folder: Path) -> None:
    # docs/convert.md says so: rows that were not compared are not known to be predicted alike.
    other = LinearRegression(fit_intercept=False).fit(ROWS, ROWS[:, 0])
    joblib.dump(Hostile(dumped(other)), "a.joblib")
    same = np.zeros((1, 2))
    assert other.predict(same) == pytest.approx(0, abs=1e-13)
    convert("a.joblib", "b.joblib", policy=CARELESS, rows=same)
    loaded = safeload.load_unsigned("b.joblib")
    assert loaded.coef_.tolist() == other.coef_.tolist()


def test_a_model_that_is_larger_than_an_answer_usually_is_comes_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds: list[Isolation] = []

    def watched(_: object, __: object, ___: object, isolation: Isolation, **____: object) -> None:
        bounds.append(isolation)
        raise safeload.UsageError("That is enough.", code="enough")

    monkeypatch.setattr(conversion, "load_isolated", watched)
    # As a file of two gigabytes would have it.
    monkeypatch.setattr(conversion, "_GROWTH", (2 << 30) // Path("a.joblib").stat().st_size + 1)
    for given in (None, Isolation(reply=1 << 20)):
        with pytest.raises(safeload.UsageError):
            convert("a.joblib", "b.joblib", compared=False, isolation=given)
    # Whoever gives bounds means them.
    assert bounds[0].reply >= 2 << 30
    assert bounds[1].reply == 1 << 20


# -- what is compared ------------------------------------------------------------------------------


class Says:
    """A model whose results are given."""

    def __init__(self, **results: Any) -> None:
        self.methods = tuple(results)
        for name, result in results.items():
            setattr(self, name, lambda _, result=result: result)


def test_labels_that_are_numbers_are_labels() -> None:
    scores = np.array([[0.1, 0.9]])
    for kind in (float, np.float32, int):
        one: Any = Says(predict=np.array([2019], kind), predict_proba=scores)
        other: Any = Says(predict=np.array([2020.0]), predict_proba=scores)
        with pytest.raises(safeload.LoadError) as caught:
            compare(one, other, None, Tolerance.of("onnx", None))
        assert caught.value.code == "predictions-differ"


def test_whole_numbers_may_be_told_with_a_fraction() -> None:
    one: Any = Says(predict=np.array([1, 0]), predict_proba=np.array([[0.1], [0.9]]))
    other: Any = Says(predict=np.array([1.0, 0.0]), predict_proba=np.array([[0.1], [0.9]]))
    assert set(compare(one, other, None, Tolerance.of("onnx", None)).values()) == {0.0}


FRAME = pd.DataFrame({"age": [np.nan, 1.0], "plan": ["a", None], "new": pd.array([True, pd.NA])})
OUTPUTS = [np.array([[0.5, 0.5]]), np.array([[0.2, 0.3, 0.5]])]
DATES = np.array(["2026-01-01", "NaT"], "M8[D]")
OBJECTS = np.array([np.nan, "a", None], object)
ALIKE: dict[str, tuple[Any, Any]] = {
    "a frame with gaps": (FRAME, FRAME.copy()),
    "outputs of several lengths": (OUTPUTS, [each.copy() for each in OUTPUTS]),
    "objects, some of them missing": (OBJECTS, OBJECTS.copy()),
    "dates, some of them missing": (DATES, DATES.copy()),
}
UNLIKE: dict[str, tuple[Any, Any]] = {
    "a gap elsewhere": (FRAME, FRAME.fillna({"age": 2.0})),
    "another gap": (FRAME, FRAME.assign(new=pd.array([True, False]))),
    "other columns": (FRAME, FRAME.rename(columns={"age": "years"})),
    "other numbers in a column": (FRAME, FRAME.assign(age=[np.nan, 1.1])),
    "fewer outputs": (OUTPUTS, OUTPUTS[:1]),
    "another output": (OUTPUTS, [OUTPUTS[0], OUTPUTS[1] + 0.1]),
    "an array for outputs": (OUTPUTS, OUTPUTS[0]),
    "a text for what is missing": (OBJECTS, np.array(["nan", "a", None], object)),
}


def _saying(results: tuple[Any, Any]) -> tuple[Any, Any]:
    return Says(transform=results[0]), Says(transform=results[1])


@pytest.mark.parametrize("case", ALIKE)
def test_what_is_missing_is_equal_to_what_is_missing(case: str) -> None:
    one, other = _saying(ALIKE[case])
    assert compare(one, other, None, Tolerance.of("skops", None)) == {"transform": 0.0}


@pytest.mark.parametrize("case", UNLIKE)
def test_and_to_nothing_else(case: str) -> None:
    one, other = _saying(UNLIKE[case])
    with pytest.raises(safeload.LoadError) as caught:
        compare(one, other, None, Tolerance.of("skops", None))
    assert caught.value.code == "predictions-differ"


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("compared", [False, True])
def test_a_result_has_the_methods_of_its_source(
    folder: Path, compared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It predicts the same labels, and no probabilities.
    fewer = dumped(RidgeClassifier().fit(ROWS[:2], [0, 1]))
    monkeypatch.setattr(isolated.IsolatedModel, "written", lambda *_, **__: bytearray(fewer))
    with pytest.raises(safeload.LoadError) as caught:
        convert("a.joblib", "b.joblib", rows=ROWS, compared=compared)
    assert caught.value.code == "predictions-differ"
    assert names(folder) == ["a.joblib"]


# -- signed models ---------------------------------------------------------------------------------


@pytest.fixture
def key(folder: Path) -> safeload.SigningKey:
    """A key that may sign two models, of which a.joblib is one."""
    made = safeload.SigningKey.generate()
    TrustFile.add(folder / "trust.toml", name="alice", key=made.public, models=["churn", "fraud"])
    safeload.sign("a.joblib", key=made, name="churn", version="1", serial=1, probe=ROWS[:3])
    return made


@pytest.mark.usefixtures("shared")
def test_one_model_does_not_become_another_by_being_converted(
    folder: Path, key: safeload.SigningKey
) -> None:
    facts = {"key": key, "name": "fraud", "version": "1"}
    for asked in ({"facts": facts}, {"name": "fraud"}):
        with pytest.raises(safeload.TrustError) as caught:
            convert("a.joblib", "b.skops", trust="trust.toml", **asked)
        assert caught.value.code == "wrong-model"
    # To call it so, its old name has to be said.
    convert("a.joblib", "b.skops", trust="trust.toml", name="churn", facts=facts)
    assert safeload.load("b.skops", trust="trust.toml", name="fraud", probe=True)


@pytest.mark.usefixtures("shared")
def test_an_older_release_than_was_loaded_is_not_converted(
    folder: Path, key: safeload.SigningKey
) -> None:
    trust = Path("trust.toml")
    trust.write_text(f'ledger = "{folder / "ledger.sqlite"}"\n{trust.read_text()}')
    safeload.dump(MODEL, "new.joblib", key=key, name="churn", version="2", serial=2)
    safeload.load("new.joblib", trust=trust)
    with pytest.raises(safeload.TrustError) as caught:
        convert("a.joblib", "b.skops", trust=trust)
    assert caught.value.code == "rollback"
    assert not Path("b.skops").exists()


def test_a_result_is_judged_by_what_the_trust_file_demands(
    folder: Path, key: safeload.SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    policies: list[Policy] = []

    def watched(_: object, policy: Policy, *rest: object, **more: object) -> Any:
        policies.append(policy)
        if len(policies) == 2:
            raise safeload.UsageError("That is enough.", code="enough")
        return Standing()

    class Standing:
        methods, type = ("predict",), "a model"

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def written(self, *_: object, **__: object) -> bytes:
            return Path("a.joblib").read_bytes()

    trust = TrustFile.parse(
        Path("trust.toml").read_bytes() + b'\n[models.churn]\ndrift = "refuse"\n'
    )
    monkeypatch.setattr(conversion, "load_isolated", watched)
    with pytest.raises(safeload.UsageError):
        convert("a.joblib", "b.joblib", trust=trust, compared=False)
    assert [policy.versions["*"] for policy in policies] == ["error", "error"]


@pytest.mark.usefixtures("shared")
def test_what_does_not_hold_a_process_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = Confinement(memory=True, processor=True)
    monkeypatch.setattr(isolated.IsolatedModel, "confinement", lacking)
    assert main(["convert", "a.joblib", "b.skops", "--no-probe"]) == 0
    said = capsys.readouterr().err
    assert "not confined on this machine: files, paths, system_calls, processes" in said
    assert "no predictions were compared" in said


@pytest.mark.usefixtures("shared")
def test_programs_are_told_what_was_compared(
    folder: Path,
    key: safeload.SigningKey,
    capsys: pytest.CaptureFixture[str],
    process: Callable[..., Process],
) -> None:
    key.write("team.key", passphrase=None)
    given = ["--trust", "trust.toml", "--key", "team.key", "--name", "churn", "--version", "2"]
    assert main(["convert", "a.joblib", "b.skops", "--format", "json", *given]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {
        "path": "b.skops",
        "format": "skops",
        "type": "sklearn.pipeline.Pipeline",
        "compared": {"predict": 0.0, "predict_proba": 0.0, "decision_function": 0.0},
        "not_confined": list(process().confinement.missing),
        "bundle": "b.skops.sig",
    }
    given[-3] = "fraud"
    assert main(["convert", "a.joblib", "c.skops", *given]) == 1
    assert main(["convert", "a.joblib", "c.skops", "--name", "churn"]) == 2
    assert main(["convert", "a.joblib", "c.skops", "--keyless", "--name", "churn"]) == 2
    assert not Path("c.skops").exists()


# -- where it goes ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("signs", [False, True])
def test_who_is_faster_keeps_what_they_wrote(
    folder: Path, signs: bool, key: safeload.SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(*arguments: Any) -> Any:
        Path("b.joblib").write_bytes(b"theirs")
        return compare(*arguments)

    monkeypatch.setattr(conversion, "compare", meanwhile)
    facts = {"key": key, "name": "churn", "version": "1"} if signs else None
    with pytest.raises(safeload.UsageError) as caught:
        convert("a.joblib", "b.joblib", rows=ROWS, facts=facts)
    assert caught.value.code == "output-exists"
    assert Path("b.joblib").read_bytes() == b"theirs"
    assert not Path("b.joblib.sig").exists()


def test_a_bundle_that_is_there_stays(folder: Path, key: safeload.SigningKey) -> None:
    Path("b.joblib.sig").write_bytes(b"theirs")
    with pytest.raises(safeload.UsageError) as caught:
        convert(
            "a.joblib", "b.joblib", rows=ROWS, facts={"key": key, "name": "churn", "version": "1"}
        )
    assert caught.value.code == "output-exists"
    assert Path("b.joblib.sig").read_bytes() == b"theirs"


@pytest.mark.usefixtures("shared")
def test_a_link_is_replaced_and_not_followed(folder: Path) -> None:
    Path("precious").write_bytes(b"precious")
    Path("b.joblib").symlink_to("precious")
    convert("a.joblib", "b.joblib", rows=ROWS, replacing=True)
    assert not Path("b.joblib").is_symlink()
    assert Path("precious").read_bytes() == b"precious"


@pytest.mark.usefixtures("shared")
def test_what_was_read_is_what_is_converted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile(*arguments: Any) -> Any:
        Path("a.joblib").write_bytes(ATTACK)
        return compare(*arguments)

    monkeypatch.setattr(conversion, "compare", meanwhile)
    convert("a.joblib", "b.joblib", rows=ROWS)
    loaded = safeload.load_unsigned("b.joblib")
    assert loaded.predict_proba(ROWS).tolist() == MODEL.predict_proba(ROWS).tolist()


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("replacing", [False, True])
def test_a_full_disk_leaves_what_was_there(
    folder: Path, replacing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = conversion._write

    def without_room(*arguments: Any, **more: Any) -> None:
        # The kernel refuses what is longer, as it does where a disk is full.
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, before[1]))
        try:
            write(*arguments, **more)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    if replacing:
        Path("b.joblib").write_bytes(b"old")
    monkeypatch.setattr(conversion, "_write", without_room)
    with pytest.raises(safeload.UsageError) as caught:
        convert("a.joblib", "b.joblib", rows=ROWS, replacing=replacing)
    assert caught.value.code == "output-unwritable"
    assert names(folder) == (["a.joblib", "b.joblib"] if replacing else ["a.joblib"])
    assert not replacing or Path("b.joblib").read_bytes() == b"old"


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("step", ["compare", "_again"])
def test_who_interrupts_it_finds_nothing_written(
    folder: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(conversion, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        convert("a.joblib", "b.joblib", rows=ROWS)
    assert names(folder) == ["a.joblib"]


# -- graphs of ONNX --------------------------------------------------------------------------------


def field(number: int, value: bytes | int) -> bytes:
    """A field of a message: a number below 128, or fewer than 16,384 bytes."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    tag, length = number << 3 | 2, len(value)
    head = bytes([tag]) if tag < 128 else bytes([tag & 127 | 128, tag >> 7])
    return head + bytes([length & 127 | 128, length >> 7]) + value


def graph(*, node: bytes = b"", tensor: bytes = b"", more: bytes = b"") -> bytes:
    """A model with a node and a tensor."""
    operators = field(8, field(1, b"ai.onnx.ml") + field(2, 1))
    return field(1, 8) + field(7, field(1, node) + field(5, tensor)) + operators + more


def nested(times: int) -> bytes:
    """A model with a graph in a node in a graph, and so on."""
    inner = b""
    for _ in range(times):
        inner = field(1, field(5, field(6, inner)))
    return field(1, 8) + field(7, inner)


# An operator, and the function that defines it in the same file; fields come in any order.
OWN = field(4, b"F") + field(7, b"own")
DEFINED = field(25, field(10, b"own") + field(1, b"F")) + field(8, field(1, b"own"))
GRAPHS = {
    "a tensor in another file": graph(
        tensor=field(13, field(1, b"location") + field(2, b"weights.bin"))
    ),
    "a tensor that says no more than that it is elsewhere": graph(tensor=field(14, 1)),
    "an operator of somebody's own": graph(node=field(7, b"evil.ops")),
    "operators of somebody's own": graph(more=field(8, field(1, b"evil.ops"))),
    "such an operator in a graph within a node": graph(
        node=field(5, field(6, field(1, field(7, b"evil.ops"))))
    ),
    "a function that takes an operator of somebody's own": graph(
        node=OWN, more=field(25, field(10, b"own") + field(1, b"F") + field(7, field(7, b"evil")))
    ),
    "another operator than its own function": graph(
        node=field(4, b"G") + field(7, b"own"), more=DEFINED
    ),
    "an operator with a name without end": graph(node=field(7, b"e" * 5_000)),
    "a message that leads beyond its end": graph(node=b"\x12\x7f"),
    "graphs within graphs without end": nested(40),
    "a pickle": dumped(MODEL),
    "nothing": b"",
}


def test_a_plain_graph_is_taken() -> None:
    check_onnx(graph(node=field(4, b"Add"), tensor=field(9, bytes(8)) + field(14, 0)), Limits())


def test_a_graph_that_brings_its_own_functions_is_taken() -> None:
    check_onnx(graph(node=OWN, more=DEFINED), Limits())
    check_onnx(graph(node=field(7, b"own") + field(4, b"F"), more=DEFINED), Limits())


@pytest.mark.parametrize("case", GRAPHS)
def test_a_graph_that_needs_more_than_itself_is_not(case: str) -> None:
    with pytest.raises(safeload.LoadError) as caught:
        check_onnx(GRAPHS[case], Limits())
    assert caught.value.code == "cannot-convert"


# -- last, for it costs a process ------------------------------------------------------------------


@pytest.mark.usefixtures("shared")
def test_who_sends_without_end_is_not_heard_to_the_end(
    folder: Path, process: Callable[..., Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The next one is that of the model.
    process()
    used = process()
    process()
    monkeypatch.setattr(used, "_isolation", Isolation(reply=1 << 16))
    joblib.dump(Hostile(1 << 20), "a.joblib")
    with pytest.raises(safeload.LoadError) as caught:
        convert("a.joblib", "b.joblib", policy=CARELESS, compared=False)
    assert caught.value.code == "isolated-garbled"
    # Nor is it asked again.
    with pytest.raises(safeload.UsageError):
        used.check()
