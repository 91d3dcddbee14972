"""Names that nobody should add are told from those of a team, as far as names can tell."""

from __future__ import annotations

import pytest

from safeload.policy.team.gadgets import doubt, gadget
from tests.policy.test_packs import NEVER

DANGEROUS = [
    ("os", "system"),
    ("posix", "system"),
    ("nt", "system"),
    ("builtins", "eval"),
    ("__builtin__", "getattr"),
    ("subprocess", "Popen"),
    ("importlib", "import_module"),
    ("ctypes", "CDLL"),
    ("dataclasses", "_create_fn"),
    ("uuid", "_get_command_stdout"),
    ("lib2to3.pgen2.grammar", "Grammar.loads"),
    ("cloudpickle.cloudpickle", "_make_function"),
    ("joblib.externals.cloudpickle.cloudpickle", "_make_skeleton_class"),
    ("dill._dill", "_create_function"),
    ("types", "CodeType"),
    ("__main__", "Model"),
    ("__mp_main__", "Model"),
    ("torch.jit", "load"),
    ("torch.utils.collect_env", "run"),
    ("pip", "main"),
    ("safeload.cli.main", "main"),
    ("acme.models", "os.system"),
    ("acme.models", "np.load"),
    ("acme.models", "subprocess"),
    ("acme.vendor.six.moves.builtins", "exec"),
    ("acme.models", "Model.__init__"),
    ("acme.models", "Model.fit.__globals__"),
    ("acme.__init__", "Model"),
    ("acme.models\nmore", "Model"),
    ("acme.models", 'Model"]'),
    ("\u0430cme.models", "Model"),  # a Cyrillic letter
    ("acme.models", ""),
    ("", "Model"),
    ("acme..models", "Model"),
    ("acme", "A" * 1000),
    ("Sklearn.pipeline", "Pipeline"),
    ("numpy.random", "fromfile"),
]


@pytest.mark.parametrize(("module", "name"), [*DANGEROUS, *NEVER])
def test_what_can_act_is_known_or_doubted(module: str, name: str) -> None:
    reason = gadget(module, name)
    if (module, name) in DANGEROUS:
        assert reason is not None
    else:
        assert reason is not None or doubt(module, name) is not None


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("acme.features", "DateParts"),
        ("acme.text", "tokenise"),
        ("acme.models", "Model.predict"),
        ("acme.models", "Outer.Inner"),
        ("acme.signal", "select"),
        ("acme.code.platform", "Thing"),
        ("acme.types", "Loader"),
        ("acme", "running_mean"),
        ("acme", "readability"),
        ("acme.io", "Opener"),
        ("_acme._models", "_Private"),
        ("ourteam.forests", "QuantileForest"),
        ("torch.nn.modules.linear", "Linear"),
    ],
)
def test_a_name_of_a_team_is_neither_dangerous_nor_doubtful(module: str, name: str) -> None:
    assert (gadget(module, name), doubt(module, name)) == (None, None)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("sklearn.pipeline", "SomethingNew"),
        ("numpy", "linalg"),
        ("acme.models", "helpers.clean"),
        ("acme.io", "load"),
        ("acme.io", "load_rates"),
        ("acme.io", "Frame.to_csv"),
        ("acme.shell", "run_command"),
    ],
)
def test_what_may_be_harmless_is_doubted(module: str, name: str) -> None:
    assert gadget(module, name) is None
    assert doubt(module, name) is not None
