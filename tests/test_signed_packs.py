"""A signed model uses the packs that its signer used, unless the trust file forbids them."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import safeload
from safeload.cli.main import main
from safeload.errors import RefusedError, TrustError, UsageError
from safeload.loading import accepted
from safeload.trust.envelope import signed_bundle
from safeload.trust.manifest import to_payload
from tests.trust.statements import edited

KEY = safeload.SigningKey.generate()
DATA = np.array([[0.0], [1.0], [2.0], [3.0]])
KEPT = f'[keys.alice]\npublic = """{KEY.public.pem}"""\nmodels = ["*"]\n'

_LIBRARY = """
from sklearn.base import BaseEstimator, TransformerMixin

class CopyTransformer(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X.copy()
"""


@pytest.fixture(scope="module")
def transformer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An estimator of mlxtend, or of a stand-in where that is not installed."""
    home = "mlxtend.preprocessing.copy_transformer"
    if find_spec("mlxtend") is not None:
        yield importlib.import_module(home).CopyTransformer()
        return
    folder = tmp_path_factory.mktemp("library")
    package = folder / "mlxtend" / "preprocessing"
    package.mkdir(parents=True)
    (folder / "mlxtend" / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "copy_transformer.py").write_text(_LIBRARY)
    about = folder / "mlxtend-0.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: mlxtend\nVersion: 0.0\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield importlib.import_module(home).CopyTransformer()
    for name in [name for name in sys.modules if name.split(".")[0] == "mlxtend"]:
        del sys.modules[name]


@pytest.fixture
def model(transformer: Any, tmp_path: Path) -> Path:
    path = tmp_path / "churn.joblib"
    joblib.dump(make_pipeline(transformer, LogisticRegression()).fit(DATA, [0, 0, 1, 1]), path)
    return path


def signed(path: Path, *packs: str, **changes: Any) -> Path:
    safeload.sign(path, key=KEY, name="churn", version="1", packs=packs)
    if changes:
        manifest = safeload.verify(path, trust=trusting(path)).manifest
        assert manifest.model is not None
        statement = to_payload(
            subject=path.name, resources=list(manifest.resources), model=manifest.model
        )
        statement = edited(
            statement,
            lambda s: s["subject"][0]["annotations"]["safeload_manifest_v1"].update(changes),
        )
        Path(f"{path}.sig").write_bytes(signed_bundle(statement, KEY))
    return path


def trusting(path: Path, text: str = "", *, models: str = "") -> Path:
    trust = path.with_name("trust.toml")
    trust.write_text(f"{text}\n{KEPT}\n{models}\n")
    trust.chmod(0o600)
    return trust


def test_what_needs_a_pack_is_not_signed_without_it(model: Path) -> None:
    with pytest.raises(RefusedError) as caught:
        signed(model)
    assert caught.value.code == "incomplete"


def test_the_manifest_says_which_packs_the_signer_used(model: Path) -> None:
    # And not those that were on besides.
    signed(model, "mlxtend", "statsmodels")
    verified = safeload.verify(model, trust=trusting(model))
    assert verified.manifest.model is not None
    assert verified.manifest.model.packs == ("mlxtend",)
    assert verified.packs == {"mlxtend"}


def test_a_signed_model_needs_nothing_else(model: Path, transformer: Any) -> None:
    signed(model, "mlxtend")
    for _ in range(2):
        loaded = safeload.load(model, trust=trusting(model))
        assert type(loaded[0]) is type(transformer)
    # Without its bundle, it is a third party's.
    with pytest.raises(RefusedError):
        safeload.load_unsigned(model)
    assert type(safeload.load_unsigned(model, packs=["mlxtend"])[0]) is type(transformer)


def test_a_policy_of_the_caller_is_kept(model: Path) -> None:
    signed(model, "mlxtend")
    policy = safeload.Policy.default(packs=["sktime"])
    assert safeload.load(model, trust=trusting(model), policy=policy) is not None


@pytest.mark.guarantee("G12")
@pytest.mark.parametrize(
    ("text", "models"),
    [
        ('forbidden_packs = ["mlxtend"]', ""),
        ("", '[models.churn]\nforbidden_packs = ["mlxtend"]'),
        ('packs = ["mlxtend"]', '[models.churn]\nforbidden_packs = ["mlxtend"]'),
        # A pack that is on by default may be forbidden, too.
        ('forbidden_packs = ["scikit-learn"]', ""),
    ],
)
def test_a_pack_that_the_trust_file_forbids_is_not_used(
    model: Path, text: str, models: str
) -> None:
    trust = trusting(model, text, models=models)
    signed(model, "mlxtend")
    for use in (
        lambda: safeload.verify(model, trust=trust),
        lambda: safeload.load(model, trust=trust),
        # Neither may the caller use it for this model.
        lambda: safeload.load(model, trust=trust, packs=["mlxtend"]),
    ):
        with pytest.raises(TrustError) as caught:
            use()
        assert (caught.value.code, caught.value.exit_code) == ("pack-forbidden", 1)


@pytest.mark.guarantee("G12")
def test_what_is_forbidden_is_so_whatever_the_manifest_keeps_to_itself(model: Path) -> None:
    signed(model, "mlxtend", packs=[])
    with pytest.raises(TrustError) as caught:
        safeload.load(model, trust=trusting(model, 'forbidden_packs = ["mlxtend"]'))
    assert caught.value.code == "pack-forbidden"


@pytest.mark.parametrize(
    ("text", "models"),
    [
        ('forbidden_packs = ["catboost", "xgboost"]', ""),
        ("", '[models.fraud]\nforbidden_packs = ["mlxtend"]'),
        ('forbidden_packs = ["mlxtend"]', '[models.churn]\npacks = ["mlxtend"]'),
    ],
)
def test_what_is_forbidden_elsewhere_does_not_matter(model: Path, text: str, models: str) -> None:
    signed(model, "mlxtend")
    assert safeload.load(model, trust=trusting(model, text, models=models)) is not None


def test_a_manifest_without_packs_needs_them_from_the_trust_file_or_the_caller(model: Path) -> None:
    # As it was written before there were packs to ask for.
    signed(model, "mlxtend", packs=[])
    with pytest.raises(RefusedError) as caught:
        safeload.load(model, trust=trusting(model))
    assert [finding.rule for finding in caught.value.report.findings] == ["SL009"]
    assert safeload.load(model, trust=trusting(model), packs=["mlxtend"]) is not None
    assert safeload.load(model, trust=trusting(model, 'packs = ["mlxtend"]')) is not None
    own = '[models.churn]\npacks = ["mlxtend"]'
    assert safeload.load(model, trust=trusting(model, models=own)) is not None


@pytest.mark.guarantee("G12")
def test_a_pack_grants_no_name_that_the_manifest_does_not_list(model: Path) -> None:
    signed(model, "mlxtend")
    manifest = safeload.verify(model, trust=trusting(model)).manifest
    assert manifest.model is not None
    rest = [
        [g.module, g.name, list(g.uses)]
        for g in manifest.model.globals
        if not g.module.startswith("mlxtend")
    ]
    signed(model, "mlxtend", globals=rest)
    with pytest.raises(RefusedError) as caught:
        safeload.load(model, trust=trusting(model))
    assert [finding.rule for finding in caught.value.report.findings] == ["SL101"]


def test_a_pack_that_this_release_does_not_know_grants_nothing(model: Path) -> None:
    signed(model, "mlxtend", packs=["a pack to come", "mlxtend", "scipy"])
    assert safeload.verify(model, trust=trusting(model)).packs == {"mlxtend"}
    assert safeload.load(model, trust=trusting(model)) is not None


@pytest.mark.parametrize("key", ["packs", "forbidden_packs"])
def test_a_trust_file_that_names_no_pack_is_an_error(model: Path, key: str) -> None:
    signed(model, "mlxtend")
    with pytest.raises(UsageError) as caught:
        safeload.load(model, trust=trusting(model, f'{key} = ["mlextend"]'))
    assert caught.value.code == "pack-unknown"


def test_what_was_accepted_with_a_pack_is_judged_anew_without_it(model: Path) -> None:
    signed(model, "mlxtend", packs=[])
    accepted.forget()
    assert safeload.load(model, trust=trusting(model), packs=["mlxtend"]) is not None
    with pytest.raises(RefusedError):
        safeload.load(model, trust=trusting(model))


def test_a_pack_is_sent_along_to_the_process_of_an_isolated_model(model: Path) -> None:
    with pytest.raises(RefusedError) as caught:
        safeload.load_unsigned(model, isolated=True)
    assert [finding.rule for finding in caught.value.report.findings] == ["SL009"]
    with safeload.load_unsigned(model, packs=["mlxtend"], isolated=True) as isolated:
        assert isolated.predict(DATA).shape == (4,)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (["audit", "MODEL"], 3),
        (["audit", "MODEL", "--pack", "mlxtend"], 0),
        (["audit", "MODEL", "--pack", "sktime", "--pack", "mlxtend"], 0),
        (["audit", "MODEL", "--pack", "mlextend"], 2),
        (["explain", "MODEL", "--pack", "mlxtend"], 0),
        (["load", "MODEL", "--unsigned", "--pack", "mlxtend"], 0),
        (["load", "MODEL", "--unsigned"], 3),
    ],
)
def test_the_command_line_switches_packs_on(model: Path, given: list[str], code: int) -> None:
    assert main([str(model) if word == "MODEL" else word for word in given]) == code


def test_verify_shows_the_packs(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    signed(model, "mlxtend")
    trust = str(trusting(model))
    assert main(["verify", str(model), "--trust", trust]) == 0
    assert "\nallow-lists on: mlxtend\n" in capsys.readouterr().out
    assert main(["verify", str(model), "--trust", trust, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["results"][0]["model"]["packs"] == ["mlxtend"]
