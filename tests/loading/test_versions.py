"""What another release wrote: it loads with a warning, or the error says which release it was."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import sklearn
import skops.io
from sklearn.base import InconsistentVersionWarning
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import safeload
from safeload.errors import LoadError
from safeload.limits import Limits
from safeload.loading.environment import check_versions, library_versions, with_origin
from safeload.policy.policy import Policy
from safeload.scan.origin import written_with
from safeload.scan.scan import scan
from tests.builder import Name, Pickle

INSTALLED = sklearn.__version__
OTHER = "0.24.2"
MINOR = ".".join(INSTALLED.split(".")[:2])
DATA = np.array([[0.0], [1.0], [2.0], [3.0]])
MODEL = make_pipeline(StandardScaler(), LogisticRegression()).fit(DATA, [0, 0, 1, 1])
FOREST = RandomForestClassifier(3, random_state=0).fit(DATA, [0, 0, 1, 1])

DUMPS: dict[str, Callable[[Any, Path], object]] = {
    "joblib": lambda model, path: joblib.dump(model, path),
    "joblib-zlib": lambda model, path: joblib.dump(model, path, compress=3),
    **{
        f"pickle-{protocol}": lambda model, path, protocol=protocol: path.write_bytes(  # type: ignore[misc]
            pickle.dumps(model, protocol)
        )
        for protocol in range(6)
    },
    "skops": lambda model, path: skops.io.dump(model, path),
}


@pytest.fixture
def written_by(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Path]:
    """Writes a model as another release of scikit-learn would sign its state."""

    def write(release: str, model: Any = MODEL, form: str = "joblib") -> Path:
        path = tmp_path / "model"
        with monkeypatch.context() as patched:
            patched.setattr("sklearn.base.__version__", release)
            DUMPS[form](model, path)
        return path

    return write


def load(path: Path, **options: Any) -> tuple[Any, list[str]]:
    """The model and what safeload warned of; scikit-learn's own warnings are left out."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        loaded = safeload.load_unsigned(path, **options)
    return loaded, [
        str(item.message)
        for item in caught
        if not isinstance(item.message, InconsistentVersionWarning)
    ]


def policy_file(folder: Path, text: str) -> Path:
    path = folder / "policy.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("model", [MODEL, FOREST], ids=["pipeline", "forest"])
@pytest.mark.parametrize("form", DUMPS)
def test_the_scan_reads_the_release_from_the_state(
    written_by: Callable[..., Path], form: str, model: Any
) -> None:
    data = written_by(OTHER, model, form).read_bytes()

    assert written_with(scan(data, Limits()).programs) == (OTHER,)


def test_each_release_is_read_once(written_by: Callable[..., Path]) -> None:
    part = written_by("1.2.2").read_bytes()
    several = [*scan(part).programs, *scan(written_by(OTHER).read_bytes()).programs] * 2

    assert written_with(several) == ("1.2.2", OTHER)


@pytest.mark.parametrize(
    "release",
    [1.2, "", "1", "one.two", "1.2.2\x1b[31m", "1.2\n", "1.2 and later", "1.2" + "0" * 99],
)
def test_what_is_no_release_is_none(release: Any) -> None:
    estimator = Name("sklearn.linear_model._ridge", "Ridge")
    data = Pickle(4).object_(estimator, state={"_sklearn_version": release}).finish()

    assert written_with(scan(data).programs) == ()


def test_only_what_scikit_learn_wrote_says_which_release_it_was() -> None:
    third_party = Name("sklearnish.models", "Ridge")
    data = Pickle(4).object_(third_party, state={"_sklearn_version": OTHER}).finish()

    assert written_with(scan(data).programs) == ()


@pytest.mark.parametrize("form", ["joblib", "pickle-2", "skops"])
def test_an_unsigned_file_of_another_minor_release_loads_with_a_warning(
    written_by: Callable[..., Path], form: str
) -> None:
    loaded, warned = load(written_by(OTHER, form=form))

    assert loaded.predict(DATA).tolist() == [0, 0, 1, 1]
    assert warned == [f"The model was written by scikit-learn {OTHER}; installed is {INSTALLED}."]


def test_a_file_of_the_same_minor_release_loads_without_one(
    written_by: Callable[..., Path],
) -> None:
    assert load(written_by(f"{MINOR}.99"))[1] == []
    assert load(written_by(INSTALLED))[1] == []


def test_the_warning_points_to_the_caller(written_by: Callable[..., Path]) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        safeload.load_unsigned(written_by(OTHER))

    own = [item for item in caught if item.category is safeload.DriftWarning]
    assert [item.filename for item in own] == [__file__]


def test_the_warning_says_which_library(written_by: Callable[..., Path]) -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        safeload.load_unsigned(written_by(OTHER))
    (drift,) = [item.message for item in warned if isinstance(item.message, safeload.DriftWarning)]
    assert (drift.library, drift.written, drift.installed) == ("scikit-learn", (OTHER,), INSTALLED)
    assert drift.signed is None
    again = pickle.loads(pickle.dumps(drift))
    assert (vars(again), str(again)) == (vars(drift), str(drift))


def test_a_policy_may_make_it_an_error(written_by: Callable[..., Path], tmp_path: Path) -> None:
    strict = policy_file(tmp_path, 'versions = "error"')

    with pytest.raises(LoadError) as caught:
        safeload.load_unsigned(written_by(OTHER), policy=strict)

    assert caught.value.code == "version-mismatch"
    assert OTHER in caught.value.message
    assert INSTALLED in caught.value.message


def test_an_error_comes_before_anything_is_unpickled(
    written_by: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written_by(OTHER)
    monkeypatch.setattr(StandardScaler, "__setstate__", lambda *_: pytest.fail("unpickled"))

    with pytest.raises(LoadError) as caught:
        safeload.load_unsigned(path, policy=policy_file(tmp_path, 'versions = "error"'))
    assert caught.value.code == "version-mismatch"


def test_a_policy_may_ignore_it(written_by: Callable[..., Path], tmp_path: Path) -> None:
    quiet = policy_file(tmp_path, 'versions = "ignore"')

    assert load(written_by(OTHER), policy=quiet)[1] == []


@pytest.mark.parametrize("module", ["linear_model._moved", "linear_model._ridge"])
def test_a_class_that_moved_is_an_error_that_names_both_releases(
    tmp_path: Path, module: str
) -> None:
    gone = Name(f"sklearn.{module}", "GoneRegressor")
    path = tmp_path / "model"
    path.write_bytes(Pickle(4).object_(gone, state={"_sklearn_version": OTHER}).finish())
    own = policy_file(
        tmp_path,
        f"""
        [[group]]
        reason = "as another release would have it"
        uses = ["construct"]
        [group.names]
        "{gone.module}" = ["{gone.name}"]
        """,
    )

    assert safeload.audit(path, policy=own).files[0].verdict == "accept"
    with pytest.raises(LoadError) as caught:
        safeload.load_unsigned(path, policy=own)

    assert caught.value.code == "missing-name"
    assert gone.module in caught.value.message
    assert f"written by scikit-learn {OTHER}; installed is {INSTALLED}" in caught.value.message
    assert "scikit-learn==0.24.*" in caught.value.hint


@pytest.mark.filterwarnings("ignore")
def test_a_state_that_is_laid_out_otherwise_is_an_error_that_names_both_releases(
    written_by: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written_by(OTHER)

    def old_state(*_: object) -> None:
        raise ValueError("a node array of an incompatible dtype")

    monkeypatch.setattr(StandardScaler, "__setstate__", old_state)
    with pytest.raises(LoadError) as caught:
        safeload.load_unsigned(path)

    assert caught.value.code == "load-failed"
    assert "incompatible dtype" in caught.value.message
    assert f"scikit-learn {OTHER}; installed is {INSTALLED}" in caught.value.message
    assert isinstance(caught.value.__cause__, ValueError)


def test_of_a_signed_file_the_error_names_the_release_that_wrote_it(
    written_by: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written_by(OTHER)
    key = safeload.SigningKey.generate()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        safeload.sign(path, key=key, name="churn", version="1")
    trust = safeload.TrustFile.add(
        tmp_path / "trust.toml", name="alice", key=key.public, models=["churn"]
    )
    monkeypatch.setattr(StandardScaler, "__setstate__", lambda *_: 1 / 0)

    with pytest.raises(LoadError) as caught:
        safeload.load(path, trust=trust)

    assert caught.value.code == "load-failed"
    assert f"written by scikit-learn {OTHER}; installed is {INSTALLED}" in caught.value.message


def test_a_failure_with_the_release_that_wrote_it_says_nothing_of_releases(
    written_by: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written_by(INSTALLED)
    monkeypatch.setattr(StandardScaler, "__setstate__", lambda *_: 1 / 0)

    with pytest.raises(LoadError) as caught:
        safeload.load_unsigned(path)

    assert "written by" not in caught.value.message


def test_other_errors_stay_as_they_are() -> None:
    error = LoadError("It asked for another name.", code="not-granted", hint="Report it.")

    assert with_origin(error, {"scikit-learn": (OTHER,)}) is error


def test_several_releases_are_all_named() -> None:
    error = LoadError("Gone.", code="missing-name")

    told = with_origin(error, {"scikit-learn": (OTHER, INSTALLED, "0.23.1")})

    assert "scikit-learn 0.24.2 and 0.23.1; installed" in told.message


NUMPY = [("numpy", ("numpy",))]


def test_other_libraries_matter_where_a_policy_says_so(tmp_path: Path) -> None:
    written = {"numpy": ("0.9.1",), "python": ("2.7.1",), "scipy": ("0.1.0",)}
    strict = Policy.read(policy_file(tmp_path, '[versions]\nnumpy = "error"\nscipy = "error"'))
    lenient = Policy.read(policy_file(tmp_path, '[versions]\npython = "warn"'))

    check_versions(written, Policy.default(), NUMPY, signed=True)
    with pytest.raises(LoadError) as caught:
        check_versions(written, strict, NUMPY, signed=True)
    assert "numpy 0.9.1" in caught.value.message
    with pytest.warns(safeload.DriftWarning) as warned:
        check_versions(written, lenient, NUMPY, signed=True)
    assert "python 2.7.1" in str(warned[0].message)


def test_a_library_that_the_model_does_not_need_does_not_matter(tmp_path: Path) -> None:
    strict = Policy.read(policy_file(tmp_path, '[versions]\nscipy = "error"'))

    check_versions({"scipy": ("0.1.0",)}, strict, NUMPY, signed=True)


def test_the_libraries_that_a_model_needs_are_recorded_with_the_usual_ones() -> None:
    found = library_versions([("pytest", ("pytest",)), ("gone", ("no-such-library",))])

    assert found["pytest"] == pytest.__version__
    assert {"python", "scikit-learn", "numpy", "joblib"} < set(found)
    assert "no-such-library" not in found
