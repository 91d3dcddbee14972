"""Files of an S3 server, which is moto's, are audited as on a disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

import safeload
from safeload.auditing.sources import remote
from safeload.cli.main import main
from safeload.limits import Limits
from safeload.report.json import as_json
from safeload.verdict import Verdict
from tests.auditing.sources.hostile import MODEL
from tests.builder import Name, Pickle

EVIL = Pickle(4).call(Name("posix", "system"), "true").finish()


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    before = dict(os.environ)
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "me",
        "AWS_SECRET_ACCESS_KEY": "hunter2",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    remote._store.cache_clear()
    try:
        made = boto3.client("s3")
        made.create_bucket(Bucket="box")
        for name, data in {
            "models/a.pkl": MODEL,
            "models/deep/evil.pkl": EVIL,
            "models/deep/notes.txt": b"Nothing to see here.",
            "models/deep/\x1b[2J.pkl": MODEL,
            "models/large.npy": b"\x93NUMPY" + bytes(9 << 20),
            "double//slash.pkl": MODEL,
            "both": MODEL,
            "both/inner.pkl": MODEL,
        }.items():
            made.put_object(Bucket="box", Key=name, Body=data)
        made.put_object(Bucket="box", Key="models/folder/")
        yield made
    finally:
        remote._store.cache_clear()
        os.environ.clear()
        os.environ.update(before)
        server.stop()


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("address", ["s3://box/models", "s3://box/models/", "s3://box/model*"])
def test_a_folder_is_audited(address: str) -> None:
    report = safeload.audit(address)
    assert {file.path: file.verdict for file in report.files} == {
        "s3://box/models/a.pkl": Verdict.ACCEPT,
        "s3://box/models/deep/\x1b[2J.pkl": Verdict.ACCEPT,
        "s3://box/models/deep/evil.pkl": Verdict.REFUSE,
        "s3://box/models/large.npy": Verdict.REFUSE,
    }
    assert [skipped.path for skipped in report.skipped] == ["s3://box/models/deep/notes.txt"]
    assert "hunter2" not in as_json(report)


@pytest.mark.usefixtures("client")
def test_what_lies_in_s3_is_judged_as_on_a_disk(tmp_path: Path) -> None:
    (tmp_path / "evil.pkl").write_bytes(EVIL)
    (there,) = safeload.audit("s3://box/models/deep/evil.pkl").files
    (here,) = safeload.audit(tmp_path / "evil.pkl").files
    assert (there.sha256, there.findings) == (here.sha256, here.findings)


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize(
    "address", ["s3://box/none.pkl", "s3://none/a.pkl", "s3://box/none/*.pkl", "s3://box/double/"]
)
def test_what_cannot_be_read_is_incomplete(address: str) -> None:
    report = safeload.audit(address)
    assert report.verdict is Verdict.INCOMPLETE


@pytest.mark.usefixtures("client")
def test_a_name_that_is_a_file_and_a_folder_is_both() -> None:
    assert [file.path for file in safeload.audit("s3://box/both").files] == ["s3://box/both"]
    assert [file.path for file in safeload.audit("s3://box/both/").files] == [
        "s3://box/both/inner.pkl"
    ]
    assert len(safeload.audit("s3://box/both*").files) == 2


@pytest.mark.usefixtures("client")
def test_sizes_are_bounded_before_anything_is_read() -> None:
    report = safeload.audit("s3://box/models/large.npy", limits=Limits(bytes_in=1 << 20))
    assert (report.files[0].sha256, report.exit_code) == ("", 3)


def test_an_object_that_is_replaced_while_it_is_read_is_not_judged(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import s3fs

    key = "changing.pkl"
    client.put_object(Bucket="box", Key=key, Body=MODEL)
    opened = s3fs.S3FileSystem.open

    def racing(self: Any, path: str, *args: Any, **kwargs: Any) -> Any:
        file = opened(self, path, *args, **kwargs)
        client.put_object(Bucket="box", Key=key, Body=MODEL.replace(b"a", b"b"))
        return file

    monkeypatch.setattr(s3fs.S3FileSystem, "open", racing)
    (found,) = safeload.audit(f"s3://box/{key}").files
    assert (found.verdict, found.sha256) == (Verdict.INCOMPLETE, "")


@pytest.mark.usefixtures("client")
def test_workers_read_addresses_themselves(tmp_path: Path) -> None:
    outcome = main(
        ["audit", "s3://box/models", "--jobs", "2", "--cache", str(tmp_path / "c" / "cache.sqlite")]
    )
    assert outcome == 1
