"""The examples are what docs/serving.md says of them, as far as that shows without running them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

import safeload
from tests.documents import blocks_of
from tests.serving.servers import ROOT

EXAMPLES = ROOT / "examples"
DOCUMENT = (ROOT / "docs" / "serving.md").read_text("utf-8")
TRUST, SERVICE = yaml.safe_load_all((EXAMPLES / "kserve/inference-service.yaml").read_text("utf-8"))
PREDICTOR = SERVICE["spec"]["predictor"]


def test_the_settings_are_those_of_the_document() -> None:
    (shown,) = [json.loads(block) for language, block in blocks_of(DOCUMENT) if language == "json"]
    assert shown == json.loads((EXAMPLES / "mlserver/model-settings.json").read_text("utf-8"))
    home, _, name = shown["implementation"].rpartition(".")
    source = (ROOT / f"{home.replace('.', '/')}.py").read_text("utf-8")
    assert f"class {name}(" in source


def test_the_model_is_fetched_before_it_is_verified_and_verified_before_it_is_served() -> None:
    assert [each["name"] for each in PREDICTOR["initContainers"]] == ["fetch", "verify"]
    # KServe would fetch it behind them.
    assert "storageUri" not in str(SERVICE)
    fetch, verify = PREDICTOR["initContainers"]
    assert verify["args"][:2] == ["verify", fetch["args"][1]]


def test_only_what_fetches_the_model_may_write_it() -> None:
    for each in [*PREDICTOR["initContainers"], *PREDICTOR["containers"]]:
        (mount,) = [mount for mount in each["volumeMounts"] if mount["name"] == "models"]
        assert mount.get("readOnly", False) == (each["name"] != "fetch")


def test_every_container_has_few_rights() -> None:
    assert PREDICTOR["securityContext"]["runAsNonRoot"]
    assert not PREDICTOR["automountServiceAccountToken"]
    for each in [*PREDICTOR["initContainers"], *PREDICTOR["containers"]]:
        context: dict[str, Any] = each["securityContext"]
        assert context["readOnlyRootFilesystem"]
        assert not context["allowPrivilegeEscalation"]
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert each["resources"]["limits"]["memory"]


def test_the_trust_file_in_the_manifest_can_be_read() -> None:
    trust = safeload.TrustFile.parse(TRUST["data"]["trust.toml"].encode())
    assert [signer.models for signer in trust.signers] == [("churn",)]
    settings = json.loads(TRUST["data"]["model-settings.json"])
    assert settings["parameters"]["uri"] == PREDICTOR["initContainers"][0]["args"][1]


def test_the_image_has_no_root_and_runs_the_command() -> None:
    lines = (EXAMPLES / "Dockerfile").read_text("utf-8").splitlines()
    said = [line.partition(" ") for line in lines if line and line[0].isupper()]
    last = said[max(place for place, each in enumerate(said) if each[0] == "FROM") :]
    orders = {order: rest for order, _, rest in last}
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", orders["USER"])
    assert json.loads(orders["ENTRYPOINT"]) == ["safeload"]
    # Nothing is fetched but by pip, and nothing after the user is set.
    assert {order for order, _, _ in said} <= {
        *("FROM", "WORKDIR", "COPY", "RUN", "USER", "ENV", "ENTRYPOINT", "CMD")
    }
    assert [order for order, _, _ in last][-5:] == ["USER", "ENV", "WORKDIR", "ENTRYPOINT", "CMD"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_finds_little_to_say_of_the_unit() -> None:
    unit = str(EXAMPLES / "systemd/churn.service")
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=20", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout[-500:]
    read = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    )
    # The program of the example is not installed here; nothing else is amiss.
    wrong = [line for line in read.stderr.splitlines() if "churn.service" in line]
    assert [line for line in wrong if "is not executable" not in line] == []


def test_every_example_is_described() -> None:
    text = (EXAMPLES / "README.md").read_text("utf-8")
    for path in EXAMPLES.iterdir():
        if path.name != "README.md":
            assert f"({path.name}" in text
    for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", text + DOCUMENT):
        assert (EXAMPLES / link).exists() or (ROOT / "docs" / link).exists(), link
