"""What torch writes is accepted, and all that is on its pack is in what torch writes."""

from __future__ import annotations

import io
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="'make torch' installs it")

import safeload  # noqa: E402
from safeload.policy.judge import judge  # noqa: E402
from safeload.policy.packs import shipped_packs  # noqa: E402
from safeload.policy.policy import Policy  # noqa: E402
from safeload.scan.scan import scan  # noqa: E402
from tests.checkpoints import checkpoint, legacy, parameter, storage, tensor  # noqa: E402
from tests.with_torch.legitimate import VALUES, network  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")

FORMS: dict[str, dict[str, Any]] = {
    "archive": {},
    "archive in protocol 4": {"pickle_protocol": 4},
    "archive in protocol 5": {"pickle_protocol": 5},
    "legacy": {"_use_new_zipfile_serialization": False},
    "legacy in protocol 4": {"_use_new_zipfile_serialization": False, "pickle_protocol": 4},
}


def saved(value: Any, form: str = "archive") -> bytes:
    file = io.BytesIO()
    torch.save(value, file, **FORMS[form])
    return file.getvalue()


def found(data: bytes) -> list[str]:
    return [
        f"{finding.rule} {finding.message}"
        for finding in judge(scan(data), Policy.default()).findings
    ]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", VALUES)
def test_what_torch_saves_is_accepted(name: str, form: str) -> None:
    data = saved(VALUES[name](), form)

    assert found(data) == []
    assert scan(data).format == ("torch-legacy" if form.startswith("legacy") else "torch")


def test_an_archive_without_crcs_is_accepted() -> None:
    compute = torch.serialization.get_crc32_options()
    torch.serialization.set_crc32_options(False)
    try:
        assert found(saved(network().state_dict())) == []
    finally:
        torch.serialization.set_crc32_options(compute)


def test_an_archive_that_was_packed_anew_is_accepted() -> None:
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(saved(network().state_dict()))) as before,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            after.writestr(name, before.read(name))

    assert found(packed.getvalue()) == []
    assert torch.load(io.BytesIO(packed.getvalue())).keys() == network().state_dict().keys()


def test_a_file_of_torchs_own_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save(network().state_dict(), path)

    report = safeload.audit(path).files[0]

    assert (report.verdict, report.format) == ("accept", "torch")


def test_every_name_of_the_pack_is_in_what_torch_saves() -> None:
    named = set()
    for form in ("archive", "legacy"):
        for make in VALUES.values():
            for program in scan(saved(make(), form)).programs:
                named |= {(use.module, use.name) for use in program.globals}
    pack = tomllib.loads(shipped_packs()["torch"].text.decode())
    listed = {
        (module, name)
        for group in pack["group"]
        for module, names in group["names"].items()
        for name in names
    }
    # The types that storages stand for have names of their own only where they are values.
    values = saved([getattr(torch, name) for _, name in sorted(listed) if _is_dtype(name)])
    assert found(values) == []
    named |= {(use.module, use.name) for use in scan(values).programs[0].globals}

    assert listed - named == set()


def _is_dtype(name: str) -> bool:
    return isinstance(getattr(torch, name, None), torch.dtype)


def test_a_whole_optimiser_is_refused_with_the_way_out() -> None:
    messages = found(saved(torch.optim.SGD(network().parameters(), lr=0.1)))

    assert [message for message in messages if "state_dict" in message]


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_whole_model_is_refused_by_the_names_of_its_parts(protocol: int) -> None:
    file = io.BytesIO()
    torch.save(network(), file, pickle_protocol=protocol)

    messages = found(file.getvalue())

    assert len(messages) == 4
    assert all(message.startswith("SL101 torch.nn.modules.") for message in messages)


@pytest.mark.parametrize("how", ["script", "trace"])
def test_a_torchscript_program_is_not_read(how: str, tmp_path: Path) -> None:
    net = network().eval()
    program = torch.jit.script(net) if how == "script" else torch.jit.trace(net, torch.ones(5, 3))
    path = tmp_path / "model.pt"
    torch.jit.save(program, path)

    report = safeload.audit(path).files[0]

    assert report.verdict == "incomplete"
    assert [finding.rule for finding in report.findings] == ["SL001"]


def test_safetensors_beside_it_are_no_pickle(tmp_path: Path) -> None:
    library = pytest.importorskip("safetensors.torch")
    path = tmp_path / "model.safetensors"
    library.save_file(network().state_dict(), path)

    assert safeload.audit(path).files[0].verdict == "incomplete"


def test_what_the_tests_build_is_what_torch_reads() -> None:
    weights = torch.tensor([1.0, 2.0, 3.0, 4.0])
    for data in (checkpoint([tensor(), parameter()]), legacy([tensor(storage(legacy=True))])):
        loaded = torch.load(io.BytesIO(data), weights_only=True)
        assert all(torch.equal(value, weights) for value in loaded)
