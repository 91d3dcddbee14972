"""What the Hugging Face hub's library fetched is reported by repository, revision and file."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

import safeload
from safeload.auditing.sources.hub_cache import usual_folder
from safeload.cli.main import main
from safeload.errors import UsageError
from safeload.verdict import Verdict
from tests.auditing.sources.hostile import MODEL
from tests.builder import Name, Pickle

EVIL = Pickle(4).call(Name("posix", "system"), "true").finish()


def put(repository: Path, revision: str, name: str, data: bytes) -> None:
    """As the library does: the content by its digest, and a link to it."""
    blob = repository / "blobs" / hashlib.sha256(data).hexdigest()
    blob.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(data)
    link = repository / "snapshots" / revision / name
    link.parent.mkdir(parents=True, exist_ok=True)
    ups = "../" * (2 + name.count("/"))
    link.symlink_to(f"{ups}blobs/{blob.name}")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    hub = tmp_path / "hub"
    model = hub / "models--org--churn"
    put(model, "aaa", "model.pkl", MODEL)
    put(model, "aaa", "sub/evil.pkl", EVIL)
    put(model, "bbb", "model.pkl", MODEL)
    put(model, "bbb", "README.md", b"# Churn")
    put(hub / "datasets--org--rows", "ccc", "rows.pkl", MODEL)
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text("bbb")
    (model / "blobs" / ("f" * 64)).write_bytes(EVIL + b".")
    return hub


def test_each_content_is_audited_once_under_its_name_on_the_hub(cache: Path) -> None:
    report = safeload.audit(hub_cache=cache)
    assert {file.path: file.verdict for file in report.files} == {
        "datasets/org/rows@ccc:rows.pkl": Verdict.ACCEPT,
        "org/churn@aaa:model.pkl": Verdict.ACCEPT,
        "org/churn@aaa:sub/evil.pkl": Verdict.REFUSE,
        f"org/churn:blobs/{'f' * 64}": Verdict.REFUSE,
    }
    reasons = {skipped.path: skipped.reason for skipped in report.skipped}
    assert set(reasons) == {"org/churn@bbb:model.pkl", "org/churn@bbb:README.md"}
    assert "org/churn@aaa:model.pkl" in reasons["org/churn@bbb:model.pkl"]


def test_links_are_followed_only_within_the_cache(cache: Path, tmp_path: Path) -> None:
    outside = tmp_path / "secret.pkl"
    outside.write_bytes(MODEL)
    snapshot = cache / "models--org--churn" / "snapshots" / "aaa"
    (snapshot / "out.pkl").symlink_to(outside)
    (snapshot / "up").symlink_to("../../..")
    (snapshot / "nowhere.bin").symlink_to("../../blobs/none")
    (snapshot / "circle.pkl").symlink_to("circle.pkl")
    found = {file.path.partition(":")[2]: file for file in safeload.audit(hub_cache=cache).files}
    for name in ("out.pkl", "up", "nowhere.bin", "circle.pkl"):
        assert (found[name].verdict, found[name].sha256) == (Verdict.INCOMPLETE, "")


def test_a_model_is_found_by_its_name_even_if_it_has_another_one_too(cache: Path) -> None:
    repository = cache / "models--org--named"
    put(repository, "aaa", "a.txt", b"no model at all, but called one")
    put(repository, "aaa", "b.pkl", b"no model at all, but called one")
    found = {file.path for file in safeload.audit(hub_cache=cache).files}
    assert "org/named@aaa:b.pkl" in found


def test_the_command_line_finds_the_cache_where_its_library_does(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.delenv("HUGGINGFACE_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(cache.parent))
    assert usual_folder() == cache
    assert main(["audit", "--hf-cache", "--no-cache", "--format", "json"]) == 1
    assert "org/churn@aaa:sub/evil.pkl" in capsys.readouterr().out
    assert main(["audit"]) == 2


def test_a_cache_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        safeload.audit(hub_cache=tmp_path / "none")
    assert caught.value.code == "hub-cache-missing"
