"""What was accepted before is not judged again, and nothing else follows from that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import safeload
from safeload.errors import RefusedError, TrustError
from safeload.loading import accepted
from safeload.policy.judge import judge
from safeload.scan.program import Program

KEY = safeload.SigningKey.generate()
RANDOM = np.random.default_rng(0)
DATA = RANDOM.normal(size=(60, 3))
TARGET = (DATA[:, 0] > 0).astype(int)

MODELS: dict[str, Callable[[], Any]] = {
    "linear": lambda: LogisticRegression().fit(DATA, TARGET),
    "an array of objects": lambda: GradientBoostingClassifier(n_estimators=5).fit(DATA, TARGET),
    "a function with parameters": lambda: make_pipeline(
        FunctionTransformer(np.round, kw_args={"decimals": 2}), LogisticRegression()
    ).fit(DATA, TARGET),
    "a forest": lambda: RandomForestClassifier(20, random_state=0).fit(DATA, TARGET),
}


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    accepted.forget()
    yield
    accepted.forget()


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every scan that was judged."""
    seen: list[Any] = []

    def noted(scan: Any, policy: Any) -> Any:
        seen.append(scan)
        return judge(scan, policy)

    monkeypatch.setattr("safeload.loading.admit.judge", noted)
    return seen


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    return safeload.TrustFile.add(
        tmp_path / "trust.toml", name="alice", key=KEY.public, models=["*"]
    )


def written(model: Any, path: Path, **how: Any) -> Path:
    joblib.dump(model, path, **how)
    safeload.sign(path, key=KEY, name="model", version="1")
    return path


def once_more(path: Path, trust: Path, judged: list[Any], **given: Any) -> tuple[Any, int]:
    """Load, and how many scans were judged for it."""
    before = len(judged)
    model = safeload.load(path, trust=trust, **given)
    return model, len(judged) - before


@pytest.fixture
def known(tmp_path: Path, trust: Path) -> Path:
    """A model that was loaded once."""
    path = written(MODELS["linear"](), tmp_path / "model.joblib")
    safeload.load(path, trust=trust)
    return path


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("mmap_mode", [None, "r"])
def test_a_file_that_was_accepted_is_loaded_again_as_it_was(
    make: Callable[[], Any], mmap_mode: str | None, tmp_path: Path, trust: Path, judged: list[Any]
) -> None:
    path = written(make(), tmp_path / "model.joblib")
    first, times = once_more(path, trust, judged)
    assert times == 1

    second, times = once_more(path, trust, judged, mmap_mode=mmap_mode)

    assert times == 0
    assert second is not first
    assert (second.predict_proba(DATA) == first.predict_proba(DATA)).all()


def test_two_loads_share_no_arrays(tmp_path: Path, trust: Path, judged: list[Any]) -> None:
    path = written({"large": np.zeros(1 << 17), "small": np.zeros(3)}, tmp_path / "model.joblib")
    first, _ = once_more(path, trust, judged)
    first["large"][:], first["small"][:] = 1.0, 1.0

    second, times = once_more(path, trust, judged)

    assert times == 0
    assert not second["large"].any()
    assert not second["small"].any()


def test_a_skops_file_is_loaded_again(tmp_path: Path, trust: Path, judged: list[Any]) -> None:
    path = tmp_path / "model.skops"
    safeload.dump(MODELS["linear"](), path, key=KEY, name="model", version="1")
    judged.clear()

    loads = [once_more(path, trust, judged) for _ in range(2)]

    assert [times for _, times in loads] == [1, 0]
    assert loads[0][0].coef_.tolist() == loads[1][0].coef_.tolist()


def test_opcodes_that_are_views_are_read_from_the_bytes_at_hand(
    tmp_path: Path, trust: Path, judged: list[Any]
) -> None:
    documents = [" ".join(f"term{number}" for number in range(3_000))]
    path = written(CountVectorizer().fit(documents), tmp_path / "model.joblib")

    loads = [once_more(path, trust, judged) for _ in range(2)]

    assert [times for _, times in loads] == [1, 0]
    assert loads[0][0].vocabulary_ == loads[1][0].vocabulary_


def test_a_renamed_file_is_the_same_file(
    known: Path, tmp_path: Path, trust: Path, judged: list[Any]
) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    for name in ("model.joblib", "model.joblib.sig"):
        (tmp_path / name).rename(other / name)

    assert once_more(other / "model.joblib", trust, judged)[1] == 0


@pytest.mark.guarantee("G14")
def test_other_limits_judge_anew(known: Path, trust: Path, judged: list[Any]) -> None:
    assert once_more(known, trust, judged, limits=safeload.Limits(seconds=200))[1] == 1
    assert once_more(known, trust, judged)[1] == 0


@pytest.mark.guarantee("G12")
def test_a_stricter_policy_refuses_what_was_accepted(known: Path, trust: Path) -> None:
    policy = safeload.Policy.default()
    without = {name: entry for name, entry in policy.entries.items() if "sklearn" not in name[0]}

    with pytest.raises(RefusedError):
        safeload.load(known, trust=trust, policy=safeload.Policy(without, policy.digest))


@pytest.mark.guarantee("G12")
@pytest.mark.parametrize("other", [{"digest": "0" * 64}, {"packs": frozenset(["statsmodels"])}])
def test_another_policy_of_the_same_entries_judges_anew(
    known: Path, trust: Path, judged: list[Any], other: dict[str, Any]
) -> None:
    # What methods of data a model may call follows from the whole of it.
    policy = replace(safeload.Policy.default(), **other)

    assert once_more(known, trust, judged, policy=policy)[1] == 1


@pytest.mark.guarantee("G5")
def test_other_bytes_are_not_the_ones_that_were_signed(known: Path, trust: Path) -> None:
    content = known.read_bytes()
    known.write_bytes(content.replace(b"LogisticRegression", b"LinearRegressions_", 1))
    with pytest.raises(TrustError):
        safeload.load(known, trust=trust)


def test_what_was_refused_is_refused_again(tmp_path: Path, trust: Path, judged: list[Any]) -> None:
    path = written(MODELS["linear"](), tmp_path / "model.joblib")
    tight = safeload.Limits(opcodes=10)
    judged.clear()

    for times in (1, 2):
        with pytest.raises(RefusedError):
            safeload.load(path, trust=trust, limits=tight)
        assert len(judged) == times


def test_a_file_that_nobody_signed_is_judged_each_time(
    known: Path, trust: Path, judged: list[Any]
) -> None:
    for _ in range(2):
        before = len(judged)
        safeload.load_unsigned(known)
        assert len(judged) == before + 1


def test_a_compressed_file_is_judged_each_time(
    tmp_path: Path, trust: Path, judged: list[Any]
) -> None:
    path = written(MODELS["linear"](), tmp_path / "model.joblib", compress=3)

    assert [once_more(path, trust, judged)[1] for _ in range(2)] == [1, 1]


def test_the_bytes_of_a_file_are_not_kept(tmp_path: Path, trust: Path, judged: list[Any]) -> None:
    once_more(written(MODELS["an array of objects"](), tmp_path / "m.joblib"), trust, judged)

    [(kept, _)] = accepted._kept.values()

    assert kept.data == b""
    for program in _with_nested(kept.programs):
        assert (program.data, program.built, program.root) == (b"", [], None)


def _with_nested(programs: tuple[Program, ...]) -> Iterator[Program]:
    for program in programs:
        yield program
        yield from _with_nested(tuple(a for a in program.arrays if isinstance(a, Program)))


def test_what_takes_much_memory_is_not_kept(
    tmp_path: Path, trust: Path, judged: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [
        written(LogisticRegression(C=number + 1.0), tmp_path / f"{number}.joblib")
        for number in range(3)
    ]
    once_more(paths[0], trust, judged)
    [(_, weight)] = accepted._kept.values()

    # Room for two of them, and then for none.
    monkeypatch.setattr(accepted, "_KEPT_BYTES", 2 * weight)
    assert [once_more(path, trust, judged)[1] for path in paths] == [0, 1, 1]
    assert [once_more(path, trust, judged)[1] for path in reversed(paths)] == [0, 0, 1]
    monkeypatch.setattr(accepted, "_LARGEST_SCAN", weight - 1)
    accepted.forget()
    assert [once_more(paths[0], trust, judged)[1] for _ in range(2)] == [1, 1]
